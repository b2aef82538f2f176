"""The parameters of operations that stand for arrays, and what numbers and lists become there."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn.graph.array_like import as_array, as_operand
from fastcnn.graph.tensor import Tensor
from fastcnn.graph.variable import Variable

__all__ = ["ArrayParameters", "Labels", "Operand", "Seed"]

#: What a public operation takes in place of an array; it returns an array for arrays. Parameters
#: are annotated with these names, which say what numbers and lists of numbers become: arrays of
#: float32 (``Operand``), of the integers they hold (``Labels``), of 64 bits (``Seed``).
Operand = Any
Labels = Any
Seed = Any


class ArrayParameters:
    """The parameters of a public operation that stand for arrays, by annotation.

    In a call with numbers or lists in place of arrays these become arrays, so that a Program is
    compiled once for their shape and not for each content.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self._converters: dict[int | str, Callable[[Any], Any]] = {}
        for place, (name, parameter) in enumerate(inspect.signature(function).parameters.items()):
            annotation = str(parameter.annotation).removesuffix(" | None")
            several = annotation.startswith("Sequence[")
            convert = _CONVERTERS.get(annotation.removeprefix("Sequence[").removesuffix("]"))
            if convert is not None:
                convert = functools.partial(_each_as_array if several else _as_array, convert)
                self._converters[place] = self._converters[name] = convert

    def has(self, place: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether the argument at a place in ``(*args, *kwargs)`` stands for an array."""
        return (place if place < len(args) else [*kwargs][place - len(args)]) in self._converters

    def as_arrays(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with arrays for numbers and lists; what is neither stays as it is."""
        found = self._converters
        converted = [found[i](x) if i in found else x for i, x in enumerate(args)]
        return tuple(converted), {k: found[k](x) if k in found else x for k, x in kwargs.items()}


def _as_array(convert: Callable[[Any], Any], value: Any) -> Any:
    """``value`` converted; the operation itself says what is wrong with what cannot be."""
    if value is None or isinstance(value, np.ndarray | Tensor | Variable | str | bytes):
        return value
    try:
        found = convert(value)
    except (TypeError, ValueError, OverflowError):
        return value
    numbers = not isinstance(found, np.ndarray) or found.dtype.kind in "biuf"
    return found if numbers else value


def _each_as_array(convert: Callable[[Any], Any], values: Any) -> Any:
    if not isinstance(values, list | tuple):
        return values
    return [_as_array(convert, value) for value in values]


def _floats(value: Any) -> Any:
    found = as_operand(value)
    keeps_dtype = isinstance(found, np.ndarray | np.generic)
    return np.asarray(found) if keeps_dtype else np.asarray(as_array(found), np.float32)


def _labels(value: Any) -> Any:
    return as_array(as_operand(value))


def _seed(value: Any) -> Any:
    """A scalar of 64 bits; an int counts modulo 2**64."""
    if isinstance(value, int | np.integer):
        return np.array(int(value) % 2**64, np.uint64)
    return as_operand(value)


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "Operand": _floats,
    "Labels": _labels,
    "Seed": _seed,
}
