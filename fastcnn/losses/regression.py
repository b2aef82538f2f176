"""Losses of numbers, and of numbers that stand for distributions or directions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.losses.functions import same_shape
from fastcnn.losses.loss import NumericLoss

__all__ = [
    "CosineSimilarity",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "cosine_similarity",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "poisson",
]

#: What Keras keeps divisors and logarithms away from 0 by.
_SMALL = np.float32(1e-7)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """``100 |y_true - y_pred| / |y_true|``, mean over the last axis; ``|y_true|`` is at least 1e-7.

    Args:
        y_true: ``(..., n)``, numbers; array or Tensor.
        y_pred: The same shape, float32.

    Returns:
        ``(...)``, float32.

    Raises:
        ValueError: Shapes differ.
    """
    y_true, y_pred = same_shape("mean_absolute_percentage_error", y_true, y_pred)
    size = ops.maximum(ops.abs(y_true), _SMALL)
    each = ops.divide(ops.abs(ops.subtract(y_true, y_pred)), size)
    return ops.multiply(ops.mean(each, axis=-1), np.float32(100))


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """``(log(1 + y_true) - log(1 + y_pred)) ** 2``, mean over the last axis.

    What is below 1e-7 counts as 1e-7. Arguments as :func:`mean_absolute_percentage_error`.
    """
    y_true, y_pred = same_shape("mean_squared_logarithmic_error", y_true, y_pred)
    logs = [ops.log(ops.add(ops.maximum(y, _SMALL), np.float32(1))) for y in (y_true, y_pred)]
    return ops.mean(ops.square(ops.subtract(*logs)), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Half the squared difference, from ``delta`` on a straight line; mean over the last axis.

    Huber 1964, "Robust estimation of a location parameter".

    Args:
        y_true: ``(..., n)``, numbers; array or Tensor.
        y_pred: The same shape, float32.
        delta: Difference from which on the loss grows linearly, with slope ``delta``.

    Raises:
        ValueError: Shapes differ, or ``delta`` is not positive.
    """
    delta = check_positive("huber", "delta", delta)
    y_true, y_pred = same_shape("huber", y_true, y_pred)
    size = ops.abs(ops.subtract(y_pred, y_true))
    near = ops.minimum(size, np.float32(delta))
    beyond = ops.multiply(ops.subtract(size, near), np.float32(delta))
    return ops.mean(ops.add(ops.multiply(ops.square(near), np.float32(0.5)), beyond), axis=-1)


def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """``log(cosh(y_pred - y_true))``, mean over the last axis; never overflows.

    Arguments as :func:`mean_absolute_percentage_error`.
    """
    y_true, y_pred = same_shape("log_cosh", y_true, y_pred)
    size = ops.abs(ops.subtract(y_pred, y_true))
    # log cosh x = |x| + log(1 + exp(-2 |x|)) - log 2
    small = ops.log(ops.add(ops.exp(ops.multiply(size, np.float32(-2))), np.float32(1)))
    return ops.mean(ops.add(ops.subtract(small, np.float32(math.log(2))), size), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Any:
    """``y_pred - y_true log(y_pred + 1e-7)``, mean over the last axis.

    Args:
        y_true: Counts ``(..., n)``; array or Tensor.
        y_pred: Expected counts in the same shape, float32; NaN below -1e-7.

    Raises:
        ValueError: Shapes differ.
    """
    y_true, y_pred = same_shape("poisson", y_true, y_pred)
    logs = ops.log(ops.add(y_pred, _SMALL))
    return ops.mean(ops.subtract(y_pred, ops.multiply(y_true, logs)), axis=-1)


def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """``y_true log(y_true / y_pred)``, summed over the last axis; both kept in [1e-7, 1].

    Args:
        y_true: Probabilities ``(..., n)``; array or Tensor.
        y_pred: The same, float32.

    Raises:
        ValueError: Shapes differ.
    """
    y_true, y_pred = same_shape("kl_divergence", y_true, y_pred)
    true, pred = (ops.minimum(ops.maximum(y, _SMALL), np.float32(1)) for y in (y_true, y_pred))
    return ops.sum(ops.multiply(true, ops.log(ops.divide(true, pred))), axis=-1)


def directions(y: Any, axis: Any) -> Any:
    """``y`` divided by its length along ``axis``; lengths below 1e-7 count as 1e-7."""
    length = ops.sqrt(ops.maximum(ops.sum(ops.square(y), axis=axis, keepdims=True), 1e-14))
    return ops.divide(y, length)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between labels and outputs: -1 where they agree.

    Args:
        y_true: Numbers; array or Tensor.
        y_pred: The same shape, float32.
        axis: Of the vectors; it is dropped.

    Raises:
        ValueError: Shapes differ, or there is no such axis.
    """
    y_true, y_pred = same_shape("cosine_similarity", y_true, y_pred)
    cosine = ops.sum(ops.multiply(directions(y_true, axis), directions(y_pred, axis)), axis=axis)
    return ops.negative(cosine)


def check_positive(owner: str, name: str, value: Any) -> float:
    """``value`` as a float.

    Raises:
        ValueError: It is not a number above 0.
    """
    if isinstance(value, bool) or not hasattr(value, "__float__") or not 0 < value < math.inf:
        raise ValueError(f"{owner}: {name} must be a number above 0, got {value!r}")
    return checked_float32(owner, name, value, divides=True)


class MeanAbsolutePercentageError(NumericLoss):
    """Mean of differences in percent of the label."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`mean_absolute_percentage_error`."""
        return mean_absolute_percentage_error(y_true, y_pred)


class MeanSquaredLogarithmicError(NumericLoss):
    """Mean of squared differences of logarithms."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`mean_squared_logarithmic_error`."""
        return mean_squared_logarithmic_error(y_true, y_pred)


class Huber(NumericLoss):
    """Squared for small differences, linear for large ones; arguments as :func:`huber`."""

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
    ) -> None:
        super().__init__(name, reduction)
        self.delta = check_positive("Huber", "delta", delta)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`huber`."""
        return huber(y_true, y_pred, self.delta)


class LogCosh(NumericLoss):
    """Mean logarithm of the hyperbolic cosine of differences."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh"
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`log_cosh`."""
        return log_cosh(y_true, y_pred)


class Poisson(NumericLoss):
    """Minus the log-likelihood of counts, but for what no output changes."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson"
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`poisson`."""
        return poisson(y_true, y_pred)


class KLDivergence(NumericLoss):
    """Kullback-Leibler divergence of the labels' distribution from the outputs'."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence"
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`kl_divergence`."""
        return kl_divergence(y_true, y_pred)


class CosineSimilarity(NumericLoss):
    """Minus the cosine of the angle between labels and outputs."""

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
    ) -> None:
        super().__init__(name, reduction)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`cosine_similarity`."""
        return cosine_similarity(y_true, y_pred, self.axis)
