"""Layers that act in training only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.config import refuse
from fastcnn.graph import constant
from fastcnn.layers.layer import Layer
from fastcnn.layers.trace import current_trace
from fastcnn.seeding import next_seed

__all__ = ["Dropout"]


class Dropout(Layer):
    """Sets a random share of values to 0 in training and scales the others up.

    Which ones depends on the seed, the number of the step and the position alone: runs repeat
    exactly, on any number of threads and after a restart.

    Args:
        rate: Share of values dropped, in ``[0, 1]``; with 1 nothing is left.
        noise_shape: Not supported: ``None`` only.
        seed: Integer; ``None`` draws one, which is then kept and saved.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: ``rate`` outside ``[0, 1]``, or a ``noise_shape``.
    """

    _not_configured = frozenset({"input_shape", "noise_shape"})

    def __init__(
        self,
        rate: float,
        noise_shape: None = None,
        seed: int | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        refuse("Dropout", noise_shape=noise_shape)
        if not 0 <= rate <= 1:
            raise ValueError(f"Dropout: rate must lie between 0 and 1, got {rate}")
        self.rate = rate
        self.seed = next_seed() if seed is None else int(seed)

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """``x`` with a share of zeros in training, ``x`` itself otherwise."""
        if not training or self.rate == 0:
            return x
        if self.rate == 1:
            return constant(np.zeros(x.shape, np.float32))
        trace = current_trace()
        if trace is None:
            raise RuntimeError(
                f"layer {self.name!r}: Dropout on graph Tensors in training needs somewhere to "
                "leave its step input: call the layer inside 'with fastcnn.tracing(training=True) "
                "as trace:' and hand trace.step to training_step"
            )
        return ops.dropout(x, self.rate, trace.seed(self.seed))
