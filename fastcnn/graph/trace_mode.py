"""Whether this thread is describing a graph, so that operations on Variables alone join it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["inferring", "is_inferring", "is_recording", "recording"]


class _State(threading.local):
    """Of each thread; attributes of the class are faster found than given as a default."""

    on = False
    inferring = False


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
