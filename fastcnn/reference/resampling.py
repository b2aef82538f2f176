"""Images of another size, by a full matrix for each axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import Float64, float64


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
            x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
    return x
