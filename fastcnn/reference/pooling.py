"""Pooling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import Float64, float64
from fastcnn.reference.reduction import mean
from fastcnn.reference.window import Padding, pad_amounts, pair, window_count


def windows(
    x: Float64,
    size: int | Sequence[int],
    strides: int | Sequence[int] | None,
    padding: Padding,
    fill: float,
) -> Float64:
    """Every window's pixels: ``(batch, out_height, out_width, size, channels)``, row-major."""
    size = pair(size)
    strides = size if strides is None else pair(strides)
    vertical, horizontal = pad_amounts(padding, (x.shape[1], x.shape[2]), size, strides)
    padded = np.pad(x, ((0, 0), vertical, horizontal, (0, 0)), constant_values=fill)
    height = window_count(padded.shape[1], size[0], strides[0])
    width = window_count(padded.shape[2], size[1], strides[1])
    taps = [
        padded[:, i :: strides[0], j :: strides[1]][:, :height, :width]
        for i in range(size[0])
        for j in range(size[1])
    ]
    return np.stack(taps, axis=3)


def max_pool2d(
    x: ArrayLike,
    size: int | Sequence[int],
    *,
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
) -> Float64:
    """Largest pixel of each window; of equal ones the first in row-major order is meant.

    Padding never wins. ``strides`` of ``None`` means ``size``.
    """
    return float64(windows(float64(x), size, strides, padding, -np.inf).max(axis=3))


def average_pool2d(
    x: ArrayLike,
    size: int | Sequence[int],
    *,
    strides: int | Sequence[int] | None = None,
    padding: Padding = "valid",
) -> Float64:
    """Mean of the pixels of each window that lie inside the image."""
    x = float64(x)
    total = windows(x, size, strides, padding, 0).sum(axis=3)
    covered = windows(np.ones_like(x), size, strides, padding, 0).sum(axis=3)
    return float64(total / covered)


def global_average_pool2d(x: ArrayLike, *, keepdims: bool = False) -> Float64:
    """Mean over height and width; NaN if there is no pixel."""
    return mean(x, axis=(1, 2), keepdims=keepdims)
