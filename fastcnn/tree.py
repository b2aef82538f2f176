"""Nested lists, tuples and dicts of values, as models take and return them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["flatten", "map_structure"]

#: A tuple of types, which ``isinstance`` takes half the time for that a union costs.
_SEQUENCES = (list, tuple)


def flatten(structure: Any) -> list[Any]:
    """The leaves from left to right; a dict's in the order of its keys."""
    if isinstance(structure, _SEQUENCES):
        return [leaf for item in structure for leaf in flatten(item)]
    if isinstance(structure, dict):
        return [leaf for item in structure.values() for leaf in flatten(item)]
    return [structure]


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same structure with every leaf replaced by ``function(leaf)``."""
    if isinstance(structure, _SEQUENCES):
        return type(structure)([map_structure(function, item) for item in structure])
    if isinstance(structure, dict):
        return {key: map_structure(function, item) for key, item in structure.items()}
    return function(structure)
