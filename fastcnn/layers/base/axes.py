"""Several axes of an input treated as one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.layers.base.layer import Layer

__all__ = ["along_last", "axes_of"]


def axes_of(layer: Layer, axis: int | Sequence[int], rank: int) -> list[int]:
    """Axes counted from the front.

    Raises:
        ValueError: No such axis, or one named twice.
    """
    axes = [axis] if isinstance(axis, int) else list(axis)
    if any(not -rank <= a < rank for a in axes) or len({a % rank for a in axes}) < len(axes):
        raise ValueError(
            f"layer {layer.name!r}: {type(layer).__name__} has axis={axis}; an input of rank "
            f"{rank} has axes {-rank} to {rank - 1}, each to be named once"
        )
    return sorted(a % rank for a in axes)


def along_last(x: Any, axes: Sequence[int], normalize: Callable[[Any], Any]) -> Any:
    """``normalize(x)`` with these axes as the last ones."""
    others = [axis for axis in range(x.ndim) if axis not in axes]
    order = [*others, *axes]
    if order == list(range(x.ndim)):
        return normalize(x)
    return ops.transpose(normalize(ops.transpose(x, order)), np.argsort(order).tolist())
