"""Tables of what occurs together."""

from __future__ import annotations

from typing import Any

from fastcnn.graph.tensor import Op, Spec
from fastcnn.ops.common.axes import integers
from fastcnn.ops.common.operation import Operand, apply, operand, operation
from fastcnn.ops.elementwise.conversion import label_operand

__all__ = ["pair_sums"]


class PairSums(Op):
    """Sums of weights by pairs of numbers; inputs rows, columns, weights."""

    name = "pair_sums"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["size"])),)


@operation
def pair_sums(rows: Operand, columns: Operand, weights: Operand, size: Any) -> Any:
    """Table of ``y[r, c]``, the sum of weights of pairs ``(r, c)``: a weighted confusion matrix.

    Args:
        rows: ``(n,)``, any integer dtype; array or Tensor.
        columns: ``(n,)``, any integer dtype. Pairs outside of the table are left out.
        weights: ``(n,)``, float32.
        size: Rows and columns of the table.

    Returns:
        ``size``, float32. Sums are kept in float64. There is no gradient.

    Raises:
        TypeError: Rows or columns are no integers, or weights are not float32.
        ValueError: Lengths differ, or ``size`` is no pair of sizes.

    Example:
        >>> import numpy as np
        >>> pair_sums(np.array([0, 1, 1]), np.array([1, 0, 0]), np.ones(3, np.float32), (2, 2))
        array([[0., 1.],
               [2., 0.]], dtype=float32)
    """
    op = PairSums.name
    first, second = label_operand(op, "rows", rows), label_operand(op, "columns", columns)
    third = operand(op, "weights", weights, rank=1)
    if not first.shape == second.shape == third.shape:
        raise ValueError(
            f"{op}: rows, columns and weights must be vectors of one length, got shapes "
            f"{first.shape}, {second.shape} and {third.shape}"
        )
    sizes = integers(op, "size", size)
    if len(sizes) != 2 or min(sizes) < 0:
        raise ValueError(f"{op}: size must be two sizes of 0 or more, got {sizes}")
    return apply(PairSums(), first, second, third, size=sizes)[0]
