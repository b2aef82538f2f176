"""Activations beside ReLU, sigmoid and tanh, one element at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import Float64, erf, expm1, float64, relu, sigmoid

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "mish",
    "relu6",
    "selu",
    "silu",
    "soft_shrink",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "tanh_shrink",
    "threshold",
]


def relu6(x: ArrayLike) -> Float64:
    """``min(max(x, 0), 6)``."""
    return np.clip(float64(x), 0, 6)


def leaky_relu(x: ArrayLike, negative_slope: float = 0.2) -> Float64:
    """``x`` above 0, ``negative_slope * x`` elsewhere."""
    x = float64(x)
    return np.where(x > 0, x, negative_slope * x)


def elu(x: ArrayLike, alpha: float = 1.0) -> Float64:
    """``x`` above 0, ``alpha * (exp(x) - 1)`` elsewhere."""
    x = float64(x)
    return np.where(x > 0, x, alpha * expm1(np.minimum(x, 0)))


def selu(x: ArrayLike) -> Float64:
    """ELU with the scale and alpha of self-normalising networks."""
    return 1.0507009873554804934193349852946 * elu(x, 1.6732632423543772848170429916717)


def celu(x: ArrayLike, alpha: float = 1.0) -> Float64:
    """``x`` above 0, ``alpha * (exp(x / alpha) - 1)`` elsewhere."""
    x = float64(x)
    return np.where(x > 0, x, alpha * expm1(np.minimum(x, 0) / alpha))


def gelu(x: ArrayLike, approximate: bool = True) -> Float64:
    """``x`` times the share of the normal distribution below it, maybe by way of tanh."""
    x = float64(x)
    # The share below -50 is 0 in float64, which minus infinity would make NaN of.
    kept = np.maximum(x, -50)
    if approximate:
        curve = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
        return float64(0.5 * kept * (1 + curve))
    return 0.5 * kept * (1 + erf(x / math.sqrt(2)))


def silu(x: ArrayLike) -> Float64:
    """``x * sigmoid(x)``."""
    return float64(x) * sigmoid(x)


def softplus(x: ArrayLike) -> Float64:
    """``log(1 + exp(x))``."""
    with np.errstate(invalid="ignore"):  # NaN stays
        return np.logaddexp(0, float64(x))


def log_sigmoid(x: ArrayLike) -> Float64:
    """Logarithm of the sigmoid."""
    return -softplus(-float64(x))


def softsign(x: ArrayLike) -> Float64:
    """``x / (1 + abs(x))``."""
    x = float64(x)
    return float64(x / (1 + np.abs(x)))


def mish(x: ArrayLike) -> Float64:
    """``x * tanh(softplus(x))``."""
    return float64(x) * np.tanh(softplus(x))


def hard_sigmoid(x: ArrayLike) -> Float64:
    """``min(max(x / 6 + 1 / 2, 0), 1)``."""
    return np.clip(float64(x) / 6 + 0.5, 0, 1)


def hard_silu(x: ArrayLike) -> Float64:
    """``x * hard_sigmoid(x)``; 0 up to -3."""
    return np.maximum(float64(x), -3) * hard_sigmoid(x)


def hard_tanh(x: ArrayLike) -> Float64:
    """``min(max(x, -1), 1)``."""
    return np.clip(float64(x), -1, 1)


def hard_shrink(x: ArrayLike, threshold: float = 0.5) -> Float64:
    """``x`` where its size is above a threshold, else 0."""
    x = float64(x)
    return np.where(np.abs(x) <= threshold, 0, x)


def soft_shrink(x: ArrayLike, threshold: float = 0.5) -> Float64:
    """``x`` moved towards 0 by a threshold, and 0 where that would cross it."""
    x = float64(x)
    return np.maximum(x - threshold, 0) + np.minimum(x + threshold, 0)


def tanh_shrink(x: ArrayLike) -> Float64:
    """``x - tanh(x)``."""
    x = float64(x)
    return x - np.tanh(x)


def threshold(x: ArrayLike, threshold: float, default_value: float) -> Float64:
    """``x`` where it is above a threshold, elsewhere a number; NaN stays NaN."""
    x = float64(x)
    return np.where(x <= threshold, default_value, x)


def sparse_plus(x: ArrayLike) -> Float64:
    """0 up to -1, ``x`` from 1 on, ``(x + 1)^2 / 4`` between."""
    x = float64(x)
    return (np.clip(x, -1, 1) + 1) ** 2 / 4 + relu(x - 1)


def sparse_sigmoid(x: ArrayLike) -> Float64:
    """0 up to -1, 1 from 1 on, ``(x + 1) / 2`` between."""
    return (np.clip(float64(x), -1, 1) + 1) / 2


def squareplus(x: ArrayLike, b: float = 4) -> Float64:
    """``(x + sqrt(x^2 + b)) / 2``."""
    x = float64(x)
    # (sqrt(x^2 + b) - |x|) / 2 above ReLU, where nothing cancels.
    return relu(x) + b / 2 / (np.hypot(x, math.sqrt(b)) + np.abs(x))


def glu(x: ArrayLike, axis: int = -1) -> Float64:
    """The first half times the sigmoid of the second."""
    first, second = np.split(float64(x), 2, axis=axis)
    return first * sigmoid(second)
