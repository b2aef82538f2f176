"""What metrics of counts share: sums of one batch, found in the graph, that add up to a state."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.losses.functions import as_dtype, same_rank
from fastcnn.metrics.metric import Metric

__all__ = [
    "Counts",
    "as_thresholds",
    "divided",
    "same_scores",
    "spread_weight",
]

Array = NDArray[Any]


class Counts(Metric):
    """A metric whose state is several arrays that batches add to.

    Attributes:
        sums: The sums so far, float64; empty before the first batch.
    """

    def __init__(self, dtype: None = None, name: str | None = None) -> None:
        super().__init__(dtype, name)
        self.sums: list[Array] = []
        self._shape_after_reset: tuple[int, ...] | None = None

    def add(self, *sums: Any) -> None:
        """Count what :meth:`measure` found in one batch."""
        arrays = [np.asarray(each, np.float64) for each in sums]
        if self.sums:
            arrays = [a + b for a, b in zip(self.sums, arrays, strict=True)]
        self.sums = arrays

    def score(self, *sums: Array) -> Any:
        """The metric of what was counted."""
        raise NotImplementedError(f"{type(self).__name__} must define score(self, *sums)")

    def result_shape(self, sums: Sequence[Array]) -> tuple[int, ...]:
        """The shape of the result; ``sums`` is empty before the first batch."""
        return ()

    def result(self) -> Any:
        """The metric of everything seen; zeros of the same shape before the first batch.

        The shape of a metric with a number for each class, where nothing has said yet how many
        there are, has 0 for that size.
        """
        if not self.sums:
            shape = self._shape_after_reset
            shape = self.result_shape([]) if shape is None else shape
            return np.zeros(shape) if shape else 0.0
        found = self.score(*self.sums)
        return float(found) if np.ndim(found) == 0 else np.asarray(found)

    def reset_state(self) -> None:
        """Forget everything seen."""
        super().reset_state()
        if self.sums:
            self._shape_after_reset = self.result_shape(self.sums)
        self.sums = []

    def state(self) -> NDArray[np.float64]:
        """Everything seen, for :meth:`restore`: of each array its rank, its sizes, its numbers."""
        parts = [np.array([each.ndim, *each.shape], np.float64) for each in self.sums]
        numbers = [each.reshape(-1) for each in self.sums]
        flat = [part for pair in zip(parts, numbers, strict=True) for part in pair]
        return np.concatenate(flat) if flat else np.zeros(0)

    def restore(self, state: NDArray[np.float64]) -> None:
        """Go on from what :meth:`state` returned.

        Raises:
            ValueError: Nothing that it returns.
        """
        sums: list[Array] = []
        at = 0
        while at < len(state):
            sizes = state[at + 1 : at + 1 + _size(state[at])]
            shape = tuple(_size(size) for size in sizes)
            at += 1 + len(shape)
            count = math.prod(shape)
            # Without the numbers that it announces there is no array of the shape.
            sums.append(state[at : at + count].reshape(shape).copy())
            at += count
        self.sums = sums


def _size(number: float) -> int:
    if not (0 <= number < 1 << 53 and number == int(number)):
        raise ValueError(f"a metric's state has the size {number}; it is damaged")
    return int(number)


def divided(a: Any, b: Any) -> Array:
    """``a / b``, and 0 where ``b`` is 0."""
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    out: Array = np.zeros(np.broadcast_shapes(a.shape, b.shape))
    np.divide(a, b, out=out, where=b != 0)
    return out


def as_thresholds(owner: str, thresholds: Any, default: float) -> list[float]:
    """Thresholds as a list.

    Raises:
        ValueError: One of them is not a number between 0 and 1.
    """
    if thresholds is None:
        return [default]
    values = list(thresholds) if np.ndim(thresholds) else [thresholds]
    for value in values:
        if not hasattr(value, "__float__") or not 0 <= value <= 1:
            raise ValueError(f"{owner}: thresholds lie between 0 and 1, got {thresholds!r}")
    if not values:
        raise ValueError(f"{owner}: thresholds is empty")
    return [float(value) for value in values]


def same_scores(owner: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Labels and scores as float32 of one shape.

    Raises:
        ValueError: Shapes differ; says what to do about integer labels.
    """
    y_true, y_pred = same_rank(y_true, y_pred)
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if true != pred:
        classes = pred[-1] if pred else 0
        hint = (
            f"integer labels must be one-hot here: fastcnn.keras.utils.to_categorical(y, {classes})"
            if true in (pred[:-1], (*pred[:-1], 1)) and classes > 1
            else "they must agree"
        )
        raise ValueError(f"{owner}: labels of shape {true} for outputs of shape {pred}: {hint}")
    return y_true, y_pred


def spread_weight(owner: str, weight: Any, shape: Sequence[int]) -> Any:
    """Sample weights in ``shape``: each counts for all numbers of its example.

    Raises:
        ValueError: They do not fit.
    """
    weight = as_dtype(weight, "float32")
    given, shape = tuple(weight.shape), tuple(shape)
    fitted = given
    while len(fitted) > len(shape) and fitted[-1] == 1:
        fitted = fitted[:-1]
    fitted = (*fitted, *[1] * (len(shape) - len(fitted)))
    if any(a not in (1, b) for a, b in zip(fitted, shape, strict=False)) or len(fitted) > len(
        shape
    ):
        raise ValueError(
            f"{owner}: sample_weight of shape {given} does not fit values of shape {shape}"
        )
    return ops.broadcast_to(ops.reshape(weight, fitted), shape)
