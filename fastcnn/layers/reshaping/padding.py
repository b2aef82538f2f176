"""Layers that add, cut off or repeat the rows and columns of images, sequences and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import channels_last, choice, positive_int, spatial_rank

__all__ = [
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
]

Pairs = tuple[tuple[int, int], ...]


def _is_count(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool) and bool(value >= 0)


def _pairs(owner: str, name: str, value: Any, rank: int) -> Pairs:
    """``value`` as (before, after) of each axis: one int, an int for each axis, or such pairs.

    Raises:
        ValueError: Something else.
    """
    items = [value] * rank if _is_count(value) else value
    if rank == 1 and isinstance(items, list | tuple) and len(items) == 2:
        items = [items]
    if isinstance(items, list | tuple) and len(items) == rank:
        pairs = [(item, item) if _is_count(item) else item for item in items]
        if all(
            isinstance(pair, list | tuple) and len(pair) == 2 and all(map(_is_count, pair))
            for pair in pairs
        ):
            return tuple((int(before), int(after)) for before, after in pairs)
    if rank == 1:
        wanted = "an int or two ints (before, after)"
    else:
        wanted = f"an int, {rank} ints, or {rank} pairs (before, after)"
    raise ValueError(f"{owner}: {name} must be {wanted}, none negative; got {value!r}")


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
        self.padding = _pairs("ZeroPadding1D", "padding", padding, 1)[0]
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
        self.padding = _pairs("ZeroPadding2D", "padding", padding, 2)
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
        self.padding = _pairs("ZeroPadding3D", "padding", padding, 3)
        self.data_format = channels_last(data_format, "ZeroPadding3D")


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
        self.cropping = _pairs("Cropping1D", "cropping", cropping, 1)[0]


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
        self.cropping = _pairs("Cropping2D", "cropping", cropping, 2)
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
        self.cropping = _pairs("Cropping3D", "cropping", cropping, 3)
        self.data_format = channels_last(data_format, "Cropping3D")


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
