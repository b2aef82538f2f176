"""How weights come into being: drawn from an initializer, or waiting for those of a file."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastcnn.graph.variable import Variable

__all__ = ["awaiting_weights", "new_weight"]

_local = threading.local()


@contextmanager
def awaiting_weights(shapes: Iterable[tuple[int, ...]]) -> Iterator[None]:
    """Inside the block new weights are zeros, and only of shapes that a file really holds.

    So a file that declares a huge layer is refused before memory is asked for, and no time goes
    into random numbers that would be overwritten.
    """
    before = getattr(_local, "expected", None)
    _local.expected = Counter(shapes)
    try:
        yield
    finally:
        _local.expected = before


def new_weight(
    shape: tuple[int, ...],
    initializer: Callable[..., Any],
    *,
    dtype: str,
    name: str,
    trainable: bool,
) -> Variable:
    """A Variable with its first value.

    Raises:
        ValueError: A file is being loaded that holds no (further) weight of this shape, or the
            initializer returned another shape.
    """
    expected: Counter[tuple[int, ...]] | None = getattr(_local, "expected", None)
    if expected is not None:
        if expected[shape] < 1:
            size = math.prod(shape)
            raise ValueError(
                f"the file describes a weight {name!r} of shape {shape} ({size} elements) but "
                "holds no tensor of that shape"
            )
        expected[shape] -= 1
        return Variable(np.zeros(shape, dtype), name=name, trainable=trainable)
    try:
        value = np.asarray(initializer(shape, dtype))
    except (MemoryError, OverflowError, ValueError) as error:
        raise ValueError(
            f"weight {name!r} of shape {shape}, {math.prod(shape):,} elements, cannot be made: "
            f"{error}"
        ) from error
    if value.shape != shape:
        raise ValueError(
            f"weight {name!r}: the initializer returned {value.shape}, expected {shape}"
        )
    return Variable(value.astype(dtype, copy=False), name=name, trainable=trainable)
