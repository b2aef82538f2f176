"""Where NaN and infinity come from: data, a layer, the loss or a gradient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import graph
from fastcnn.data_adapters.adapters import Batch
from fastcnn.graph import Tensor
from fastcnn.training.protocols import CompiledModel
from fastcnn.training.traced_step import trace_step
from fastcnn.tree import flatten

__all__ = ["first_invalid", "refuse_nan"]

Array = NDArray[Any]

_PARTS = ("x", "y", "sample_weight")


def refuse_nan(batch: Batch, what: str, epoch: int | None = None, step: int = 0) -> None:
    """Refuse a batch that would make every weight NaN.

    Args:
        batch: The batch.
        what: The method that was called.
        epoch: Number of the epoch, if there are any.
        step: Number of the batch in it.

    Raises:
        ValueError: Says which array has NaN, in how many examples, and how to find them.
    """
    for index, array in enumerate(batch.arrays):
        if array.dtype.kind != "f":
            continue
        # One pass without a temporary array; infinities that cancel are looked at more closely.
        with np.errstate(over="ignore", invalid="ignore"):
            total = np.add.reduce(array, axis=None)
        if not np.isnan(total):
            continue
        wrong = np.isnan(array)
        if not wrong.any():
            continue
        bad = int(wrong.reshape(len(array), -1).any(axis=1).sum())
        name = _part(batch, index)
        axes = tuple(range(1, array.ndim))
        rows = f".any(axis={axes[0] if len(axes) == 1 else axes})" if axes else ""
        where = "" if epoch is None else f" of batch {step} (epoch {epoch + 1})"
        raise ValueError(
            f"{what}: {name} has NaN in {bad} of the {len(array)} examples{where}, which would "
            "make every weight NaN; nothing was learnt from this batch. "
            f"np.isnan({name}){rows} finds such examples: repair them or leave them out"
        )


def _part(batch: Batch, index: int) -> str:
    for name, count in zip(_PARTS, batch.layout, strict=True):
        if index < count:
            return name if count == 1 else f"{name}[{index}]"
        index -= count
    raise IndexError(index)


class _Check:
    """A training step that shows everything and changes nothing."""

    def __init__(self, model: CompiledModel, batch: Batch) -> None:
        traced = trace_step(model, batch, train=True, record_calls=True)
        found: dict[Tensor, str] = {}
        for name, results in traced.trace.calls or ():
            for tensor in flatten(results):
                if isinstance(tensor, Tensor) and tensor.spec.dtype == "float32":
                    found.setdefault(tensor, name)
        self.layers = list(found.values())
        self.penalties = [owner for owner, _ in traced.penalties]
        self.variables = model.trainable_weights
        loss = traced.plan.loss
        gradients = graph.gradients(loss, [*found, *self.variables])
        self.is_random = bool(traced.random_inputs)
        self.run = graph.compile(
            [*traced.inputs, *traced.random_inputs],
            [loss, *[penalty for _, penalty in traced.penalties], *found, *gradients],
        )


def first_invalid(
    model: CompiledModel, batch: Batch, weights: Sequence[Array], step: int
) -> tuple[str, bool]:
    """What in a training step was the first to be NaN or infinite.

    The step is run once more, with all values kept, on the weights it began with.

    Args:
        model: A compiled model.
        batch: The batch of the step.
        weights: All weights before the step, in the order of ``model.weights``.
        step: Number of the step for what is random, 1 in the first.

    Returns:
        A sentence without a full stop, and whether the fault lies before this step.
    """
    for index, array in enumerate(batch.arrays):
        if what := _invalid(array):
            return f"{_part(batch, index)} of the batch has {what}", False
    for variable, value in zip(model.weights, weights, strict=True):
        if what := _invalid(value):
            return f"weight {variable.name!r} has {what} before the step", True
    assert model.optimizer is not None
    with model.optimizer.lock:
        now = model.get_weights()
        model.set_weights(list(weights))
        try:
            check = _Check(model, batch)
            steps = [np.asarray(step, np.int64)] if check.is_random else []
            loss, *values = check.run(*batch.arrays, *steps)
        finally:
            model.set_weights(now)
    penalties, values = values[: len(check.penalties)], values[len(check.penalties) :]
    count = len(check.layers)
    outputs, slopes, gradients = values[:count], values[count : 2 * count], values[2 * count :]
    for name, value in zip(check.layers, outputs, strict=True):
        if what := _invalid(value):
            return f"the output of layer {name!r} is the first with {what}", False
    for owner, penalty in zip(check.penalties, penalties, strict=True):
        if not np.isfinite(penalty):
            return f"the {owner} is {penalty}, though the outputs of all layers are finite", False
    if not np.isfinite(loss):
        return f"the loss is {loss}, though the outputs of all layers are finite", False
    return _in_gradients(check, slopes, gradients), False


def _in_gradients(check: _Check, slopes: Sequence[Array], gradients: Sequence[Array]) -> str:
    """The first invalid value on the way back."""
    owned: dict[str, list[tuple[str, Array]]] = {}
    for variable, gradient in zip(check.variables, gradients, strict=True):
        owned.setdefault(variable.name.rsplit("/", 1)[0], []).append((variable.name, gradient))
    after = "the loss"
    for name, slope in zip(reversed(check.layers), reversed(slopes), strict=True):
        if what := _invalid(slope):
            return (
                f"the gradient that {after} passes back to layer {name!r} is the first with {what}"
            )
        for variable_name, gradient in owned.pop(name, []):
            if what := _invalid(gradient):
                return f"the gradient of weight {variable_name!r} is the first with {what}"
        after = f"layer {name!r}"
    for variable_name, gradient in _all(owned.values()):
        if what := _invalid(gradient):
            return f"the gradient of weight {variable_name!r} is the first with {what}"
    return (
        "outputs, loss and gradients are finite, so the weights grew beyond float32 in the "
        "optimizer's update: lower the learning rate"
    )


def _all(groups: Iterable[list[tuple[str, Array]]]) -> list[tuple[str, Array]]:
    return [pair for group in groups for pair in group]


def _invalid(array: Array) -> str:
    """``"NaN in 3 of 20 values"``; nothing if all are finite."""
    if array.dtype.kind != "f" or np.isfinite(array).all():
        return ""
    nans, infinities = int(np.isnan(array).sum()), int(np.isinf(array).sum())
    kinds = [f"{name} in {n}" for name, n in (("NaN", nans), ("infinity", infinities)) if n]
    return f"{' and '.join(kinds)} of {array.size} values"
