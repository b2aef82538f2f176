"""Layers by class name: what a description of a layer is made from."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from fastcnn.config import lookup
from fastcnn.config.references import makers, revive
from fastcnn.layers.base.layer import Layer

__all__ = ["layer_budget", "make_layer", "register_layers"]

#: The closed list of classes that descriptions may name, beside the caller's own.
_CLASSES: dict[str, type[Layer]] = {}

_local = threading.local()


def register_layers(*classes: type[Layer]) -> None:
    """Let descriptions name these classes."""
    _CLASSES.update((each.__name__, each) for each in classes)


@contextmanager
def layer_budget(layers: int) -> Iterator[None]:
    """Let :func:`make_layer` make only so many layers inside the block."""
    before = getattr(_local, "budget", None)
    _local.budget = (layers, layers)
    try:
        yield
    finally:
        _local.budget = before


def make_layer(entry: Any) -> Layer:
    """The layer that ``{"class_name": ..., "config": {...}}`` describes, with new weights, or the
    one made before that ``{"shared": ...}`` refers to.

    Raises:
        ValueError: An unknown class, a configuration that it does not take, or, within
            :func:`layer_budget`, a layer too many.
    """
    if not isinstance(entry, Mapping) or not isinstance(entry.get("config", {}), Mapping):
        raise ValueError(f"a layer is described by class_name and config, got {entry!r}"[:200])
    layer = revive(entry, lambda: _made(entry))
    if not isinstance(layer, Layer):
        raise ValueError(f"{entry.get('class_name')!r} made no layer but {type(layer).__name__}")
    return layer


def _made(entry: Mapping[str, Any]) -> Any:
    budget = getattr(_local, "budget", None)
    if budget is not None:
        left, most = budget
        if left < 1:
            raise ValueError(f"it describes more than {most} layers")
        _local.budget = (left - 1, most)
    if "config" not in entry:
        raise ValueError(f"a layer is described by class_name and config, got {entry!r}"[:200])
    found = lookup("layer", str(entry.get("class_name")), _CLASSES)
    try:
        return found.from_config(entry["config"])
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(
            f"layer {entry['class_name']!r} cannot be made from its configuration: {error}"
        ) from error


makers["layer"] = make_layer
