"""What callers pass as arrays: NumPy's, those of other libraries, lists."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_array", "as_operand", "is_array_like"]

_MARKS = ("__array__", "__array_interface__", "__dlpack__", "shape")


def is_array_like(value: Any) -> bool:
    """Whether ``value`` is an array of NumPy or of another library; a list is not."""
    if isinstance(value, type | np.dtype):  # which have the attributes of their objects
        return False
    return any(hasattr(value, mark) for mark in _MARKS)


#: Of any NumPy array; a list that is nested deeper may contain itself.
_MOST_AXES = 64


def as_array(value: Any) -> NDArray[Any]:
    """``value`` as a NumPy array, which shares its memory where it can.

    Besides what :func:`numpy.asarray` takes: tensors of PyTorch that require gradients, are on
    another device or have a dtype that NumPy lacks, lists of such, and objects that know DLPack
    alone. Values are data here: no gradient flows back through them.

    Raises:
        ValueError: Rows of a list differ in length.
    """
    if isinstance(value, np.ndarray):
        return np.asarray(value)
    if _is_torch(value):
        value = value.detach()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
        return np.asarray(value.numpy(force=True))
    if isinstance(value, list | tuple) and _is_torch(_first(value)):
        return np.stack([as_array(item) for item in value])
    if hasattr(value, "__dlpack__") and not hasattr(value, "__array__"):
        return np.asarray(np.from_dlpack(value))
    return np.asarray(value)


def as_operand(value: Any) -> Any:
    """An array of another library as NumPy's, with real numbers in float32; else ``value``."""
    if isinstance(value, np.ndarray | np.generic) or not is_array_like(value):
        return value
    array = as_array(value)
    return array.astype(np.float32) if array.dtype.kind == "f" else array


def _is_torch(value: Any) -> bool:
    """Whether ``value`` is a tensor of PyTorch, found without importing it."""
    return hasattr(value, "detach") and hasattr(value, "numpy") and hasattr(value, "requires_grad")


def _first(value: Any) -> Any:
    for _ in range(_MOST_AXES):
        if not isinstance(value, list | tuple) or not value:
            break
        value = value[0]
    return value
