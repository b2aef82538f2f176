"""Norms of gradients, and the orthogonal matrices nearest to them, for optimizers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.graph.tensor import Op, Spec, Tensor
from fastcnn.ops.common.public_operation import Operand, apply, operand
from fastcnn.ops.elementwise.arithmetic import add, divide, sqrt
from fastcnn.ops.movement.shaping import transpose
from fastcnn.ops.products.linear import matmul

__all__ = ["JORDAN", "orthogonalized", "sum_of_squares"]

#: Coefficients of the quintic iteration of Jordan et al. (2024): steepest at 0.
JORDAN = (3.4445, -4.775, 2.0315)


class SumOfSquares(Op):
    """Inputs x and maybe what is first added to it; a scalar."""

    name = "sum_of_squares"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(()),)


class ScaleDiagonal(Op):
    """A square matrix times ``scale``, with ``diagonal`` added on its diagonal."""

    name = "scale_diagonal"
    in_place = (0,)

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs


def sum_of_squares(x: Operand, addend: Operand | None = None) -> Tensor:
    """Sum of ``(x + addend) ** 2``, a scalar Tensor, in one pass over memory.

    Args:
        x: Any shape, float32.
        addend: The same shape, or None for 0.

    Raises:
        TypeError: Another dtype.
        ValueError: Another shape.
    """
    tensors = [operand("sum_of_squares", "x", x)]
    if addend is not None:
        tensors.append(operand("sum_of_squares", "addend", addend))
        if tensors[1].shape != tensors[0].shape:
            raise ValueError(
                f"sum_of_squares: addend must have x's shape {tensors[0].shape}, got "
                f"{tensors[1].shape}"
            )
    return apply(SumOfSquares(), *tensors)[0]


def _with_diagonal(x: Tensor, scale: float, diagonal: float) -> Tensor:
    return apply(ScaleDiagonal(), x, scale=float(scale), diagonal=float(diagonal))[0]


def orthogonalized(
    x: Operand, *, steps: int = 5, coefficients: tuple[float, float, float] = JORDAN
) -> Tensor:
    """About the orthogonal matrix ``u @ v.T`` of ``x = u @ diag(s) @ v.T``.

    Newton-Schulz iteration (Jordan et al., 2024): divided by its norm, ``x = a * x + (b * s + c *
    s @ s) @ x`` with ``s = x @ x.T`` moves all singular values towards 1; with the coefficients of
    that paper five steps bring them to between about 0.7 and 1.2. It is computed as ``(a + (b + c *
    s) @ s) @ x``, on the smaller side of x, so that what is not a product passes over squares of
    the smaller side alone.

    Args:
        x: A matrix, float32.
        steps: Number of iterations.
        coefficients: ``(a, b, c)``.

    Raises:
        TypeError: x is not float32.
        ValueError: x is not a matrix.
    """
    x = operand("orthogonalized", "x", x, rank=2)
    a, b, c = coefficients
    tall = x.shape[0] > x.shape[1]
    wide: Tensor = transpose(x, (1, 0)) if tall else x
    norm = add(sqrt(sum_of_squares(wide)), np.float32(1e-7))
    wide = divide(wide, norm)
    for _ in range(steps):
        square = matmul(wide, wide, transpose_b=True)
        inner = _with_diagonal(square, c, b)
        wide = matmul(_with_diagonal(matmul(inner, square), 1.0, a), wide)
    return transpose(wide, (1, 0)) if tall else wide
