"""Activation functions under Keras' module path: see :mod:`fastcnn.activations`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.activations import *  # noqa: F403
from fastcnn.activations import Activation, get
from fastcnn.activations import __all__ as names
from fastcnn.config import custom_object_scope
from fastcnn.config import serialize as serialized

__all__ = [*names, "deserialize", "serialize"]


def serialize(activation: Activation) -> Any:
    """The name of a function, as a model file has it."""
    return serialized(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Activation:
    """The function that :func:`serialize` named."""
    with custom_object_scope(custom_objects):
        return get(config)
