"""Matrix products and dense layers."""

from __future__ import annotations

from typing import Any

from fastcnn.graph.tensor import Node, Spec, Tensor
from fastcnn.ops.common.epilogue import EpilogueOp
from fastcnn.ops.common.public_operation import Operand, apply, operand, operation
from fastcnn.ops.elementwise.activation import ACTIVATIONS, activation_grad, check_activation
from fastcnn.ops.movement.shaping import reshape
from fastcnn.ops.reduction.sums import sum_to_last

__all__ = ["dense", "matmul"]


class Matmul(EpilogueOp):
    """Inputs a, b and those of the epilogue."""

    name = "matmul"
    linear = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        a, b = inputs[:2]
        return (Spec((a.shape[attrs["transpose_a"]], b.shape[0 if attrs["transpose_b"] else 1])),)

    def fuses_activation(self, node: Node, activation: str) -> bool:
        return super().fuses_activation(node, activation) and not node.attrs["transpose_a"]

    def kernel_channel_axis(self, node: Node) -> int | None:
        """The columns of ``op(b)``."""
        return -2 if node.attrs["transpose_b"] else -1

    def macs(self, *inputs: Spec, **attrs: Any) -> int:
        (y,) = self.infer(*inputs, **attrs)
        return y.elements * inputs[0].shape[0 if attrs["transpose_a"] else 1]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dc = grads[0]
        if dc is None:
            return [None] * len(node.inputs)
        a, b = node.inputs[:2]
        dz = activation_grad(node.attrs["activation"], Tensor(dc.spec, node), dc)
        if node.attrs["transpose_a"] and node.attrs["transpose_b"]:  # c = a' b'
            da = product(b, dz, transpose_a=True, transpose_b=True)
            db = product(dz, a, transpose_a=True, transpose_b=True)
        elif node.attrs["transpose_a"]:  # c = a' b
            da, db = product(b, dz, transpose_b=True), product(a, dz)
        elif node.attrs["transpose_b"]:  # c = a b'
            da, db = product(dz, b), product(dz, a, transpose_a=True)
        else:
            da, db = product(dz, b, transpose_b=True), product(a, dz, transpose_a=True)
        grads_of_inputs: list[Tensor | None] = [da, db, sum_to_last(dz)]
        return grads_of_inputs[: len(node.inputs)]


def product(
    a: Tensor,
    b: Tensor,
    *bias: Tensor,
    transpose_a: bool = False,
    transpose_b: bool = False,
    activation: str = "none",
) -> Tensor:
    """The step itself, on operands that fit."""
    return apply(
        Matmul(),
        a,
        b,
        *bias,
        transpose_a=transpose_a,
        transpose_b=transpose_b,
        activation=activation,
    )[0]


@operation
def matmul(a: Operand, b: Operand, *, transpose_a: bool = False, transpose_b: bool = False) -> Any:
    """Product of two matrices.

    Args:
        a: ``(m, k)``, float32.
        b: ``(k, n)``, float32.
        transpose_a: ``a`` is given as ``(k, m)``.
        transpose_b: ``b`` is given as ``(n, k)``.

    Returns:
        ``(m, n)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: An operand is not a matrix, or they do not fit each other.
    """
    op = Matmul.name
    a = operand(op, "a", a, rank=2)
    b = operand(op, "b", b, rank=2)
    inner_a, inner_b = a.shape[0 if transpose_a else 1], b.shape[1 if transpose_b else 0]
    if inner_a != inner_b:
        raise ValueError(
            f"{op}: a {a.shape}{' transposed' if transpose_a else ''} and b {b.shape}"
            f"{' transposed' if transpose_b else ''} do not fit: {inner_a} columns meet "
            f"{inner_b} rows"
        )
    return product(a, b, transpose_a=bool(transpose_a), transpose_b=bool(transpose_b))


@operation
def dense(
    x: Operand, kernel: Operand, bias: Operand | None = None, *, activation: str | None = None
) -> Any:
    """``activation(x @ kernel + bias)`` over the last axis of x. Layer: Dense.

    Args:
        x: ``(..., inputs)``, float32, rank 1 or more.
        kernel: ``(inputs, units)``, float32.
        bias: ``(units,)``, float32, or None.
        activation: ``"relu"``, ``"sigmoid"`` or ``"tanh"``, computed before the result is first
            stored; None for none.

    Returns:
        ``(..., units)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Shapes do not fit; says what was expected.
    """
    op = "dense"
    x = operand(op, "x", x)
    kernel = operand(op, "kernel", kernel, rank=2)
    biases = [] if bias is None else [operand(op, "bias", bias, rank=1)]
    if x.ndim < 1 or x.shape[-1] != kernel.shape[0]:
        raise ValueError(
            f"{op}: x {x.shape} must end in {kernel.shape[0]}, as kernel {kernel.shape} expects"
        )
    if biases and biases[0].shape != (kernel.shape[1],):
        raise ValueError(f"{op}: bias must have shape ({kernel.shape[1]},), got {biases[0].shape}")
    activation = check_activation(op, activation, ACTIVATIONS)
    if x.ndim == 2:
        return product(x, kernel, *biases, activation=activation)
    rows = 1
    for size in x.shape[:-1]:
        rows *= size
    flat = product(reshape(x, (rows, x.shape[-1])), kernel, *biases, activation=activation)
    return reshape(flat, (*x.shape[:-1], kernel.shape[1]))
