"""What layers leave behind, besides their outputs, when they are called on graph Tensors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from fastcnn import graph
from fastcnn.graph import Tensor
from fastcnn.seeding import mix

__all__ = ["Seed", "Trace", "current_trace", "tracing"]


class Seed(NamedTuple):
    """A scalar input that wants a fresh number for every step: ``mix(key, step)``."""

    placeholder: Tensor
    key: int

    def at(self, step: int) -> int:
        """The number to feed in step ``step``."""
        return mix(self.key, step)


class Trace:
    """Records one pass through layers.

    Attributes:
        training: Whether layers called without ``training=`` behave as in training.
        assignments: Updates of moving statistics, to be listed among a Program's updates.
        seeds: Inputs of random layers, to be listed among a Program's inputs.
    """

    def __init__(self, training: bool) -> None:
        self.training = training
        self.assignments: list[Tensor] = []
        self.seeds: list[Seed] = []

    def seed(self, key: int) -> Tensor:
        """A scalar int64 input for a random operation."""
        placeholder = graph.placeholder((), "int64", name=f"seed_{len(self.seeds)}")
        self.seeds.append(Seed(placeholder, key))
        return placeholder


_local = threading.local()


def current_trace() -> Trace | None:
    """The innermost :func:`tracing` block of this thread."""
    trace: Trace | None = getattr(_local, "trace", None)
    return trace


@contextmanager
def tracing(training: bool = False) -> Iterator[Trace]:
    """Collect what layers update and draw while they are called on Tensors inside the block.

    Args:
        training: The mode of layers that are called without ``training=``.

    Example:
        >>> from fastcnn import graph, layers
        >>> x = graph.placeholder((4, 8))
        >>> with tracing(training=True) as trace:
        ...     y = layers.Dropout(0.5)(x)
        >>> len(trace.seeds)
        1
    """
    before = current_trace()
    _local.trace = trace = Trace(training)
    try:
        yield trace
    finally:
        _local.trace = before
