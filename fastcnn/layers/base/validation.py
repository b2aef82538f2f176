"""Checks of constructor arguments, and of descriptions, that several layers share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn.ops.common.public_operation import DTYPES
from fastcnn.ops.common.window import Padding, explicit_sides

__all__ = [
    "axis_pairs",
    "channels_last",
    "choice",
    "known_dtype",
    "positive_int",
    "spatial_rank",
    "window_padding",
]


def positive_int(value: Any, name: str, owner: str) -> int:
    """``value`` as an int of at least 1.

    Raises:
        ValueError: It is not one.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{owner}: {name} must be a positive integer, got {value!r}")
    return int(value)


def choice(value: Any, name: str, choices: Sequence[str], owner: str) -> str:
    """``value`` in lower case.

    Raises:
        ValueError: It is none of ``choices``.
    """
    text = value.lower() if isinstance(value, str) else value
    if text not in choices:
        listed = ", ".join(repr(item) for item in choices)
        raise ValueError(f"{owner}: {name} must be one of {listed}, got {value!r}")
    return str(text)


def window_padding(value: Any, choices: Sequence[str], rank: int, owner: str) -> Padding:
    """Padding around the axes of an image: the name of a rule in lower case, or (before, after)
    of each axis in pixels.

    Raises:
        ValueError: A rule that is none of ``choices``, or pixels for another number of axes.
        TypeError: Pixels that are no ints.
    """
    if isinstance(value, str):
        text = value.lower()
        if text in choices:
            return text
        listed = ", ".join(repr(item) for item in choices)
        raise ValueError(
            f"{owner}: padding must be one of {listed}, or numbers of pixels, got {value!r}"
        )
    return tuple(explicit_sides(owner, value, rank))


def channels_last(data_format: str | None, owner: str) -> str:
    """The one layout of images there is.

    Raises:
        ValueError: Another one is asked for.
    """
    if data_format not in (None, "channels_last"):
        raise ValueError(
            f"{owner}: only data_format='channels_last' is supported, got {data_format!r}. "
            "Transpose the images: numpy.moveaxis(x, 1, -1)"
        )
    return "channels_last"


def spatial_rank(layer: Any, shape: Sequence[Any], rank: int) -> None:
    """Check that an input has ``rank`` axes between the batch and the channels.

    Raises:
        ValueError: It has another number.
    """
    if len(shape) != rank + 2:
        wanted = {
            1: "sequences (batch, steps, channels)",
            2: "images (batch, height, width, channels)",
            3: "volumes (batch, depth, height, width, channels)",
        }[rank]
        raise ValueError(
            f"layer {layer.name!r}: {type(layer).__name__} takes {wanted}, got shape "
            f"{tuple(shape)}; a missing channel axis is added by x[..., None]"
        )


Pairs = tuple[tuple[int, int], ...]


def is_count(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 0)


def axis_pairs(owner: str, name: str, value: Any, rank: int) -> Pairs:
    """``value`` as (before, after) of each axis: one int, an int for each axis, or such pairs.

    Raises:
        ValueError: Something else.
    """
    items = [value] * rank if is_count(value) else value
    if rank == 1 and isinstance(items, list | tuple) and len(items) == 2:
        items = [items]
    if isinstance(items, list | tuple) and len(items) == rank:
        pairs = [(item, item) if is_count(item) else item for item in items]
        if all(
            isinstance(pair, list | tuple) and len(pair) == 2 and all(map(is_count, pair))
            for pair in pairs
        ):
            return tuple((int(before), int(after)) for before, after in pairs)
    if rank == 1:
        wanted = "an int or two ints (before, after)"
    else:
        wanted = f"an int, {rank} ints, or {rank} pairs (before, after)"
    raise ValueError(f"{owner}: {name} must be {wanted}, none negative; got {value!r}")


def known_dtype(dtype: Any) -> str:
    """A dtype of a description; NumPy has more, some of them of any size."""
    if not isinstance(dtype, str) or dtype not in DTYPES:
        raise ValueError(f"dtype {dtype!r} is none of {', '.join(DTYPES)}"[:300])
    return dtype
