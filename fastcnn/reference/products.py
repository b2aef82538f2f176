"""Matrix products."""

from __future__ import annotations

from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import ACTIVATIONS, Float64, float64

__all__ = [
    "dense",
    "matmul",
]


def matmul(
    a: ArrayLike, b: ArrayLike, *, transpose_a: bool = False, transpose_b: bool = False
) -> Float64:
    """Product of two matrices, each transposed first if asked."""
    a, b = float64(a), float64(b)
    return (a.T if transpose_a else a) @ (b.T if transpose_b else b)


def dense(
    x: ArrayLike, kernel: ArrayLike, bias: ArrayLike | None = None, *, activation: str | None = None
) -> Float64:
    """``activation(x @ kernel + bias)`` over the last axis: ``(..., in)`` gives ``(..., out)``."""
    y = float64(x) @ float64(kernel)
    if bias is not None:
        y = y + float64(bias)
    return ACTIVATIONS[activation](y)
