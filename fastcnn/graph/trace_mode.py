"""Whether this thread is describing a graph, so that operations on Variables alone join it, and
which layer's call it is describing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "current_origin",
    "inferring",
    "is_inferring",
    "is_recording",
    "nested_origin",
    "origin",
    "recording",
]


class _State(threading.local):
    """Of each thread; attributes of the class are faster found than given as a default."""

    on = False
    inferring = False
    origin: tuple[str, ...] = ()


_local = _State()


def is_recording() -> bool:
    """Whether what is computed from Variables here is to become part of a graph."""
    return _local.on


@contextmanager
def recording(on: bool = True) -> Iterator[None]:
    """Let operations on Variables add to the graph inside the block, or, with ``on=False``, run."""
    before = is_recording()
    _local.on = on
    try:
        yield
    finally:
        _local.on = before


def is_inferring() -> bool:
    """Whether calls run here for the shapes of their results alone."""
    return _local.inferring


@contextmanager
def inferring() -> Iterator[None]:
    """Let operations compute nothing large inside the block, also of constants."""
    before = is_inferring()
    _local.inferring = True
    try:
        yield
    finally:
        _local.inferring = before


def current_origin() -> tuple[str, ...]:
    """The calls that nodes made here come from, as :func:`origin` was told."""
    return _local.origin


def nested_origin(name: str) -> tuple[str, ...]:
    """The origin of what a layer of this name does when it is called here: ``"model/block/conv"``
    inside ``"model/block"``.
    """
    return tuple(f"{path}/{name}" for path in _local.origin) or (name,)


@contextmanager
def origin(paths: tuple[str, ...]) -> Iterator[None]:
    """Let the nodes made inside the block come from these calls.

    Args:
        paths: Names of layers from the outermost to the one that is called, with ``/`` between
            them; several where one node does the work of several calls.
    """
    before = current_origin()
    _local.origin = paths
    try:
        yield
    finally:
        _local.origin = before
