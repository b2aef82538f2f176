"""What moves, selects, repeats or converts elements. The dtype stays unless it is the point."""

from __future__ import annotations

import builtins
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastcnn.reference.elementwise import Float64, float64

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
    """``x`` in another dtype as NumPy converts: towards zero from float to integer."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(x).astype(dtype)


def rescale(x: ArrayLike, scale: float, offset: float = 0.0) -> Float64:
    """``x * scale + offset``."""
    return float64(x) * scale + offset


def one_hot(labels: ArrayLike, depth: int) -> Float64:
    """1 at each label along a new last axis of ``depth``; zeros where the label is outside."""
    return float64(np.asarray(labels)[..., None] == np.arange(depth))
