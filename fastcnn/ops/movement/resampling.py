"""Images of another size."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.graph.variable import constant
from fastcnn.ops.common.axes import integers
from fastcnn.ops.common.public_operation import Operand, apply, operand, operation
from fastcnn.ops.movement.shaping import reshaped

__all__ = ["INTERPOLATIONS", "resize"]

#: Terms of one result: its input positions and their weights.
Taps = list[tuple[int, float]]


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
        taps: list[Taps] = [[] for _ in range(x.shape[1])]
        starts, weights = node.attrs["starts"], weight.node.variable.numpy()
        for j, (first, end) in enumerate(itertools.pairwise(starts)):
            for row, w in zip(node.attrs["rows"][first:end], weights[first:end], strict=True):
                taps[row].append((j, float(w)))
        return [_resampled(dy, taps), None]


def _resampled(x: Tensor, taps: list[Taps]) -> Tensor:
    starts = [0]
    for terms in taps:
        starts.append(starts[-1] + len(terms))
    rows = tuple(row for terms in taps for row, _ in terms)
    weights = np.array([w for terms in taps for _, w in terms], np.float32)
    return apply(Resample(), x, constant(weights), starts=tuple(starts), rows=rows)[0]


def _triangle(x: float) -> float:
    return max(0.0, 1 - abs(x))


def _cubic(x: float) -> float:
    """Keys' cubic with a = -1/2 (1981)."""
    x = abs(x)
    if x < 1:
        return (1.5 * x - 2.5) * x * x + 1
    return ((2.5 - 0.5 * x) * x - 4) * x + 2 if x < 2 else 0.0


def _lanczos(x: float, radius: int) -> float:
    if abs(x) >= radius:
        return 0.0
    angle = math.pi * x
    return radius * math.sin(angle) * math.sin(angle / radius) / angle**2 if x else 1.0


#: Name: weight at a distance in pixels, and how far it reaches.
_KERNELS: dict[str, tuple[Callable[[float], float], int]] = {
    "bilinear": (_triangle, 1),
    "bicubic": (_cubic, 2),
    "lanczos3": (functools.partial(_lanczos, radius=3), 3),
    "lanczos5": (functools.partial(_lanczos, radius=5), 5),
}
INTERPOLATIONS = (*_KERNELS, "nearest", "area")


@functools.lru_cache(maxsize=64)
def _taps(before: int, after: int, interpolation: str, antialias: bool) -> list[Taps]:
    """The terms of each place of an axis of ``after`` pixels made of one of ``before``."""
    step = before / after
    if interpolation == "nearest":
        return [[(min(int((j + 0.5) * step), before - 1), 1.0)] for j in range(after)]
    if interpolation == "area":
        return [_covered(j * step, (j + 1) * step, before) for j in range(after)]
    kernel, radius = _KERNELS[interpolation]
    wide = max(step, 1.0) if antialias else 1.0
    taps = []
    for j in range(after):
        centre = (j + 0.5) * step - 0.5
        first = max(0, math.ceil(centre - radius * wide))
        last = min(before - 1, math.floor(centre + radius * wide))
        terms = [(i, kernel((i - centre) / wide)) for i in range(first, last + 1)]
        # What lies outside the image has no say, so the rest weighs more.
        total = math.fsum(w for _, w in terms)
        taps.append([(i, w / total) for i, w in terms if w])
    return taps


def _covered(begin: float, end: float, size: int) -> Taps:
    """Pixels by the share of each in a stretch of an axis."""
    terms = []
    for i in range(int(begin), min(size, math.ceil(end))):
        share = (min(end, i + 1) - max(begin, i)) / (end - begin)
        if share > 0:
            terms.append((i, share))
    return terms


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
    if len(sizes) != 2 or min(sizes) < 1:
        raise ValueError(f"{op}: size must be two positive ints (height, width), got {size!r}")
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            f"{op}: interpolation must be one of {', '.join(INTERPOLATIONS)}, got {interpolation!r}"
        )
    if min(x.shape[1:3]) < 1:
        raise ValueError(f"{op}: x must have a pixel at least, got shape {x.shape}")
    for axis, after in ((1, sizes[0]), (2, sizes[1])):
        before = x.shape[axis]
        if before != after:
            outer, inner = math.prod(x.shape[:axis]), math.prod(x.shape[axis + 1 :])
            flat = reshaped(x, (outer, before, inner))
            y = _resampled(flat, _taps(before, after, interpolation, bool(antialias)))
            x = reshaped(y, (*x.shape[:axis], after, *x.shape[axis + 1 :]))
    return x
