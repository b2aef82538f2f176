"""Layers that add zeros around sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import ops
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import (
    axis_pairs,
    channels_last,
    spatial_rank,
)

__all__ = ["ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"]


class _ZeroPadding(Layer):
    """Adds zeros around what lies between the batch and the channels."""

    padding: Any
    _RANK = 2

    def call(self, x: Any) -> Any:
        """The padded values."""
        spatial_rank(self, x.shape, self._RANK)
        pairs = (self.padding,) if self._RANK == 1 else self.padding
        return ops.pad(x, ((0, 0), *pairs, (0, 0)))


class ZeroPadding1D(_ZeroPadding):
    """Adds steps of zeros before and after sequences.

    Args:
        padding: Number of steps, or (before, after).
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, steps, channels)`` to ``(batch, before + steps + after, channels)``.
    """

    _RANK = 1

    def __init__(
        self,
        padding: int | Sequence[int] = 1,
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.padding = axis_pairs("ZeroPadding1D", "padding", padding, 1)[0]
        self.data_format = channels_last(data_format, "ZeroPadding1D")


class ZeroPadding2D(_ZeroPadding):
    """Adds rows and columns of zeros around images.

    Args:
        padding: Number of pixels, numbers for height and width, or a (before, after) for each.
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, height, width, channels)`` to the same with more rows and columns.
    """

    def __init__(
        self,
        padding: Any = (1, 1),
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.padding = axis_pairs("ZeroPadding2D", "padding", padding, 2)
        self.data_format = channels_last(data_format, "ZeroPadding2D")


class ZeroPadding3D(_ZeroPadding):
    """Adds zeros around volumes ``(batch, depth, height, width, channels)``.

    Args:
        padding: Number of pixels, one for each axis, or a (before, after) for each.
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    _RANK = 3

    def __init__(
        self,
        padding: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.padding = axis_pairs("ZeroPadding3D", "padding", padding, 3)
        self.data_format = channels_last(data_format, "ZeroPadding3D")
