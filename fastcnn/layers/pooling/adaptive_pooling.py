"""Pooling of images divided into a given number of bins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from fastcnn import ops
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import channels_last
from fastcnn.layers.pooling.pooling import check_axes
from fastcnn.ops.common.window import per_axis

__all__ = [
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
]


class _AdaptivePooling(Layer):
    """The arguments that both kinds share."""

    _rank: ClassVar[int]

    def __init__(
        self,
        output_size: int | Sequence[int],
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        owner = type(self).__name__
        self.output_size = per_axis(owner, "output_size", output_size, self._rank)
        self.data_format = channels_last(data_format, owner)

    def build(self, input_shape: Any) -> None:
        """Refuse what has another number of axes."""
        check_axes(self, input_shape, self._rank)


class _AdaptiveAverage(_AdaptivePooling):
    def call(self, x: Any) -> Any:
        """Mean over each cell."""
        return ops.adaptive_average_pool(x, self.output_size)


class _AdaptiveMax(_AdaptivePooling):
    def call(self, x: Any) -> Any:
        """Maximum over each cell."""
        return ops.adaptive_max_pool(x, self.output_size)


class AdaptiveAveragePooling1D(_AdaptiveAverage):
    """Mean of each of ``output_size`` cells of a sequence. See :class:`AdaptiveAveragePooling2D`.

    Shape:
        ``(batch, length, channels)`` to ``(batch, output_size, channels)``.
    """

    _rank = 1


class AdaptiveAveragePooling2D(_AdaptiveAverage):
    """Mean of each of ``output_size`` cells, whatever the size of the image.

    Cells are PyTorch's: see :func:`fastcnn.ops.adaptive_average_pool`.

    Args:
        output_size: Rows and columns of cells; one int for as many of both.
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, height, width, channels)`` to ``(batch, *output_size, channels)``.
    """

    _rank = 2


class AdaptiveAveragePooling3D(_AdaptiveAverage):
    """Mean of each of ``output_size`` cells of a volume. See :class:`AdaptiveAveragePooling2D`.

    Shape:
        ``(batch, depth, height, width, channels)`` to ``(batch, *output_size, channels)``.
    """

    _rank = 3


class AdaptiveMaxPooling1D(_AdaptiveMax):
    """Largest value of each cell of a sequence. See :class:`AdaptiveAveragePooling1D`."""

    _rank = 1


class AdaptiveMaxPooling2D(_AdaptiveMax):
    """Largest value of each cell of an image. See :class:`AdaptiveAveragePooling2D`."""

    _rank = 2


class AdaptiveMaxPooling3D(_AdaptiveMax):
    """Largest value of each cell of a volume. See :class:`AdaptiveAveragePooling3D`."""

    _rank = 3
