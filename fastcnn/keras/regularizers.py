"""Regularizers under Keras' module path: see :mod:`fastcnn.regularizers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.config import custom_object_scope
from fastcnn.config import serialize as serialized
from fastcnn.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer, get

l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


def serialize(regularizer: Any) -> Any:
    """Class and settings, as a model file has them."""
    return serialized(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer that :func:`serialize` described."""
    with custom_object_scope(custom_objects):
        return get(config)
