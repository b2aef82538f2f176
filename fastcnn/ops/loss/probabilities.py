"""From scores to probabilities: softmax, its logarithm, and sparsemax."""

from __future__ import annotations

from typing import Any, ClassVar

from fastcnn.graph.tensor import Node, Op, Tensor
from fastcnn.ops.common.axes import axis_of
from fastcnn.ops.common.public_operation import Operand, apply, operand, operation
from fastcnn.ops.elementwise.activation import SameShape
from fastcnn.ops.elementwise.arithmetic import exp, greater
from fastcnn.ops.movement.shaping import transpose
from fastcnn.ops.reduction.sums import sum

__all__ = ["log_softmax", "softmax", "sparsemax"]


class _Softmax(SameShape):
    """Along the last axis."""

    in_place = (0,)
    grad: ClassVar[Op]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        return [None if dy is None else apply(self.grad, Tensor(dy.spec, node), dy)[0]]


def _row_sum(x: Tensor) -> Tensor:
    """Sum over the last axis, which is kept."""
    total: Tensor = sum(x, axis=-1, keepdims=True)
    return total


class SoftmaxGrad(SameShape):
    """``y * (dy - sum(y * dy))``; inputs y, dy."""

    name = "softmax_grad"
    in_place = (1,)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None]
        y, dy = node.inputs
        return [g * (dy - _row_sum(y * dy)) - dy * _row_sum(g * y), apply(self, y, g)[0]]


class LogSoftmaxGrad(SameShape):
    """``dy - exp(y) * sum(dy)``; inputs y, dy."""

    name = "log_softmax_grad"
    in_place = (1,)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None]
        y, dy = node.inputs
        p = exp(y)
        return [-(g * p * _row_sum(dy)), g - _row_sum(g * p)]


class Softmax(_Softmax):
    """``exp(x)`` divided by its sum."""

    name = "softmax"
    grad = SoftmaxGrad()


class LogSoftmax(_Softmax):
    """Logarithm of softmax."""

    name = "log_softmax"
    grad = LogSoftmaxGrad()


class Sparsemax(SameShape):
    """The nearest point whose elements are at least 0 and sum to 1, along the last axis."""

    name = "sparsemax"

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        # What moves together: dy less its mean, both over elements above 0.
        above: Tensor = greater(Tensor(dy.spec, node), 0.0)
        return [above * (dy - _row_sum(above * dy) / _row_sum(above))]


def _along(op: Op, x: Operand, axis: Any) -> Tensor:
    x = operand(op.name, "x", x)
    where = axis_of(op.name, axis, x.ndim)
    if where == x.ndim - 1:
        return apply(op, x)[0]
    swapped = list(range(x.ndim))
    swapped[where], swapped[-1] = swapped[-1], swapped[where]
    moved: Tensor = transpose(x, tuple(swapped))
    result: Tensor = transpose(apply(op, moved)[0], tuple(swapped))
    return result


@operation
def softmax(x: Operand, axis: int = -1) -> Any:
    """``exp(x)`` divided by its sum along an axis. Layer: Softmax.

    Args:
        x: Rank 1 or more, float32; array or Tensor.
        axis: Along which results sum to 1; negative counts from the end. The last is fastest.

    Raises:
        TypeError: x is not float32.
        ValueError: No such axis.
    """
    return _along(Softmax(), x, axis)


@operation
def log_softmax(x: Operand, axis: int = -1) -> Any:
    """Logarithm of :func:`softmax`, without leaving the logarithm. Arguments as there."""
    return _along(LogSoftmax(), x, axis)


@operation
def sparsemax(x: Operand, axis: int = -1) -> Any:
    """The nearest probabilities: ``max(x - tau, 0)``, many of them 0, which sum to 1 along an axis.

    Martins & Astudillo, "From Softmax to Sparsemax" (2016). A row with a NaN, or whose largest
    element is not finite, becomes NaN.

    Args:
        x: Rank 1 or more, float32; array or Tensor.
        axis: Along which results sum to 1; negative counts from the end. The last is fastest.

    Raises:
        TypeError: x is not float32.
        ValueError: No such axis.

    Example:
        >>> import numpy as np
        >>> sparsemax(np.array([1.0, 0.5, -1.0], np.float32))
        array([0.75, 0.25, 0.  ], dtype=float32)
    """
    return _along(Sparsemax(), x, axis)
