"""The loops over batches that training, measuring and predicting are made of."""

from __future__ import annotations

from contextlib import closing
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastcnn.data_adapters.epoch_iterator import EpochIterator
from fastcnn.training.callback import CallbackList
from fastcnn.training.compiled_losses import MetricAccumulator
from fastcnn.training.fit_state import FitState
from fastcnn.training.full_batch import FullBatch
from fastcnn.training.nan_diagnosis import refuse_nan
from fastcnn.training.progress_bar import Progress
from fastcnn.training.step_cache import RunnableModel
from fastcnn.tree import map_structure

__all__ = ["gather_outputs", "measure", "train_epoch"]

Array = NDArray[Any]


class FittedModel(RunnableModel, Protocol):
    """A model as a running ``fit`` sees it."""

    epochs_done: int
    stop_training: bool


def train_epoch(
    model: FittedModel,
    place: FitState,
    progress: Progress,
    hooks: CallbackList,
    full_batch: FullBatch | None,
) -> dict[str, float]:
    """Train on the batches of one epoch, or on the rest of it.

    Returns:
        Means of loss and metrics; nothing if there were no batches.

    Raises:
        ValueError: Inputs, labels or sample weights of a batch have NaN.
    """
    begins, ends = hooks.listens("on_train_batch_begin"), hooks.listens("on_train_batch_end")
    meters, programs = place.meters, model.programs
    index = model.epochs_done
    model.epochs_done += 1
    for batch in place.stream.epoch(index, place.step):
        refuse_nan(batch, "fit", place.epoch, place.step)
        place.batch = batch
        if begins:
            hooks.call("on_train_batch_begin", place.step, {})
        if full_batch is None:
            program = programs.measure(batch, train=True)
            meters.add(program.plan, program.run(*batch.arrays), batch.size)
        else:
            meters.add(*full_batch.add(batch), batch.size)
        place.step += 1
        progress.step(meters.logs)
        if ends:
            hooks.call("on_train_batch_end", place.step - 1, meters.logs())
        if model.stop_training:
            break
    return {} if meters.empty else meters.logs()


def measure(
    model: RunnableModel,
    stream: EpochIterator,
    hooks: CallbackList,
    progress: Progress | None = None,
    *,
    may_be_empty: bool = False,
) -> dict[str, float]:
    """Means of loss and metrics over batches.

    Args:
        model: The model.
        stream: The batches.
        hooks: Whom to call.
        progress: What to show.
        may_be_empty: Whether nothing is returned if there are no batches.

    Raises:
        ValueError: There are no batches.
    """
    begins, ends = hooks.listens("on_test_batch_begin"), hooks.listens("on_test_batch_end")
    meters = MetricAccumulator()
    hooks.call("on_test_begin", {})
    with closing(stream):
        for step, batch in enumerate(stream.epoch(0)):
            if begins:
                hooks.call("on_test_batch_begin", step, {})
            program = model.programs.measure(batch, train=False)
            meters.add(program.plan, program.run(*batch.arrays), batch.size)
            if progress is not None:
                progress.step(meters.logs)
            if ends:
                hooks.call("on_test_batch_end", step, meters.logs())
    if meters.empty and not may_be_empty:
        raise ValueError(
            "there are no batches to measure on: the data is empty, or an earlier pass has used "
            "the generator up; make a new one for every call"
        )
    logs = {} if meters.empty else meters.logs()
    hooks.call("on_test_end", logs)
    return logs


def gather_outputs(
    model: RunnableModel,
    stream: EpochIterator,
    hooks: CallbackList,
    progress: Progress,
    rows: int | None,
) -> Any:
    """The model's outputs for all batches, one below the other.

    Args:
        model: The model.
        stream: The batches, of inputs alone or with labels that are not used.
        hooks: Whom to call.
        progress: What to show.
        rows: Number of examples, if it is known.

    Raises:
        ValueError: There are no batches.
    """
    begins, ends = hooks.listens("on_predict_batch_begin"), hooks.listens("on_predict_batch_end")
    gathered: list[_Rows] = []
    structure: Any = None
    with closing(stream):
        for step, batch in enumerate(stream.epoch(0)):
            if begins:
                hooks.call("on_predict_batch_begin", step, {})
            inputs = batch.arrays[: batch.layout[0]]
            program = model.programs.predict(inputs)
            results = program.function(*inputs)
            if not gathered:
                structure = program.structure
                gathered = [_Rows(rows) for _ in results]
            for output, result in zip(gathered, results, strict=True):
                output.add(result)
            if ends:
                hooks.call("on_predict_batch_end", step, {"outputs": results})
            progress.step(dict)
    if not gathered:
        raise ValueError(
            "there are no batches to predict: the data is empty, or an earlier pass has used "
            "the generator up; make a new one for every call"
        )
    outputs = iter([output.joined() for output in gathered])
    return map_structure(lambda _: next(outputs), structure)


class _Rows:
    """Results of batches one below the other, in one array if their number is known."""

    def __init__(self, rows: int | None) -> None:
        self._rows = rows
        self._whole: Array | None = None
        self._parts: list[Array] = []
        self._filled = 0

    def add(self, part: Array) -> None:
        if self._rows is None or part.ndim == 0 or len(part) == self._rows:
            self._parts.append(part)
            return
        if self._whole is None:
            self._whole = np.empty((self._rows, *part.shape[1:]), part.dtype)
        self._whole[self._filled : self._filled + len(part)] = part
        self._filled += len(part)

    def joined(self) -> Array:
        if self._whole is not None:
            return self._whole
        return self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts)
