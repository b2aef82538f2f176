"""Constraints under Keras' module path: see :mod:`fastcnn.constraints`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.config import custom_object_scope
from fastcnn.config import serialize as serialized
from fastcnn.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm, get

max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]


def serialize(constraint: Any) -> Any:
    """Class and settings, as a model file has them."""
    return serialized(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint that :func:`serialize` described."""
    with custom_object_scope(custom_objects):
        return get(config)
