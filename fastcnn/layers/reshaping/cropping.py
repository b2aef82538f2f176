"""Layers that cut off the borders of sequences, images and volumes."""

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

__all__ = ["Cropping1D", "Cropping2D", "Cropping3D"]


class _Cropping(Layer):
    """Cuts off the borders of what lies between the batch and the channels."""

    cropping: Any
    _RANK = 2

    def call(self, x: Any) -> Any:
        """What is left."""
        spatial_rank(self, x.shape, self._RANK)
        pairs = (self.cropping,) if self._RANK == 1 else self.cropping
        left = [size - sum(pair) for size, pair in zip(x.shape[1:-1], pairs, strict=True)]
        if min(left) <= 0:
            raise ValueError(
                f"layer {self.name!r}: cropping={self.cropping} leaves nothing of an input of "
                f"shape {tuple(x.shape)}; crop less"
            )
        start = (0, *(before for before, _ in pairs), 0)
        return ops.slice(x, start, (x.shape[0], *left, x.shape[-1]))


class Cropping1D(_Cropping):
    """Cuts steps off both ends of sequences ``(batch, steps, channels)``.

    Args:
        cropping: Number of steps, or (before, after).
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    _RANK = 1

    def __init__(
        self,
        cropping: int | Sequence[int] = (1, 1),
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.cropping = axis_pairs("Cropping1D", "cropping", cropping, 1)[0]


class Cropping2D(_Cropping):
    """Cuts rows and columns off images ``(batch, height, width, channels)``.

    Args:
        cropping: Number of pixels, numbers for height and width, or a (before, after) for each.
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        cropping: Any = ((0, 0), (0, 0)),
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.cropping = axis_pairs("Cropping2D", "cropping", cropping, 2)
        self.data_format = channels_last(data_format, "Cropping2D")


class Cropping3D(_Cropping):
    """Cuts the borders off volumes ``(batch, depth, height, width, channels)``.

    Args:
        cropping: Number of pixels, one for each axis, or a (before, after) for each.
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    _RANK = 3

    def __init__(
        self,
        cropping: Any = ((1, 1), (1, 1), (1, 1)),
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.cropping = axis_pairs("Cropping3D", "cropping", cropping, 3)
        self.data_format = channels_last(data_format, "Cropping3D")
