"""Batch normalisation over all axes but the last."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import Float64, float64


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
