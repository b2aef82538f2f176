"""Normalisation: of batches over all axes but the last, and of each example."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import Float64, float64

__all__ = [
    "batch_normalization",
    "batch_normalization_training",
    "group_normalization",
    "layer_normalization",
    "rms_normalization",
]


def batch_normalization(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    variance: ArrayLike,
    *,
    epsilon: float = 1e-3,
) -> Float64:
    """``(x - mean) / sqrt(variance + epsilon) * gamma + beta`` with statistics that are given."""
    deviation: Float64 = np.sqrt(float64(variance) + epsilon)
    return (float64(x) - float64(mean)) / deviation * float64(gamma) + float64(beta)


def batch_normalization_training(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, *, epsilon: float = 1e-3
) -> tuple[Float64, Float64, Float64]:
    """The same with the statistics of ``x`` itself: ``(y, mean, variance)``.

    The variance is the biased one (divided by the count). Over nothing both are NaN.
    """
    x = float64(x)
    axes = tuple(range(x.ndim - 1))
    with np.errstate(invalid="ignore"):
        count = np.float64(math.prod(x.shape[:-1]))
        mean = np.sum(x, axis=axes) / count
        variance = np.sum(np.square(x - mean), axis=axes) / count
    return batch_normalization(x, gamma, beta, mean, variance, epsilon=epsilon), mean, variance


def layer_normalization(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, *, epsilon: float = 1e-3
) -> Float64:
    """Mean 0 and variance 1 along as many last axes as gamma has, times gamma, plus beta."""
    x, gamma = float64(x), float64(gamma)
    axes = tuple(range(-gamma.ndim, 0))
    with np.errstate(invalid="ignore"):
        share = 1 / np.float64(gamma.size) if gamma.size else np.nan
        apart = x - np.sum(x, axis=axes, keepdims=True) * share
        variance = np.sum(np.square(apart), axis=axes, keepdims=True) * share
    y: Float64 = apart / np.sqrt(variance + epsilon) * gamma + float64(beta)
    return y


def rms_normalization(x: ArrayLike, gamma: ArrayLike, *, epsilon: float = 1e-6) -> Float64:
    """A mean square of 1 along as many last axes as gamma has, times gamma."""
    x, gamma = float64(x), float64(gamma)
    axes = tuple(range(-gamma.ndim, 0))
    share = 1 / gamma.size if gamma.size else np.nan
    squares = np.sum(np.square(x), axis=axes, keepdims=True) * share
    y: Float64 = x / np.sqrt(squares + epsilon) * gamma
    return y


def group_normalization(
    x: ArrayLike, gamma: ArrayLike, beta: ArrayLike, *, groups: int = 32, epsilon: float = 1e-3
) -> Float64:
    """Mean 0 and variance 1 of each example's groups of channels, times gamma, plus beta."""
    x = float64(x)
    channels = x.shape[-1]
    places = math.prod(x.shape[1:-1])
    # Examples and groups first: what is left is what is normalised together.
    split = x.reshape(x.shape[0], places, groups, channels // groups).transpose(0, 2, 1, 3)
    ones = np.ones(split.shape[2:])
    normal = layer_normalization(split, ones, 0 * ones, epsilon=epsilon)
    return normal.transpose(0, 2, 1, 3).reshape(x.shape) * float64(gamma) + float64(beta)
