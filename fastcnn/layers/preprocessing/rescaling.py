"""Layers that prepare images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import ops
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.layers.base.layer import Layer

__all__ = ["Rescaling"]


class Rescaling(Layer):
    """``x * scale + offset`` as float32; takes uint8 images as they are.

    Args:
        scale: Factor, e.g. ``1 / 255``.
        offset: Added after the multiplication.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    takes_uint8 = True

    def __init__(
        self,
        scale: float,
        offset: float = 0.0,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.scale = checked_float32("Rescaling", "scale", scale)
        self.offset = checked_float32("Rescaling", "offset", offset)

    def call(self, x: Any) -> Any:
        """The rescaled values."""
        return ops.rescale(x, self.scale, self.offset)
