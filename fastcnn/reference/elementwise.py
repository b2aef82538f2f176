"""One element in, one element out; NaN propagates unless said otherwise."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "abs",
    "absolute",
    "add",
    "divide",
    "equal",
    "erf",
    "exp",
    "expm1",
    "greater",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "relu",
    "rsqrt",
    "sigmoid",
    "sign",
    "sqrt",
    "square",
    "stop_gradient",
    "subtract",
    "tanh",
    "where",
]

Float64 = NDArray[np.float64]


def float64(x: ArrayLike) -> Float64:
    """What came in, as float64."""
    return np.asarray(x, np.float64)


def relu(x: ArrayLike) -> Float64:
    """``max(x, 0)``; its gradient at 0 is 0."""
    return maximum(x, 0.0)


def sigmoid(x: ArrayLike) -> Float64:
    """``1 / (1 + exp(-x))``, by way of ``exp(-abs(x))``, which cannot overflow."""
    x = float64(x)
    small = np.exp(-np.abs(x))
    return float64(np.where(x < 0, small, 1) / (1 + small))


def tanh(x: ArrayLike) -> Float64:
    """Hyperbolic tangent."""
    return np.tanh(float64(x))


def exp(x: ArrayLike) -> Float64:
    """``e ** x``; infinity beyond float64."""
    with np.errstate(over="ignore"):
        return np.exp(float64(x))


def log(x: ArrayLike) -> Float64:
    """Natural logarithm; ``-inf`` at 0, NaN below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(float64(x))


def erf(x: ArrayLike) -> Float64:
    """The error function."""
    return float64(np.vectorize(math.erf, otypes=[np.float64])(float64(x)))


def expm1(x: ArrayLike) -> Float64:
    """``e ** x - 1``; infinity beyond float64."""
    with np.errstate(over="ignore"):
        return np.expm1(float64(x))


def log1p(x: ArrayLike) -> Float64:
    """``log(1 + x)``; ``-inf`` at -1, NaN below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log1p(float64(x))


def sqrt(x: ArrayLike) -> Float64:
    """Square root; NaN below 0."""
    with np.errstate(invalid="ignore"):
        return np.sqrt(float64(x))


def rsqrt(x: ArrayLike) -> Float64:
    """``1 / sqrt(x)``; infinity at 0, NaN below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 / np.sqrt(float64(x))


def square(x: ArrayLike) -> Float64:
    """``x * x``."""
    return np.square(float64(x))


def negative(x: ArrayLike) -> Float64:
    """``-x``."""
    return -float64(x)


def absolute(x: ArrayLike) -> Float64:
    """Size without sign; its gradient at 0 is 0."""
    return np.abs(float64(x))


abs = absolute


def sign(x: ArrayLike) -> Float64:
    """1 above 0, -1 below, 0 at 0; NaN stays NaN."""
    return np.sign(float64(x))


def add(a: ArrayLike, b: ArrayLike) -> Float64:
    """``a + b`` with NumPy's broadcasting."""
    with np.errstate(invalid="ignore"):  # what makes NaN of infinities is meant
        return float64(a) + float64(b)


def subtract(a: ArrayLike, b: ArrayLike) -> Float64:
    """``a - b`` with NumPy's broadcasting."""
    with np.errstate(invalid="ignore"):  # what makes NaN of infinities is meant
        return float64(a) - float64(b)


def multiply(a: ArrayLike, b: ArrayLike) -> Float64:
    """``a * b`` with NumPy's broadcasting."""
    with np.errstate(invalid="ignore"):  # what makes NaN of infinities is meant
        return float64(a) * float64(b)


def divide(a: ArrayLike, b: ArrayLike) -> Float64:
    """``a / b`` with NumPy's broadcasting; IEEE infinity or NaN where ``b`` is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float64(a) / float64(b)


def maximum(a: ArrayLike, b: ArrayLike) -> Float64:
    """The larger one, with broadcasting; where both are equal ``a`` gets the gradient."""
    return float64(np.maximum(float64(a), float64(b)))


def minimum(a: ArrayLike, b: ArrayLike) -> Float64:
    """The smaller one, with broadcasting; where both are equal ``a`` gets the gradient."""
    return float64(np.minimum(float64(a), float64(b)))


def greater(a: ArrayLike, b: ArrayLike) -> Float64:
    """1 where ``a > b``, else 0, also where either is NaN."""
    return float64(np.asarray(a) > np.asarray(b))


def equal(a: ArrayLike, b: ArrayLike) -> Float64:
    """1 where ``a == b``, else 0, also where either is NaN."""
    return float64(np.asarray(a) == np.asarray(b))


def where(condition: ArrayLike, a: ArrayLike, b: ArrayLike | None = None) -> Float64:
    """``a`` where a condition is not 0, ``b`` (or 0) elsewhere, with broadcasting."""
    return np.where(np.asarray(condition) != 0, float64(a), 0.0 if b is None else float64(b))


def stop_gradient(x: ArrayLike) -> NDArray[np.generic]:
    """``x`` itself; only its gradient differs."""
    return np.asarray(x)


# What may follow an operation in the same step, under the name that users give.
ACTIVATIONS: dict[str | None, Callable[[ArrayLike], Float64]] = {
    None: float64,
    "relu": relu,
    "sigmoid": sigmoid,
    "tanh": tanh,
}
