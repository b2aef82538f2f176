"""What a layer consists of, so that programs compiled before a change are not used after it."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Iterable
from typing import Any, TypeVar

from fastcnn.graph.locks import fork_safe_lock
from fastcnn.graph.variable import Variable
from fastcnn.layers.base.protocols import LayerLike
from fastcnn.tree import flatten

__all__ = ["LayerTracker", "all_layers", "invalidate", "own_weights", "tracked_of"]

T = TypeVar("T")

#: Attributes that are not parts, or whose contents are counted elsewhere.
_INTERNAL = frozenset({"_weights", "_calls", "_chain", "_eager", "_build_lock"})

_numbers = itertools.count(1)
_version = 0


def invalidate() -> None:
    """Note that some layer got or lost a part, or that ``trainable`` of one was set."""
    global _version
    _version = next(_numbers)


def tracked_of(layer: LayerLike, kind: type[T]) -> list[T]:
    """What of a kind a layer's attributes hold, also inside lists, tuples and dicts; each once."""
    found: dict[int, T] = {}
    for key, value in vars(layer).items():
        if key not in _INTERNAL:
            leaves = flatten(value) if isinstance(value, list | tuple | dict) else (value,)
            found.update((id(leaf), leaf) for leaf in leaves if isinstance(leaf, kind))
    return list(found.values())


def own_weights(layer: LayerLike) -> list[Variable]:
    """Variables of a layer itself: those of ``add_weight``, then others in attributes."""
    found = {id(weight): weight for weight in [*layer._weights, *tracked_of(layer, Variable)]}
    return list(found.values())


def all_layers(layer: LayerLike, *, trainable: bool = False) -> list[LayerLike]:
    """A layer and all inside it, each once; a layer before those that it keeps.

    Args:
        layer: Where to begin.
        trainable: Whether to leave out layers that are not trained, and those inside them.
    """
    found: dict[int, LayerLike] = {}
    waiting = [layer]
    while waiting:
        part = waiting.pop()
        if id(part) not in found and (part.trainable or not trainable):
            found[id(part)] = part
            waiting += reversed(part.sublayers)
    return list(found.values())


class LayerTracker:
    """The parts of one layer, counted again when something may have changed.

    Attributes and ``trainable`` report changes. Lists and dicts of layers cannot, so their contents
    are compared each time; most layers have none.
    """

    def __init__(self) -> None:
        self._lock = fork_safe_lock()
        self._version = -1
        self._parts: list[Any] = []
        self._containers: list[tuple[Any, list[Any]]] = []
        self._structure = 0
        self._training: tuple[Any, ...] = ()

    def structure(self, layer: LayerLike) -> int:
        """A number that grows whenever ``layer`` has other layers, Variables or calls inside."""
        self._update(layer)
        return self._structure

    def training(self, layer: LayerLike) -> tuple[Any, ...]:
        """What a training step of ``layer`` depends on: its structure, and what is trainable."""
        self._update(layer)
        return (self._structure, *self._training)

    def _update(self, layer: LayerLike) -> None:
        version = _version
        if version == self._version:
            for container, before in self._containers:
                if not _same(container, before):
                    break
            else:
                return
        with self._lock:
            layers = all_layers(layer)
            weights = [weight for part in layers for weight in own_weights(part)]
            graphs = [getattr(part, "graph", None) for part in layers]
            containers = [c for part in layers for c in _containers(part)]
            watched = [(container, _contents(container)) for container in containers]
            parts = [*layers, *weights, *graphs]
            # Also changes elsewhere lead here; they must not make anything compile again.
            if not _same(parts, self._parts):
                self._parts = parts
                self._structure += 1
            self._training = (
                tuple(id(weight) for weight in layer.trainable_weights),
                tuple(part.trainable for part in layers),
            )
            self._containers = watched
            self._version = version


def _containers(layer: LayerLike) -> Iterable[Any]:
    """Lists and dicts in attributes that hold layers or Variables, or may come to do so."""
    waiting = [value for key, value in vars(layer).items() if key not in _INTERNAL]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list | tuple | dict):
            inner = _contents(value)
            waiting += inner
            if not isinstance(value, tuple) and (
                not inner
                or any(isinstance(item, Variable | list | tuple | dict) for item in inner)
                or any(hasattr(item, "sublayers") for item in inner)
            ):
                yield value


def _contents(container: Any) -> list[Any]:
    return list(container.values() if isinstance(container, dict) else container)


def _same(a: Any, b: list[Any]) -> bool:
    if len(a) != len(b):
        return False
    return all(map(operator.is_, a.values() if isinstance(a, dict) else a, b))
