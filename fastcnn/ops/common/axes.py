"""Axes, shapes and other whole numbers of operations, checked in one place."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

__all__ = ["axes_of", "axis_of", "integers", "product"]


def product(sizes: Sequence[int]) -> int:
    """Product of sizes; 1 for none."""
    result = 1
    for size in sizes:
        result *= size
    return result


def integers(op: str, name: str, values: Any) -> tuple[int, ...]:
    """One int or a sequence of ints as a tuple.

    Raises:
        TypeError: Something that is not an int.
    """
    items = values if hasattr(values, "__iter__") and not isinstance(values, str) else (values,)
    try:
        return tuple(operator.index(item) for item in items)
    except TypeError:
        raise TypeError(f"{op}: {name} must be ints, got {values!r}") from None


def axis_of(op: str, axis: Any, rank: int) -> int:
    """An axis counted from the front; negative ones count from the end.

    Raises:
        TypeError: No int.
        ValueError: No such axis.
    """
    try:
        number = operator.index(axis)
    except TypeError:
        raise TypeError(f"{op}: axis must be an int, got {axis!r}") from None
    if not -rank <= number < rank:
        raise ValueError(
            f"{op}: axis must be from {-rank} to {rank - 1} for rank {rank}, got {number}"
            if rank
            else f"{op}: axis {number} does not exist, the operand is a scalar"
        )
    return number % rank


def axes_of(op: str, axes: Any, rank: int) -> tuple[int, ...]:
    """One axis, several or all (None), ascending and counted from the front.

    Raises:
        TypeError, ValueError: No ints, no such axis, or one named twice.
    """
    if axes is None:
        return tuple(range(rank))
    found = sorted(axis_of(op, axis, rank) for axis in integers(op, "axis", axes))
    if len(set(found)) != len(found):
        raise ValueError(f"{op}: axis names one axis twice: {axes}")
    return tuple(found)
