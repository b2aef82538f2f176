"""Pooling of sequences, images and volumes by windows that slide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from fastcnn import ops
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import channels_last, window_padding
from fastcnn.ops.common.window import Padding, per_axis

__all__ = [
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
]


class _Pooling(Layer):
    """The arguments that all kinds of windows share."""

    _rank: ClassVar[int]

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: Padding = "valid",
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        owner = type(self).__name__
        self.pool_size = per_axis(owner, "pool_size", pool_size, self._rank)
        self.strides = (
            self.pool_size if strides is None else per_axis(owner, "strides", strides, self._rank)
        )
        self.padding = window_padding(padding, ("valid", "same"), self._rank, owner)
        self.data_format = channels_last(data_format, owner)

    def build(self, input_shape: Any) -> None:
        """Refuse what has another number of axes."""
        check_axes(self, input_shape, self._rank)


_KINDS = ("sequences (batch, length, channels)", "images (batch, height, width, channels)",
          "volumes (batch, depth, height, width, channels)")  # fmt: skip


def check_axes(layer: Layer, shape: Any, rank: int) -> None:
    """Raises:
    ValueError: ``shape`` is not (batch, ``rank`` axes, channels).
    """
    if len(shape) != rank + 2:
        raise ValueError(
            f"layer {layer.name!r}: {type(layer).__name__} takes {_KINDS[rank - 1]}, got shape "
            f"{tuple(shape)}"
        )


class _MaxPooling(_Pooling):
    def call(self, x: Any) -> Any:
        """Maximum over each window."""
        return ops.max_pool(x, self.pool_size, strides=self.strides, padding=self.padding)


class _AveragePooling(_Pooling):
    def call(self, x: Any) -> Any:
        """Mean over each window."""
        return ops.average_pool(x, self.pool_size, strides=self.strides, padding=self.padding)


class MaxPooling1D(_MaxPooling):
    """Largest value of each window of a sequence. Arguments as :class:`MaxPooling2D`, with one
    axis.

    Shape:
        ``(batch, length, channels)`` to ``(batch, out_length, channels)``.
    """

    _rank = 1


class MaxPooling2D(_MaxPooling):
    """Largest value of each window.

    Args:
        pool_size: Height and width of the window; one int for a square.
        strides: Pixels between windows; ``None`` means ``pool_size``.
        padding: ``"valid"``, ``"same"``, or pixels: an int for all sides, an int for each axis,
            or a (before, after) pair for each. Padding never wins.
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, height, width, channels)`` to ``(batch, out_height, out_width, channels)``.
    """

    _rank = 2


class MaxPooling3D(_MaxPooling):
    """Largest value of each window of a volume. Arguments as :class:`MaxPooling2D`, with three
    axes.

    Shape:
        ``(batch, depth, height, width, channels)`` to ``(batch, out_depth, out_height, out_width,
        channels)``.
    """

    _rank = 3


class AveragePooling1D(_AveragePooling):
    """Mean of each window of a sequence, over the positions it really covers. Arguments and shapes
    as :class:`MaxPooling1D`.
    """

    _rank = 1


class AveragePooling2D(_AveragePooling):
    """Mean of each window, over the pixels it really covers. Arguments as :class:`MaxPooling2D`."""

    _rank = 2


class AveragePooling3D(_AveragePooling):
    """Mean of each window of a volume, over the pixels it really covers. Arguments and shapes as
    :class:`MaxPooling3D`.
    """

    _rank = 3
