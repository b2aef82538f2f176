"""Sums along axes and repetition along axes: each is the gradient of the other."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.graph.variable import constant
from fastcnn.ops.common.axes import axes_of, integers, product
from fastcnn.ops.common.public_operation import Operand, apply, operand, operation
from fastcnn.ops.movement.shaping import reshaped

__all__ = [
    "broadcast_to",
    "mean",
    "sum",
]


class Sum(Op):
    """x as ``(outer, reduced, inner)`` summed over the middle, times ``scale``; y is flat."""

    name = "sum"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec((attrs["outer"] * attrs["inner"],)),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        outer, reduced, inner = (node.attrs[name] for name in ("outer", "reduced", "inner"))
        if node.attrs["scale"] != 1.0:
            # Before it is repeated: fewer elements.
            dy = _middle_sum(dy, outer * inner, 1, 1, scale=node.attrs["scale"])
        dx = _repeated(reshaped(dy, (outer, 1, inner)), (outer, reduced, inner))
        return [reshaped(dx, node.inputs[0].shape)]

    def attrs_for(self, node: Node, *inputs: Spec) -> Mapping[str, Any]:
        """The sum over the same axes."""
        old, new = node.inputs[0].shape, inputs[0].shape

        def parts(shape: Sequence[int], first: int, last: int) -> dict[str, int]:
            return {
                "outer": product(shape[:first]),
                "reduced": product(shape[first:last]),
                "inner": product(shape[last:]),
            }

        own = {name: node.attrs[name] for name in ("outer", "reduced", "inner")}
        found = [
            parts(new, first, last)
            for first in range(len(old) + 1)
            for last in range(first, len(old) + 1)
            if len(new) == len(old) and parts(old, first, last) == own
        ]
        if not found or any(each != found[0] for each in found):
            raise ValueError(f"which axes of {old} are summed does not show for {new}")
        return {**node.attrs, **found[0]}


class BroadcastTo(Op):
    """x repeated along new leading axes and along its axes of size 1."""

    name = "broadcast_to"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"]), inputs[0].dtype),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        return [None if dy is None else sum_to_shape(dy, node.inputs[0].shape)]


def _middle_sum(x: Tensor, outer: int, reduced: int, inner: int, *, scale: float = 1.0) -> Tensor:
    return apply(Sum(), x, outer=outer, reduced=reduced, inner=inner, scale=scale)[0]


def _repeated(x: Tensor, shape: Sequence[int]) -> Tensor:
    return x if x.shape == tuple(shape) else apply(BroadcastTo(), x, shape=tuple(shape))[0]


def _sum_over(x: Tensor, axes: Sequence[int], *, scale: float = 1.0) -> Tensor:
    """Sum over ascending axes, which are dropped; each run of neighbours is one step."""
    shape = list(x.shape)
    reducing = set(axes)
    end = len(shape)
    # From the back, where what lies before a run keeps its place.
    while end > 0:
        if end - 1 not in reducing:
            end -= 1
            continue
        first = end - 1
        while first > 0 and first - 1 in reducing:
            first -= 1
        outer, inner = product(shape[:first]), product(shape[end:])
        reduced = product(shape[first:end])
        reducing -= set(range(first, end))
        # The scale goes into the last run, which has the fewest elements.
        x = _middle_sum(x, outer, reduced, inner, scale=1.0 if reducing else scale)
        shape = shape[:first] + shape[end:]
        x = reshaped(x, shape)
        end = first
    return x


def sum_to_last(x: Tensor) -> Tensor:
    """Sum over all axes but the last: the gradient of a bias."""
    return _middle_sum(x, 1, product(x.shape[:-1]), x.shape[-1])


def sum_to_shape(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Sum over what broadcasting from ``shape`` to x's shape repeated."""
    lead = x.ndim - len(shape)
    axes = [
        axis
        for axis, size in enumerate(x.shape)
        if axis < lead or (shape[axis - lead] == 1 and size != 1)
    ]
    return reshaped(_sum_over(x, axes), shape) if axes else x


def _reduce(op: str, x: Operand, axis: Any, keepdims: bool, average: bool) -> Tensor:
    x = operand(op, "x", x)
    axes = axes_of(op, axis, x.ndim)
    kept = [1 if i in axes else size for i, size in enumerate(x.shape)]
    count = product([x.shape[i] for i in axes])
    # Nothing times infinity: the mean of nothing is NaN.
    scale = (1.0 / count if count else math.inf) if average else 1.0
    y = _sum_over(x, axes, scale=scale)
    return reshaped(y, kept) if keepdims else y


@operation
def sum(x: Operand, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Sum along axes; 0 over nothing.

    Args:
        x: Any shape, float32; array or Tensor.
        axis: One axis, several or all (None); negative ones count from the end.
        keepdims: Keep summed axes with size 1.

    Returns:
        float32: an array for arrays, else a Tensor. The order of additions depends on shapes
        alone, never on the number of threads.

    Raises:
        TypeError: x is not float32.
        ValueError: No such axis, or one named twice.
    """
    return _reduce("sum", x, axis, keepdims, False)


@operation
def mean(x: Operand, *, axis: Any = None, keepdims: bool = False) -> Any:
    """Mean along axes; NaN over nothing. Arguments as for :func:`sum`."""
    return _reduce("mean", x, axis, keepdims, True)


#: Elements up to which a filled array is made while the graph is built, where passes can use it.
_MADE_AT_ONCE = 1 << 16


def filled(shape: Sequence[int], value: float) -> Tensor:
    """Equal numbers, float32. What a shape announces takes memory only when a Program runs."""
    if product(shape) <= _MADE_AT_ONCE:
        return constant(np.full(shape, value, np.float32))
    return _repeated(constant(np.float32(value)), tuple(shape))


@operation
def broadcast_to(x: Operand, shape: Any) -> Any:
    """Repeats x along new leading axes and along its axes of size 1.

    Args:
        x: Any shape and dtype; array or Tensor.
        shape: Sizes of the result.

    Raises:
        ValueError: x does not fit, by NumPy's rules.
    """
    op = BroadcastTo.name
    x = operand(op, "x", x, dtype=None)
    sizes = integers(op, "shape", shape)
    tail = sizes[len(sizes) - x.ndim :] if x.ndim else ()
    if (
        x.ndim > len(sizes)
        or any(size < 0 for size in sizes)
        or any(a not in (1, b) for a, b in zip(x.shape, tail, strict=True))
    ):
        raise ValueError(f"{op}: x {x.shape} does not broadcast to shape {sizes}")
    return _repeated(x, sizes)
