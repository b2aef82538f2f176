"""What layers leave behind, besides their outputs, when they are called on graph Tensors."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastcnn import graph, ops
from fastcnn.graph import Tensor

__all__ = ["Trace", "current_trace", "tracing"]


class Trace:
    """Records one pass through layers.

    Attributes:
        training: Whether layers called without ``training=`` behave as in training.
        losses: Penalties on outputs of layers: scalars to be added to the loss.
        loss_owners: What each of ``losses`` is, for messages.
        assignments: Updates of moving statistics, to be listed among a Program's updates.
        step: Scalar int64 input that random layers read, to be listed among a Program's inputs;
            ``None`` if nothing is random. Another number in each run gives other draws.
        calls: Where the name and the outputs of every layer called are noted, if it is a list.
    """

    def __init__(self, training: bool) -> None:
        self.training = training
        self.losses: list[Tensor] = []
        self.loss_owners: dict[Tensor, str] = {}
        self.assignments: list[Tensor] = []
        self.step: Tensor | None = None
        self.calls: list[tuple[str, Any]] | None = None
        self._draws: Counter[int] = Counter()

    def seed(self, key: int) -> Tensor:
        """A seed that depends on ``key``, on the step, and on how often it was asked for."""
        if self.step is None:
            self.step = graph.placeholder((), "int64", name="step")
        draw = self._draws[key]
        self._draws[key] += 1
        seed: Tensor = ops.fold_seed(key, [self.step, draw])
        return seed


_local = threading.local()


def current_trace() -> Trace | None:
    """The innermost :func:`tracing` block of this thread."""
    trace: Trace | None = getattr(_local, "trace", None)
    return trace


@contextmanager
def tracing(training: bool = False) -> Iterator[Trace]:
    """Collect what layers update and draw while they are called on Tensors inside the block.

    Inside it Variables are Tensors to operations and layers: ``ops.exp(variable)`` is part of the
    graph, so gradients reach the Variable.

    Args:
        training: The mode of layers that are called without ``training=``.

    Example:
        >>> from fastcnn import graph, layers
        >>> x = graph.placeholder((4, 8))
        >>> with tracing(training=True) as trace:
        ...     y = layers.BatchNormalization()(x)
        >>> len(trace.assignments)
        2
    """
    before = current_trace()
    _local.trace = trace = Trace(training)
    try:
        with graph.recording():
            yield trace
    finally:
        _local.trace = before
