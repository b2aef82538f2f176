"""The Programs of one model: traced and compiled once for each kind of batch, then kept."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastcnn import graph
from fastcnn.data_adapters.adapters import Batch
from fastcnn.graph import Tensor
from fastcnn.graph.aligned_array import CONTIGUOUS_AND_ALIGNED
from fastcnn.graph.compile_cache import CompileCache
from fastcnn.layers.base.trace_context import tracing
from fastcnn.layers.base.tracking import LayerTracker
from fastcnn.training.compiled_losses import StepOutputs
from fastcnn.training.protocols import CompiledModel
from fastcnn.training.step_builder import TrainingStep, training_step
from fastcnn.training.traced_step import trace_step
from fastcnn.tree import flatten, map_structure

__all__ = ["CompiledStep", "PredictProgram", "Programs", "RunnableModel"]

Array = NDArray[Any]


class PredictProgram:
    """Outputs of a model for one shape of batch."""

    def __init__(self, model: CompiledModel, arrays: Sequence[Array]) -> None:
        inputs = _placeholders(arrays)
        with tracing(training=False) as trace:
            self.structure = model.on_tensors(inputs)
        # Layers that are random in prediction too draw other numbers in each call.
        steps = [] if trace.step is None else [trace.step]
        self._calls = itertools.count() if steps else None
        self.function = graph.compile([*inputs, *steps], flatten(self.structure))
        self._is_single = isinstance(self.structure, Tensor)

    def __call__(self, *arrays: Array) -> Any:
        """The outputs in the model's structure."""
        if self._calls is not None:
            arrays = (*arrays, np.asarray(next(self._calls), np.int64))
        found = self.function(*arrays)
        if self._is_single:
            return found[0]
        results = iter(found)
        return map_structure(lambda _: next(results), self.structure)


class CompiledStep:
    """Loss and metrics of a model, and with ``train`` a step of its optimizer."""

    def __init__(self, model: CompiledModel, batch: Batch, *, train: bool) -> None:
        assert model.optimizer is not None
        traced = trace_step(model, batch, train=train)
        self.plan: StepOutputs = traced.plan
        run: TrainingStep | graph.Function
        if train:
            run = training_step(
                self.plan.loss,
                model.trainable_weights,
                model.optimizer,
                inputs=traced.inputs,
                outputs=self.plan.results,
                assignments=traced.trace.assignments,
                step=traced.trace.step,
            )
        else:
            run = graph.compile(traced.inputs, [self.plan.loss, *self.plan.results])
        self.run = run

    @property
    def function(self) -> graph.Function:
        """What runs, without what a training step fills in."""
        return self.run.function if isinstance(self.run, TrainingStep) else self.run


class Programs:
    """The compiled forms of a model that were used last.

    They depend on shapes and dtypes, on what is trainable, and on what the model was compiled
    with. The bound keeps memory flat when every call brings another shape.
    """

    def __init__(self, model: CompiledModel) -> None:
        self._model = model
        self._cache: CompileCache[Any] = CompileCache(16)
        self._tracker = LayerTracker()

    def clear(self) -> None:
        """Forget all; the model changed."""
        self._cache.clear()

    def __len__(self) -> int:
        return len(self._cache)

    def predict(self, arrays: Sequence[Array]) -> PredictProgram:
        """Outputs of the model for input arrays like these."""
        kind = ("predict", *[(array.shape, array.dtype.char) for array in arrays])
        return self._get(kind, False, lambda: PredictProgram(self._model, arrays))  # type: ignore[no-any-return]

    def cached_predict(self, x: Any) -> PredictProgram | None:
        """The Program that predicts for just this one input, if there is one already.

        An array that it takes as it is has been through all checks with its shape and dtype, so
        they need not be made again.
        """
        if type(x) is not np.ndarray or not self._model.built:
            return None
        if x.flags.num & CONTIGUOUS_AND_ALIGNED != CONTIGUOUS_AND_ALIGNED or not x.dtype.isnative:
            return None
        return self.known_predict(x)

    def known_predict(self, x: Array) -> PredictProgram | None:
        """The same for an array that is known to be taken as it is, and a built model."""
        kind = ("predict", (x.shape, x.dtype.char))
        return self._cache.find((kind, False, self._tracker.structure(self._model)))

    def measure(self, batch: Batch, *, train: bool) -> CompiledStep:
        """Loss and metrics for batches like this one, maybe with a training step."""
        kind = ("measure", batch.key())
        return self._get(kind, train, lambda: CompiledStep(self._model, batch, train=train))  # type: ignore[no-any-return]

    def descent(self, make: Callable[[], Any]) -> Any:
        """What gradient descent on the whole training set needs; see :mod:`full_batch`."""
        return self._get("descent", True, make)

    def _get(self, kind: Hashable, train: bool, make: Callable[[], Any]) -> Any:
        model, parts = self._model, self._tracker
        if not model.built:
            # The first trace makes the weights, which are part of the key.
            made = make()
            make = lambda: made  # noqa: E731
        state = parts.training(model) if train else parts.structure(model)
        return self._cache.get((kind, train, state), make)


class RunnableModel(CompiledModel, Protocol):
    """A model with the Programs that run it."""

    programs: Programs


def _placeholders(arrays: Sequence[Array]) -> list[Tensor]:
    return [
        graph.placeholder(array.shape, np.dtype(array.dtype), name=f"input_{index}")
        for index, array in enumerate(arrays)
    ]
