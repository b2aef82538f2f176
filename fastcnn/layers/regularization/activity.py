"""A penalty on the outputs of a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import regularizers
from fastcnn.layers.base.layer import Layer

__all__ = ["ActivityRegularization"]


class ActivityRegularization(Layer):
    """Hands values on, and adds a penalty on them to the loss, divided by the size of the batch.

    Args:
        l1: Factor of the sum of sizes.
        l2: Factor of the sum of squares.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: A negative factor.
    """

    def __init__(
        self,
        l1: float = 0.0,
        l2: float = 0.0,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.activity_regularizer = regularizers.L1L2(l1, l2)
        self.l1 = l1
        self.l2 = l2

    def call(self, x: Any) -> Any:
        """``x`` itself."""
        return x
