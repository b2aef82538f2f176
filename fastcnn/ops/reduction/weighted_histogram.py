"""Histograms of pairs."""

from __future__ import annotations

from typing import Any

from fastcnn._deprecation import renamed_arguments
from fastcnn.graph.tensor import Op, Spec
from fastcnn.ops.common.axes import integers
from fastcnn.ops.common.public_operation import Labels, Operand, apply, operand, operation
from fastcnn.ops.elementwise.conversion import label_operand

__all__ = ["weighted_histogram_2d"]


class WeightedHistogram2D(Op):
    """Sums of weights by pairs of numbers; inputs row_indices, column_indices, weights."""

    name = "weighted_histogram_2d"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["size"])),)


@renamed_arguments(rows="row_indices", columns="column_indices")
@operation
def weighted_histogram_2d(
    row_indices: Labels, column_indices: Labels, weights: Operand, size: Any
) -> Any:
    """Weighted histogram of pairs: ``y[r, c]`` is the sum of weights of the pairs ``(r, c)``.

    Of labels and predictions it is a weighted confusion matrix.

    Args:
        row_indices: ``(n,)``, any integer dtype; array or Tensor.
        column_indices: ``(n,)``, any integer dtype. Pairs outside of the table are left out.
        weights: ``(n,)``, float32.
        size: Rows and columns of the table.

    Returns:
        ``size``, float32. Sums are kept in float64. There is no gradient.

    Raises:
        TypeError: Row or column indices are not integers, or weights are not float32.
        ValueError: Lengths differ, or ``size`` is not a pair of sizes.

    Example:
        >>> import numpy as np
        >>> weights = np.ones(3, np.float32)
        >>> weighted_histogram_2d(np.array([0, 1, 1]), np.array([1, 0, 0]), weights, (2, 2))
        array([[0., 1.],
               [2., 0.]], dtype=float32)
    """
    op = WeightedHistogram2D.name
    first, second = (
        label_operand(op, "row_indices", row_indices),
        label_operand(op, "column_indices", column_indices),
    )
    third = operand(op, "weights", weights, rank=1)
    if not first.shape == second.shape == third.shape:
        raise ValueError(
            f"{op}: row_indices, column_indices and weights must be vectors of one length, got "
            f"shapes {first.shape}, {second.shape} and {third.shape}"
        )
    sizes = integers(op, "size", size)
    if len(sizes) != 2 or min(sizes) < 0:
        raise ValueError(f"{op}: size must be two sizes of 0 or more, got {sizes}")
    return apply(WeightedHistogram2D(), first, second, third, size=sizes)[0]
