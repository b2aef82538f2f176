"""Images of another size."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.graph.variable import constant
from fastcnn.ops.common.axes import integers
from fastcnn.ops.common.public_operation import Operand, apply, operand, operation
from fastcnn.ops.movement.shaping import reshaped

__all__ = [
    "resize",
]

Array = NDArray[Any]

#: Pixels of an axis, before and after: the largest that JPEG knows, and one.
_LONGEST = 1 << 16


class Taps(NamedTuple):
    """A sparse matrix by rows: terms ``starts[j]`` up to ``starts[j + 1]`` make place j."""

    starts: NDArray[np.int64]
    #: Places that are read.
    rows: NDArray[np.int64]
    weights: NDArray[np.float32]


class Resample(Op):
    """Inputs x ``(outer, in, inner)`` and the weights of a sparse matrix for the middle axis."""

    name = "resample"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        outer, _, inner = inputs[0].shape
        return (Spec((outer, len(attrs["starts"]) - 1, inner)),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None, None]
        x, weight = node.inputs
        assert weight.node.variable is not None
        starts, rows = np.array(node.attrs["starts"]), np.array(node.attrs["rows"], np.int64)
        places = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        order = np.argsort(rows, kind="stable")
        back = _rows_of(rows[order], x.shape[1])
        taps = Taps(back, places[order], weight.node.variable.numpy()[order])
        return [_resampled(dy, taps), None]


def _rows_of(numbers: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Where each of ``count`` numbers begins among ascending ones, and where the last ends."""
    return np.searchsorted(numbers, np.arange(count + 1)).astype(np.int64)


def _resampled(x: Tensor, taps: Taps) -> Tensor:
    starts, rows = tuple(taps.starts.tolist()), tuple(taps.rows.tolist())
    return apply(Resample(), x, constant(taps.weights), starts=starts, rows=rows)[0]


def _triangle(x: Array) -> Array:
    return np.asarray(np.maximum(0.0, 1 - abs(x)))


def _cubic(x: Array) -> Array:
    """Keys' cubic with a = -1/2 (1981)."""
    x = abs(x)
    near = (1.5 * x - 2.5) * x * x + 1
    far = ((2.5 - 0.5 * x) * x - 4) * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos(x: Array, radius: int) -> Array:
    inside: Array = np.sinc(x) * np.sinc(x / radius)
    return np.where(abs(x) < radius, inside, 0.0)


#: Name: weight at a distance in pixels, and how far it reaches.
_KERNELS: dict[str, tuple[Callable[[Array], Array], int]] = {
    "bilinear": (_triangle, 1),
    "bicubic": (_cubic, 2),
    "lanczos3": (functools.partial(_lanczos, radius=3), 3),
    "lanczos5": (functools.partial(_lanczos, radius=5), 5),
}
INTERPOLATIONS = (*_KERNELS, "nearest", "area")


@functools.lru_cache(maxsize=16)
def _taps(before: int, after: int, interpolation: str, antialias: bool) -> Taps:
    """The terms of each place of an axis of ``after`` pixels made of one of ``before``."""
    step = before / after
    places = np.arange(after)
    if interpolation == "nearest":
        rows = np.minimum(((places + 0.5) * step).astype(np.int64), before - 1)
        return Taps(np.arange(after + 1), rows, np.ones(after, np.float32))
    if interpolation == "area":
        begin, end = places * step, (places + 1) * step
        first, stop = begin.astype(np.int64), np.minimum(before, np.ceil(end).astype(np.int64))
    else:
        kernel, radius = _KERNELS[interpolation]
        wide = max(step, 1.0) if antialias else 1.0
        centre = (places + 0.5) * step - 0.5
        first = np.maximum(0, np.ceil(centre - radius * wide).astype(np.int64))
        stop = np.minimum(before - 1, np.floor(centre + radius * wide).astype(np.int64)) + 1
    counts = np.maximum(stop - first, 0)
    place = np.repeat(places, counts)
    rows = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
    rows += np.repeat(first, counts)
    if interpolation == "area":
        shared = np.minimum(end[place], rows + 1) - np.maximum(begin[place], rows)
        weights = shared / (end - begin)[place]
    else:
        weights = kernel((rows - centre[place]) / wide)
        # What lies outside the image has no say, so the rest weighs more.
        weights = weights / np.bincount(place, weights, after)[place]
    used = weights != 0 if interpolation != "area" else weights > 0
    place, rows, weights = place[used], rows[used], weights[used]
    return Taps(_rows_of(place, after), rows, weights.astype(np.float32))


@operation
def resize(
    x: Operand, size: Any, *, interpolation: str = "bilinear", antialias: bool = False
) -> Any:
    """Images of another height and width. Layers: Resizing, UpSampling2D.

    Pixels are squares with their centres at halves, so corners of images stay corners. Each axis is
    a sparse matrix of its own, and where it would take pixels outside the image, those inside weigh
    more.

    Args:
        x: Images ``(batch, height, width, channels)``, float32; array or Tensor.
        size: New height and width.
        interpolation: ``"bilinear"``, ``"bicubic"`` (Keys, a = -1/2), ``"lanczos3"``,
            ``"lanczos5"``, ``"nearest"`` or ``"area"`` (the mean of what a pixel covers).
        antialias: Whether, where the image gets smaller, the first four reach as much farther, so
            that every pixel of the image has a say.

    Returns:
        ``(batch, *size, channels)``: an array for arrays, else a Tensor.

    Raises:
        TypeError: x is not float32.
        ValueError: No images, another interpolation, or a size that is not positive.

    Example:
        >>> resize(np.float32([0, 4]).reshape(1, 1, 2, 1), (1, 4)).ravel()
        array([0., 1., 3., 4.], dtype=float32)
    """
    op = "resize"
    x = operand(op, "x", x, rank=4)
    sizes = integers(op, "size", size)
    if len(sizes) != 2 or not 1 <= min(sizes) <= max(sizes) <= _LONGEST:
        raise ValueError(
            f"{op}: size must be two positive ints (height, width) of at most {_LONGEST}, got "
            f"{size!r:.100}"
        )
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f"{op}: interpolation must be one of {', '.join(INTERPOLATIONS)}, got {interpolation!r}"
        )
    if any(
        not 1 <= before <= (_LONGEST if before != after else before)
        for before, after in zip(x.shape[1:3], sizes, strict=True)
    ):
        raise ValueError(
            f"{op}: x must have a pixel at least and at most {_LONGEST} along each axis, got "
            f"shape {x.shape}"
        )
    for axis, after in ((1, sizes[0]), (2, sizes[1])):
        before = x.shape[axis]
        if before != after:
            outer, inner = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
            flat = reshaped(x, (outer, before, inner))
            y = _resampled(flat, _taps(before, after, interpolation, bool(antialias)))
            x = reshaped(y, (*x.shape[:axis], after, *x.shape[axis + 1 :]))
    return x
