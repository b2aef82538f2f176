"""Which elements are largest. No gradients."""

from __future__ import annotations

import operator
from typing import Any

from fastcnn.graph.tensor import Op, Spec
from fastcnn.ops.common.axes import axis_of
from fastcnn.ops.common.public_operation import Labels, Operand, apply, operand, operation
from fastcnn.ops.loss.crossentropy import label_rows

__all__ = ["argmax", "in_top_k"]


class ArgMax(Op):
    """Index of the largest along an axis."""

    name = "argmax"
    non_differentiable = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        axis = attrs["axis"]
        return (Spec(inputs[0].shape[:axis] + inputs[0].shape[axis + 1 :], "int64"),)


class InTopK(Op):
    """Whether labels are among the largest scores; inputs labels, scores."""

    name = "in_top_k"
    non_differentiable = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(inputs[1].shape[:-1]),)


@operation
def argmax(x: Operand, *, axis: int = -1) -> Any:
    """Index of the largest element: the first of equal ones, the first NaN if there is one.

    Args:
        x: Rank 1 or more, any dtype; array or Tensor.
        axis: Along which to look; negative counts from the end. It is dropped.

    Returns:
        int64: an array for arrays, else a Tensor.

    Raises:
        ValueError: No such axis, or it is empty.
    """
    op = ArgMax.name
    x = operand(op, "x", x, dtype=None)
    where = axis_of(op, axis, x.ndim)
    if x.shape[where] == 0 and 0 not in x.shape[:where] + x.shape[where + 1 :]:
        raise ValueError(f"{op}: axis {where} of x {x.shape} is empty and has no largest element")
    return apply(ArgMax(), x, axis=where)[0]


@operation
def in_top_k(y_true: Labels, y_pred: Operand, k: int) -> Any:
    """1.0 where fewer than ``k`` classes score above the label's, else 0.0.

    Args:
        y_true: Labels ``(...)`` or ``(..., 1)``, any integer dtype; array or Tensor.
        y_pred: Scores ``(..., classes)``, float32. NaN counts as above any number.
        k: One or more.

    Returns:
        ``(...)``, float32. A label that is not a class, or is scored NaN, is not a hit.

    Raises:
        TypeError: Labels are not integers, scores are not float32, or ``k`` is not an int.
        ValueError: Shapes do not fit, or ``k`` is less than 1.
    """
    op = InTopK.name
    y_pred = operand(op, "y_pred", y_pred)
    labels = label_rows(op, y_true, y_pred)
    try:
        count = operator.index(k)
    except TypeError:
        raise TypeError(f"{op}: k must be an int, got {k!r}") from None
    if count < 1:
        raise ValueError(f"{op}: k must be 1 or more, got {count}")
    # More than all classes is as good as all of them.
    return apply(InTopK(), labels, y_pred, k=min(count, max(y_pred.shape[-1], 1)))[0]
