"""Pooling of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import channels_last, choice
from fastcnn.layers.layer import Layer
from fastcnn.ops.window import pair

__all__ = ["AveragePooling2D", "GlobalAveragePooling2D", "MaxPooling2D"]


class _Pooling2D(Layer):
    """The arguments that both kinds of windows share."""

    def __init__(
        self,
        pool_size: int | Sequence[int] = (2, 2),
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        owner = type(self).__name__
        self.pool_size = pair(owner, "pool_size", pool_size)
        self.strides = self.pool_size if strides is None else pair(owner, "strides", strides)
        self.padding = choice(padding, "padding", ("valid", "same"), owner)
        self.data_format = channels_last(data_format, owner)


class MaxPooling2D(_Pooling2D):
    """Largest value of each window.

    Args:
        pool_size: Height and width of the window; one int for a square.
        strides: Pixels between windows; ``None`` means ``pool_size``.
        padding: ``"valid"`` or ``"same"``; padding never wins.
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, height, width, channels)`` to ``(batch, out_height, out_width, channels)``.
    """

    def call(self, x: Any) -> Any:
        """Maximum over each window."""
        return ops.max_pool2d(x, self.pool_size, strides=self.strides, padding=self.padding)


class AveragePooling2D(_Pooling2D):
    """Mean of each window, over the pixels it really covers. Arguments as :class:`MaxPooling2D`."""

    def call(self, x: Any) -> Any:
        """Mean over each window."""
        return ops.average_pool2d(x, self.pool_size, strides=self.strides, padding=self.padding)


class GlobalAveragePooling2D(Layer):
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
        self.data_format = channels_last(data_format, "GlobalAveragePooling2D")
        self.keepdims = keepdims

    def call(self, x: Any) -> Any:
        """Mean over height and width."""
        return ops.global_average_pool2d(x, keepdims=self.keepdims)
