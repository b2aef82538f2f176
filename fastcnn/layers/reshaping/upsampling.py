"""Layers that repeat the elements of sequences, images and volumes along each axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import channels_last, choice, positive_int, spatial_rank

__all__ = ["UpSampling1D", "UpSampling2D", "UpSampling3D"]


def _repeated(layer: Layer, x: Any, size: Sequence[int]) -> Any:
    """Every pixel several times along each axis between the batch and the channels."""
    spatial_rank(layer, x.shape, len(size))
    split: list[int] = []
    spread: list[int] = []
    for extent, factor in zip(x.shape[1:-1], size, strict=True):
        split += [extent, 1]
        spread += [extent, factor]
    ends = x.shape[0], x.shape[-1]
    wide = ops.broadcast_to(ops.reshape(x, (ends[0], *split, ends[1])), (ends[0], *spread, ends[1]))
    extents = [extent * factor for extent, factor in zip(x.shape[1:-1], size, strict=True)]
    return ops.reshape(wide, (ends[0], *extents, ends[1]))


def _factors(owner: str, size: Any, rank: int) -> tuple[int, ...]:
    items = [size] * rank if isinstance(size, int | np.integer) else size
    if not isinstance(items, list | tuple) or len(items) != rank:
        raise ValueError(f"{owner}: size must be an int or {rank} ints, got {size!r}")
    return tuple(positive_int(item, "size", owner) for item in items)


class UpSampling1D(Layer):
    """Repeats every step of sequences ``(batch, steps, channels)``.

    Args:
        size: How often.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        size: int = 2,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.size = positive_int(size, "size", "UpSampling1D")

    def call(self, x: Any) -> Any:
        """The longer sequences."""
        return _repeated(self, x, (self.size,))


class UpSampling2D(Layer):
    """Makes images larger by whole factors.

    Args:
        size: Factor of height and width, one for both or two.
        data_format: ``"channels_last"``, the only one.
        interpolation: ``"nearest"`` repeats pixels; ``"bilinear"``, ``"bicubic"``, ``"lanczos3"``
            and ``"lanczos5"`` as in ``fastcnn.ops.resize``.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, height, width, channels)`` to
        ``(batch, height * size[0], width * size[1], channels)``.
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.size = _factors("UpSampling2D", size, 2)
        self.data_format = channels_last(data_format, "UpSampling2D")
        self.interpolation = choice(
            interpolation,
            "interpolation",
            ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"),
            "UpSampling2D",
        )

    def call(self, x: Any) -> Any:
        """The larger images."""
        if self.interpolation == "nearest":
            return _repeated(self, x, self.size)
        spatial_rank(self, x.shape, 2)
        size = (x.shape[1] * self.size[0], x.shape[2] * self.size[1])
        return ops.resize(x, size, interpolation=self.interpolation)


class UpSampling3D(Layer):
    """Repeats every pixel of volumes ``(batch, depth, height, width, channels)``.

    Args:
        size: How often, one number for all three axes or one for each.
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        size: int | Sequence[int] = (2, 2, 2),
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.size = _factors("UpSampling3D", size, 3)
        self.data_format = channels_last(data_format, "UpSampling3D")

    def call(self, x: Any) -> Any:
        """The larger volumes."""
        return _repeated(self, x, self.size)
