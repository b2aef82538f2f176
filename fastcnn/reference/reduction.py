"""Many elements in, one out, along axes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastcnn.reference.elementwise import Float64, float64, log


def sum(
    x: ArrayLike, *, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> Float64:
    """Sum over one axis, several or all; 0 over nothing."""
    axes = tuple(axis) if isinstance(axis, Sequence) else axis
    total: Float64 = np.sum(float64(x), axis=axes, keepdims=True)
    return total if keepdims else total.squeeze(axes)


def mean(
    x: ArrayLike, *, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> Float64:
    """Mean over one axis, several or all; NaN over nothing."""
    count = sum(np.ones_like(x, np.float64), axis=axis, keepdims=keepdims)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.divide(sum(x, axis=axis, keepdims=keepdims), count))


def softmax(x: ArrayLike, axis: int = -1) -> Float64:
    """``exp(x)`` divided by its sum along ``axis``, after subtracting the largest."""
    return np.exp(log_softmax(x, axis=axis))


def log_softmax(x: ArrayLike, axis: int = -1) -> Float64:
    """Logarithm of :func:`softmax`, computed without leaving the logarithm."""
    x = float64(x)
    # `initial` only matters for rows without an element, which have no largest.
    largest = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, and meant
        shifted = x - largest
    return np.asarray(shifted - log(np.sum(np.exp(shifted), axis=axis, keepdims=True)))


def sparsemax(x: ArrayLike, axis: int = -1) -> Float64:
    """``max(x - tau, 0)`` with the ``tau`` that makes it sum to 1 along ``axis``.

    Found by sorting, as in algorithm 1 of Martins & Astudillo, "From Softmax to Sparsemax" (2016).
    """
    x = np.moveaxis(float64(x), axis, -1)
    # What is infinite or NaN makes NaN of its row, except minus infinity beside a number.
    with np.errstate(invalid="ignore", divide="ignore"):
        shifted = x - np.max(x, axis=-1, keepdims=True, initial=-np.inf)
        falling = -np.sort(-shifted, axis=-1)
        counts = np.arange(1, x.shape[-1] + 1)
        kept = counts * falling > np.cumsum(falling, axis=-1) - 1
        total = np.sum(np.where(kept, falling, 0), axis=-1, keepdims=True)
        tau = (total - 1) / np.sum(kept, axis=-1, keepdims=True)
        return np.moveaxis(np.maximum(shifted - tau, 0), -1, axis)


def argmax(x: ArrayLike, *, axis: int = -1) -> NDArray[np.int64]:
    """Index of the largest element along ``axis``: the first of equal ones, the first NaN."""
    return np.asarray(np.argmax(np.asarray(x), axis=axis), np.int64)
