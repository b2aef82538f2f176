"""What all metrics share: a sum and a count that grow batch by batch."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.config import Configurable, refuse
from fastcnn.graph.array_like import as_array
from fastcnn.losses.functions import as_dtype, weighted
from fastcnn.naming import checked_name

__all__ = ["Mean", "MeanMetricWrapper", "Metric", "Sum", "snake_case"]


def snake_case(name: str) -> str:
    """A class name as Keras writes it in logs: ``MeanIoU`` is ``mean_io_u``, ``AUC`` is ``auc``."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


class Metric(Configurable):
    """The mean of ``values(y_true, y_pred)`` over everything seen since ``reset_state``.

    A metric of one's own defines ``values`` with operations of ``fastcnn.ops``.

    Args:
        dtype: Not supported: ``None`` only.
        name: Its key in logs.

    Attributes:
        total: Sum so far.
        count: What it will be divided by.
    """

    _not_configured = frozenset({"dtype"})

    def __init__(self, dtype: None = None, name: str | None = None) -> None:
        refuse(type(self).__name__, dtype=dtype)
        self.name = checked_name(self, name) or snake_case(type(self).__name__)
        self.total = 0.0
        self.count = 0.0

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """Numbers whose mean is the metric, usually one per example."""
        raise NotImplementedError(f"{type(self).__name__} must define values(self, y_true, y_pred)")

    def measure(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, ...]:
        """Sum and count of one batch, of arrays or of Tensors.

        Returns:
            A float32 scalar, and a float or a scalar like the first.
        """
        values = self.values(y_true, y_pred)
        if sample_weight is None:
            return ops.sum(values), float(math.prod(values.shape))
        weight = as_dtype(sample_weight, "float32")
        extra = len(values.shape) - len(weight.shape)
        if extra < 0:
            weight = ops.reshape(weight, weight.shape[:extra])
        elif extra:
            weight = ops.reshape(weight, (*weight.shape, *[1] * extra))
        weight = ops.broadcast_to(weight, values.shape)
        return ops.sum(weighted(values, weight)), ops.sum(weight)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of arrays."""
        weight = None if sample_weight is None else as_array(sample_weight)
        self.add(*self.measure(as_array(y_true), as_array(y_pred), weight))

    def add(self, *sums: Any) -> None:
        """Count what :meth:`measure` found in one batch."""
        total, count = sums
        self.total += float(total)
        self.count += float(count)

    def result(self) -> float:
        """The mean so far; 0 before the first batch."""
        return self.total / self.count if self.count else 0.0

    def reset_state(self) -> None:
        """Forget everything seen."""
        self.total = 0.0
        self.count = 0.0

    def state(self) -> NDArray[np.float64]:
        """Everything seen, for :meth:`restore`."""
        return np.array([self.total, self.count], np.float64)

    def restore(self, state: NDArray[np.float64]) -> None:
        """Go on from what :meth:`state` returned."""
        self.total, self.count = float(state[0]), float(state[1])

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Count a batch of arrays and return the result so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _with_weights(values: Any, sample_weight: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Numbers, 0 where their weight is 0, and their weights in the same shape, as float64."""
    array = np.asarray(as_array(values), np.float64)
    weight = np.asarray(as_array(1.0 if sample_weight is None else sample_weight), np.float64)
    weight = weight.reshape((*weight.shape, *[1] * max(array.ndim - weight.ndim, 0)))
    weight = np.broadcast_to(weight, array.shape)
    return np.where(weight == 0, 0.0, array), weight


class Mean(Metric):
    """Mean of plain numbers: ``update_state(values)``."""

    def __init__(self, name: str = "mean", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Count numbers."""
        array, weight = _with_weights(values, sample_weight)
        self.total += float((array * weight).sum())
        self.count += float(weight.sum())

    def __call__(self, values: Any, sample_weight: Any = None) -> float:  # type: ignore[override]
        """Count numbers and return the mean so far."""
        self.update_state(values, sample_weight)
        return self.result()


class Sum(Metric):
    """Sum of plain numbers: ``update_state(values)``."""

    def __init__(self, name: str = "sum", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Count numbers."""
        array, weight = _with_weights(values, sample_weight)
        self.total += float((array * weight).sum())

    def result(self) -> float:
        """The sum so far."""
        return self.total

    def __call__(self, values: Any, sample_weight: Any = None) -> float:  # type: ignore[override]
        """Count numbers and return the sum so far."""
        self.update_state(values, sample_weight)
        return self.result()


class MeanMetricWrapper(Metric):
    """The mean of a function ``(y_true, y_pred) -> one number per example``."""

    def __init__(
        self, fn: Callable[[Any, Any], Any], name: str | None = None, dtype: None = None
    ) -> None:
        super().__init__(dtype, name or getattr(fn, "__name__", None))
        self.fn = fn

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """``fn(y_true, y_pred)``."""
        return self.fn(y_true, y_pred)
