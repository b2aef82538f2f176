"""Pooling of whole sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from fastcnn import ops
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import channels_last
from fastcnn.layers.pooling.pooling import check_axes

__all__ = [
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
]


class _GlobalPooling(Layer):
    """The arguments that both kinds share."""

    _rank: ClassVar[int]

    def __init__(
        self,
        data_format: str | None = None,
        keepdims: bool = False,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.data_format = channels_last(data_format, type(self).__name__)
        self.keepdims = keepdims

    def build(self, input_shape: Any) -> None:
        """Refuse what has another number of axes."""
        check_axes(self, input_shape, self._rank)


class _GlobalAverage(_GlobalPooling):
    def call(self, x: Any) -> Any:
        """Mean over all axes but batch and channels."""
        return ops.global_average_pool(x, keepdims=self.keepdims)


class _GlobalMax(_GlobalPooling):
    def call(self, x: Any) -> Any:
        """Maximum over all axes but batch and channels."""
        return ops.global_max_pool(x, keepdims=self.keepdims)


class GlobalAveragePooling1D(_GlobalAverage):
    """Mean of each channel over the whole sequence. Arguments as :class:`GlobalAveragePooling2D`.

    Shape:
        ``(batch, length, channels)`` to ``(batch, channels)``.
    """

    _rank = 1


class GlobalAveragePooling2D(_GlobalAverage):
    """Mean of each channel over the whole image.

    Args:
        data_format: ``"channels_last"``, the only one.
        keepdims: Whether height and width stay as axes of size 1.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, height, width, channels)`` to ``(batch, channels)``.
    """

    _rank = 2


class GlobalAveragePooling3D(_GlobalAverage):
    """Mean of each channel over the whole volume. Arguments as :class:`GlobalAveragePooling2D`.

    Shape:
        ``(batch, depth, height, width, channels)`` to ``(batch, channels)``.
    """

    _rank = 3


class GlobalMaxPooling1D(_GlobalMax):
    """Largest value of each channel of a sequence. Arguments and shapes as
    :class:`GlobalAveragePooling1D`.
    """

    _rank = 1


class GlobalMaxPooling2D(_GlobalMax):
    """Largest value of each channel of an image. Arguments and shapes as
    :class:`GlobalAveragePooling2D`.
    """

    _rank = 2


class GlobalMaxPooling3D(_GlobalMax):
    """Largest value of each channel of a volume. Arguments and shapes as
    :class:`GlobalAveragePooling3D`.
    """

    _rank = 3
