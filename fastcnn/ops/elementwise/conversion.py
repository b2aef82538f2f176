"""Operations that change the dtype of what they are given."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.public_operation import DTYPES, Labels, Operand, apply, operand, operation

__all__ = [
    "cast",
    "one_hot",
    "rescale",
]


class Cast(Op):
    """The nearest thing in another dtype."""

    name = "cast"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(inputs[0].shape, attrs["dtype"]),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        # Only float32 values carry gradients.
        return [grads[0] if node.inputs[0].spec.dtype == node.attrs["dtype"] else None]


class Rescale(Op):
    """``x * scale + offset`` as float32."""

    name = "rescale"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(inputs[0].shape),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None or node.inputs[0].spec.dtype != "float32":
            return [None]
        return [apply(Rescale(), dy, scale=node.attrs["scale"], offset=0.0)[0]]


class OneHot(Op):
    """1 at each label along a new last axis."""

    name = "one_hot"
    non_differentiable = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec((*inputs[0].shape, attrs["depth"])),)


def label_operand(op: str, name: str, value: Any) -> Tensor:
    """Class indices as a Tensor.

    Raises:
        TypeError: They are not integers.
    """
    if isinstance(value, int | list | tuple):
        value = np.asarray(value)
    labels = operand(op, name, value, dtype=None)
    if labels.dtype.kind not in "iu":
        raise TypeError(
            f"{op}: {name} must hold integer labels, got {labels.spec.dtype}; "
            "use .astype('int64') or ops.cast"
        )
    return labels


@operation
def cast(x: Operand, dtype: npt.DTypeLike) -> Any:
    """``x`` in another dtype.

    Floats become integers towards zero; what does not fit becomes the nearest integer that does,
    and NaN becomes 0. Integers that do not fit wrap around. As bool, anything but 0 is true.

    Args:
        x: Any shape and dtype; array or Tensor.
        dtype: ``"float32"``, ``"float64"``, ``"bool"`` or any integer dtype.

    Raises:
        TypeError: Another dtype.
    """
    op = Cast.name
    x = operand(op, "x", x, dtype=None)
    try:
        name = np.dtype(dtype).name
    except TypeError:
        name = str(dtype)
    if name not in DTYPES:
        raise TypeError(f"{op}: dtype must be one of {', '.join(DTYPES)}, got {name}")
    return x if x.spec.dtype == name else apply(Cast(), x, dtype=name)[0]


def _real(op: str, name: str, value: Any) -> float:
    if isinstance(value, str) or not hasattr(value, "__float__"):
        raise TypeError(f"{op}: {name} must be a number, got {value!r}")
    return checked_float32(op, name, value)


@operation
def rescale(x: Operand, scale: float, offset: float = 0.0) -> Any:
    """``x * scale + offset``. Layer: Rescaling.

    Args:
        x: Any shape and dtype (images are often uint8); array or Tensor.
        scale: Factor.
        offset: Added afterwards.

    Returns:
        float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: ``scale`` or ``offset`` is not a number.
        ValueError: One of them is not finite in float32.
    """
    op = Rescale.name
    x = operand(op, "x", x, dtype=None)
    return apply(Rescale(), x, scale=_real(op, "scale", scale), offset=_real(op, "offset", offset))[
        0
    ]


@operation
def one_hot(labels: Labels, depth: int) -> Any:
    """1.0 at each label along a new last axis, 0.0 elsewhere and where the label is not a class.

    Args:
        labels: Any shape, any integer dtype; array or Tensor.
        depth: Number of classes.

    Returns:
        ``(*labels.shape, depth)``, float32.

    Raises:
        TypeError: ``labels`` are not integers, or ``depth`` is none.
        ValueError: ``depth`` is negative, or the result would be too large.
    """
    op = OneHot.name
    labels = label_operand(op, "labels", labels)
    try:
        classes = operator.index(depth)
    except TypeError:
        raise TypeError(f"{op}: depth must be an int, got {depth!r}") from None
    if classes < 0:
        raise ValueError(f"{op}: depth must be zero or more, got {classes}")
    return apply(OneHot(), labels, depth=classes)[0]
