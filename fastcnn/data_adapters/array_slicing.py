"""Arrays read a batch at a time, in a dtype that a graph takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["ArraySlicer", "as_contiguous", "example_count", "input_dtype", "is_mapped"]

Array = NDArray[Any]


def input_dtype(source: np.dtype[Any], declared: np.dtype[Any] | None) -> np.dtype[Any]:
    """The dtype in which values are handed to a graph, which casts them to what it computes in.

    Args:
        source: What the caller's array has.
        declared: What the model's input says; ``None`` for labels, whose meaning a loss knows.
    """
    if source == np.uint8:
        return np.dtype(np.uint8)  # a quarter of the bytes of float32: the graph casts it
    if declared is not None:
        return declared
    if source.kind == "f":
        return np.dtype(np.float32)
    return np.dtype(np.uint8 if source.kind == "b" else np.int64)


def is_mapped(array: Array) -> bool:
    """Whether the array's bytes are stored in a file."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return False


def example_count(arrays: Sequence[Array]) -> int:
    """Length that all arrays share.

    Raises:
        ValueError: Lengths differ, or there are no examples.
    """
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(
            f"x, y and sample_weight must have the same number of examples, got {lengths} (shapes "
            f"{shapes}): give one label, and one weight if any, for each example"
        )
    if lengths[0] == 0:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ValueError(
            f"there are no examples: the arrays are empty (shapes {shapes}). Look at how they were "
            "made: a filter, a slice or a wrong folder may have left nothing"
        )
    return lengths[0]


def as_contiguous(array: Array, dtype: np.dtype[Any]) -> Array:
    """The array as the core takes it: in ``dtype``, C-contiguous and aligned."""
    array = np.ascontiguousarray(array, dtype)
    return array if array.flags.aligned else array.copy()


class ArraySlicer:
    """One array of a data set.

    Args:
        source: Examples along the first axis; may be larger than memory if it is mapped.
        dtype: What batches are cast to.
    """

    def __init__(self, source: Array, dtype: np.dtype[Any]) -> None:
        self.source = source
        self.dtype = dtype
        # np.take first copies the whole of an array that is not laid out plainly.
        flags = source.flags
        self._plain = flags.c_contiguous and flags.aligned and source.dtype.isnative
        self._raw: Array | None = None
        self._cast: Array | None = None

    def slice(self, start: int, stop: int) -> Array:
        """Examples ``start`` to ``stop``; a view where nothing has to be converted."""
        return as_contiguous(self.source[start:stop], self.dtype)

    def take(self, rows: NDArray[np.intp]) -> Array:
        """The examples with these numbers, in a buffer that the next call overwrites."""
        source = self.source
        if not self._plain:
            return as_contiguous(source[rows], self.dtype)
        if self._raw is None or len(self._raw) != len(rows):
            shape = (len(rows), *source.shape[1:])
            self._raw = np.empty(shape, source.dtype)
            self._cast = None if source.dtype == self.dtype else np.empty(shape, self.dtype)
        # Any mode but "raise" lets take write into the buffer without one of its own.
        np.take(source, rows, axis=0, out=self._raw, mode="clip")
        if self._cast is None:
            return self._raw
        np.copyto(self._cast, self._raw, casting="unsafe")
        return self._cast
