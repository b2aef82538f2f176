"""Layers that prepare images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.layers.base.layer import Layer

__all__ = ["Rescaling"]


class Rescaling(Layer):
    """``x * scale + offset`` as float32; takes uint8 images as they are.

    Args:
        scale: Factor, e.g. ``1 / 255``; or a list of factors, one for each channel.
        offset: Added after the multiplication; or a list, one for each channel.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    takes_uint8 = True

    def __init__(
        self,
        scale: float | Sequence[float],
        offset: float | Sequence[float] = 0.0,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.scale = _setting("scale", scale)
        self.offset = _setting("offset", offset)

    def call(self, x: Any) -> Any:
        """The rescaled values."""
        if isinstance(self.scale, float) and isinstance(self.offset, float):
            return ops.rescale(x, self.scale, self.offset)
        scale, offset = (np.asarray(each, np.float32) for each in (self.scale, self.offset))
        return ops.add(ops.multiply(ops.cast(x, "float32"), scale), offset)


def _setting(name: str, value: Any) -> float | list[float]:
    if np.ndim(value) == 0:
        return checked_float32("Rescaling", name, value)
    if np.ndim(value) > 1:
        raise ValueError(
            f"Rescaling: {name} must be a number, or a list with one for each channel, got an "
            f"array of shape {np.shape(value)}"
        )
    return [checked_float32("Rescaling", name, each) for each in value]
