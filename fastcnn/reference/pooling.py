"""Pooling of images with any number of axes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import Float64, float64
from fastcnn.reference.reduction import mean
from fastcnn.reference.window import Padding, pad_amounts, per_axis

__all__ = [
    "adaptive_average_pool",
    "adaptive_max_pool",
    "average_pool",
    "average_pool2d",
    "global_average_pool",
    "global_average_pool2d",
    "global_max_pool",
    "max_pool",
    "max_pool2d",
]

Ints = int | Sequence[int]


def windows(
    x: Float64,
    size: Ints,
    strides: Ints | None,
    padding: Padding,
    fill: float,
    *,
    dilation: Ints = 1,
    ceil_mode: bool = False,
    beyond: float | None = None,
) -> Float64:
    """Every window's pixels: ``(batch, *output, window, channels)``, row-major.

    Padding holds ``fill``; what a last window of ``ceil_mode`` reaches behind it ``beyond``, by
    default the same.
    """
    extent = x.shape[1:-1]
    rank = len(extent)
    size, dilation = per_axis(size, rank), per_axis(dilation, rank)
    strides = size if strides is None else per_axis(strides, rank)
    span = [(taps - 1) * gap + 1 for taps, gap in zip(size, dilation, strict=True)]
    sides = pad_amounts(padding, extent, span, strides)
    counts, more = [], []
    for axis in range(rank):
        padded = extent[axis] + sum(sides[axis])
        room = padded - span[axis]
        count = (math.ceil(room / strides[axis]) if ceil_mode else room // strides[axis]) + 1
        # A last window must begin in the image or in the padding before it.
        if ceil_mode and (count - 1) * strides[axis] >= extent[axis] + sides[axis][0]:
            count -= 1
        counts.append(max(count, 0))
        more.append((0, max((count - 1) * strides[axis] + span[axis] - padded, 0)))
    x = np.pad(x, ((0, 0), *sides, (0, 0)), constant_values=fill)
    x = np.pad(x, ((0, 0), *more, (0, 0)), constant_values=fill if beyond is None else beyond)
    taps = []
    for tap in itertools.product(*map(range, size)):
        places = [
            slice(i * gap, i * gap + (count - 1) * step + 1 if count else i * gap, step)
            for i, gap, count, step in zip(tap, dilation, counts, strides, strict=True)
        ]
        taps.append(x[(slice(None), *places)])
    return np.stack(taps, axis=-2)


def max_pool(
    x: ArrayLike,
    size: Ints,
    *,
    strides: Ints | None = None,
    padding: Padding = "valid",
    dilation: Ints = 1,
    ceil_mode: bool = False,
) -> Float64:
    """Largest pixel of each window; of equal ones the first in row-major order is meant.

    Padding never wins. ``strides`` of ``None`` means ``size``. ``ceil_mode``: a last window may
    reach beyond the padding.
    """
    x = float64(x)
    pixels = windows(x, size, strides, padding, -np.inf, dilation=dilation, ceil_mode=ceil_mode)
    return float64(pixels.max(axis=-2))


max_pool2d = max_pool


def average_pool(
    x: ArrayLike,
    size: Ints,
    *,
    strides: Ints | None = None,
    padding: Padding = "valid",
    dilation: Ints = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Float64:
    """Mean of the pixels of each window that lie inside the image, or, with ``count_include_pad``,
    inside the image and its padding, which is zeros.
    """
    x = float64(x)
    settings: dict[str, Any] = {"dilation": dilation, "ceil_mode": ceil_mode}
    total = windows(x, size, strides, padding, 0, **settings).sum(axis=-2)
    counted = float(count_include_pad)
    ones = np.ones_like(x)
    covered = windows(ones, size, strides, padding, counted, beyond=0, **settings).sum(axis=-2)
    return float64(total / covered)


average_pool2d = average_pool


def global_average_pool(x: ArrayLike, *, keepdims: bool = False) -> Float64:
    """Mean over all axes but the first and last; NaN if there is no pixel."""
    x = float64(x)
    return mean(x, axis=tuple(range(1, x.ndim - 1)), keepdims=keepdims)


global_average_pool2d = global_average_pool


def global_max_pool(x: ArrayLike, *, keepdims: bool = False) -> Float64:
    """Largest number over all axes but the first and last; -inf if there is no pixel."""
    x = float64(x)
    axes = tuple(range(1, x.ndim - 1))
    return float64(x.max(axis=axes, keepdims=keepdims, initial=-np.inf))


def _cells(x: Float64, output_size: Ints, joined: Callable[..., Any]) -> Float64:
    """One axis after the other: cells are boxes, whose sides do not depend on each other."""
    rank = x.ndim - 2
    for axis, cells in enumerate(per_axis(output_size, rank), 1):
        n = x.shape[axis]
        parts = [
            joined(x.take(range(i * n // cells, -(-(i + 1) * n // cells)), axis), axis=axis)
            for i in range(cells)
        ]
        x = np.stack(parts, axis=axis)
    return float64(x)


def adaptive_average_pool(x: ArrayLike, output_size: Ints) -> Float64:
    """Mean of each cell: i of m on n pixels is floor(i * n / m) to ceil((i + 1) * n / m)."""
    return _cells(float64(x), output_size, np.mean)


def adaptive_max_pool(x: ArrayLike, output_size: Ints) -> Float64:
    """Largest pixel of each cell."""
    return _cells(float64(x), output_size, np.max)
