"""Checks of operands and settings that convolution and its transpose share."""

from __future__ import annotations

from typing import Any

from fastcnn.graph.tensor import Tensor
from fastcnn.ops.common.public_operation import Operand, operand
from fastcnn.ops.common.window import (
    Window,
)

__all__ = ["ALGORITHMS", "bias_operand", "check_groups", "checked_algorithm"]


#: Algorithms that a convolution can be asked for.
ALGORITHMS = ("auto", "direct", "winograd", "winograd_2x2", "winograd_4x4")


def checked_algorithm(
    op: str, algorithm: str, size: tuple[int, ...], window: Window, groups: int
) -> str:
    """``algorithm``, if it can compute such a convolution.

    Raises:
        ValueError: It cannot, or there is none of this name.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(
            f"{op}: algorithm must be one of {', '.join(map(repr, ALGORITHMS))}, got {algorithm!r}"
        )
    plain = window.strides == window.dilation == (1, 1) and groups == 1
    if algorithm.startswith("winograd") and not (plain and tuple(size) == (3, 3)):
        raise ValueError(
            f"{op}: algorithm {algorithm!r} computes 3x3 windows with stride 1, dilation 1 and one "
            f"group, got {'x'.join(map(str, size))} with strides {window.strides}, dilation "
            f"{window.dilation} and {groups} groups; use 'auto' or 'direct'"
        )
    return algorithm


def check_groups(op: str, groups: Any, channels: int, filters: int) -> None:
    """Check that channels and filters can be split into groups.

    Raises:
        ValueError: They cannot.
    """
    if not isinstance(groups, int) or groups < 1:
        raise ValueError(f"{op}: groups must be a positive int, got {groups!r}")
    if channels % groups or filters % groups:
        raise ValueError(
            f"{op}: {channels} channels and {filters} filters cannot be split into {groups} groups"
        )


def bias_operand(op: str, bias: Operand | None, filters: int) -> list[Tensor]:
    """The bias in a list, or an empty one for None.

    Raises:
        ValueError: Its shape is not that of one number for each filter.
    """
    if bias is None:
        return []
    bias = operand(op, "bias", bias, rank=1)
    if bias.shape != (filters,):
        raise ValueError(f"{op}: bias must have shape ({filters},), got {bias.shape}")
    return [bias]
