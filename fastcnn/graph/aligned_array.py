"""Arrays that kernels write into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["CONTIGUOUS_AND_ALIGNED", "LARGE", "empty"]

#: NumPy's flags of an array as the core takes it: C-contiguous and aligned.
CONTIGUOUS_AND_ALIGNED = 0x101

_LINE = 64  # bytes of a cache line

#: Bytes from which on it matters where an array begins: results that no cache holds are stored past
#: the caches in whole lines.
LARGE = 1 << 20


def empty(shape: Sequence[int], dtype: npt.DTypeLike = np.float32) -> npt.NDArray[Any]:
    """An uninitialised array that begins on a cache line, as NumPy's own may not."""
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    memory = np.empty(size + _LINE, np.uint8)
    begin = -memory.ctypes.data % _LINE
    array: npt.NDArray[Any] = memory[begin : begin + size].view(dtype).reshape(tuple(shape))
    return array
