"""What moves, selects, repeats or converts elements. The dtype stays unless it is the point."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastcnn.reference.elementwise import Float64, float64

__all__ = [
    "broadcast_to",
    "cast",
    "concatenate",
    "flatten",
    "one_hot",
    "pad",
    "rescale",
    "reshape",
    "resize",
    "slice",
    "transpose",
]

Array = NDArray[Any]


def reshape(x: ArrayLike, shape: Sequence[int]) -> Array:
    """The same elements in row-major order in another shape; one size may be -1."""
    return np.reshape(np.asarray(x), tuple(shape))


def flatten(x: ArrayLike) -> Array:
    """All axes but the first (the batch) made one: ``(batch, ...)`` gives ``(batch, n)``."""
    x = np.asarray(x)
    return x.reshape(x.shape[0], math.prod(x.shape[1:]))


def concatenate(xs: Sequence[ArrayLike], *, axis: int = -1) -> Array:
    """Arrays that differ only along ``axis``, one behind the other."""
    return np.concatenate([np.asarray(x) for x in xs], axis=axis)


def transpose(x: ArrayLike, axes: Sequence[int]) -> Array:
    """Axis ``axes[i]`` of ``x`` becomes axis ``i``."""
    return np.transpose(np.asarray(x), tuple(axes))


def broadcast_to(x: ArrayLike, shape: Sequence[int]) -> Array:
    """``x`` repeated along new leading axes and along its axes of size 1."""
    return np.broadcast_to(np.asarray(x), tuple(shape))


def slice(x: ArrayLike, start: Sequence[int], size: Sequence[int]) -> Array:
    """``size`` elements from ``start`` on, along each axis; -1 for all that follow."""
    where = tuple(
        builtins.slice(first, None if count == -1 else first + count)
        for first, count in zip(start, size, strict=True)
    )
    return np.asarray(np.asarray(x)[where])


def pad(x: ArrayLike, pad_width: Sequence[Sequence[int]]) -> Array:
    """Zeros around an array: for each axis how many before it and how many after it."""
    return np.pad(np.asarray(x), [tuple(pair) for pair in pad_width])


def cast(x: ArrayLike, dtype: DTypeLike) -> Array:
    """``x`` in another dtype: from float to integer towards zero, to the nearest integer that fits,
    and NaN to 0; from integer to integer modulo the range.
    """
    x, target = np.asarray(x), np.dtype(dtype)
    if x.dtype.kind != "f" or target.kind not in "iu":
        with np.errstate(over="ignore"):
            return x.astype(target)
    limits = np.iinfo(target)
    # The largest integer may be no float, one more is a power of two.
    low, beyond = float(limits.min), float(limits.max // 2 + 1) * 2
    inside = (x > low) & (x < beyond)
    found = np.where(inside, x, 0).astype(target)
    found[x <= low] = limits.min
    found[x >= beyond] = limits.max
    return found


def rescale(x: ArrayLike, scale: float, offset: float = 0.0) -> Float64:
    """``x * scale + offset``."""
    return float64(x) * scale + offset


def one_hot(labels: ArrayLike, depth: int) -> Float64:
    """1 at each label along a new last axis of ``depth``; zeros where the label is outside."""
    return float64(np.asarray(labels)[..., None] == np.arange(depth))


def _weight(distance: Float64, interpolation: str) -> Float64:
    """What a pixel at a distance from the centre weighs."""
    x = np.abs(distance)
    if interpolation == "bilinear":
        return float64(np.maximum(0, 1 - x))
    if interpolation == "bicubic":
        near = 1.5 * x**3 - 2.5 * x**2 + 1
        return np.where(x < 1, near, np.where(x < 2, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2, 0))
    radius = int(interpolation[-1])
    return np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0)


def _matrix(before: int, after: int, interpolation: str, antialias: bool) -> Float64:
    step = before / after
    places, pixels = np.arange(after)[:, None], np.arange(before)
    if interpolation == "nearest":
        return float64(pixels == np.minimum(np.floor((places + 0.5) * step), before - 1))
    if interpolation == "area":
        ends = np.minimum((places + 1) * step, pixels + 1)
        weights = np.maximum(0, ends - np.maximum(places * step, pixels))
    else:
        wide = max(step, 1) if antialias else 1
        weights = _weight((pixels - ((places + 0.5) * step - 0.5)) / wide, interpolation)
    return float64(weights / weights.sum(axis=1, keepdims=True))


def resize(
    x: ArrayLike, size: Sequence[int], *, interpolation: str = "bilinear", antialias: bool = False
) -> Float64:
    """Images ``(batch, height, width, channels)`` with another height and width.

    Pixels are squares with their centres at halves; weights of pixels outside the image go to
    those inside. An axis that keeps its size stays as it is.
    """
    x = float64(x)
    for axis, after in ((1, size[0]), (2, size[1])):
        if x.shape[axis] != after:
            matrix = _matrix(x.shape[axis], after, interpolation, antialias)
            # Pixels without weight are left out: NaN times 0 is NaN.
            rows = [np.tensordot(w[w != 0], x.compress(w != 0, axis), (0, axis)) for w in matrix]
            x = np.stack(rows, axis)
    return x
