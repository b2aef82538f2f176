"""Layers that give images another size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import ops
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import channels_last, choice, positive_int

__all__ = ["CenterCrop", "Resizing"]


class Resizing(Layer):
    """Images of one height and width, whatever came in; uint8 images become float32.

    Args:
        height: New height in pixels.
        width: New width in pixels.
        interpolation: ``"bilinear"``, ``"nearest"``, ``"bicubic"``, ``"area"``, ``"lanczos3"`` or
            ``"lanczos5"``; see ``fastcnn.ops.resize``.
        crop_to_aspect_ratio: Whether to cut the middle with the new proportions out first.
        pad_to_aspect_ratio: Whether to add borders up to the new proportions first.
        fill_mode: ``"constant"``, the only one.
        fill_value: Of those borders.
        antialias: Whether every pixel has a say where images get smaller.
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, ..., ..., channels)`` or one image without the batch, to the new size.

    Raises:
        ValueError: A size that is not positive, another interpolation, or both aspect ratios.
    """

    takes_uint8 = True

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.height = positive_int(height, "height", "Resizing")
        self.width = positive_int(width, "width", "Resizing")
        self.interpolation = choice(
            interpolation,
            "interpolation",
            ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5"),
            "Resizing",
        )
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise ValueError(
                "Resizing: crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other; choose "
                "one"
            )
        self.crop_to_aspect_ratio = crop_to_aspect_ratio
        self.pad_to_aspect_ratio = pad_to_aspect_ratio
        self.fill_mode = choice(fill_mode, "fill_mode", ("constant",), "Resizing")
        self.fill_value = checked_float32("Resizing", "fill_value", fill_value)
        self.antialias = bool(antialias)
        self.data_format = channels_last(data_format, "Resizing")

    def call(self, x: Any) -> Any:
        """The resized images."""
        return on_batch(self, x, self._resized)

    def _resized(self, x: Any) -> Any:
        if self.crop_to_aspect_ratio:
            x = proportional_crop(x, self.height, self.width)
        elif self.pad_to_aspect_ratio:
            x = self._padded(x)
        return ops.resize(
            x,
            (self.height, self.width),
            interpolation=self.interpolation,
            antialias=self.antialias,
        )

    def _padded(self, x: Any) -> Any:
        height, width = x.shape[1:3]
        # Both borders get the smaller half, as in Keras.
        rows = (max(height, width * self.height // self.width) - height) // 2
        columns = (max(width, height * self.width // self.height) - width) // 2
        borders = ((0, 0), (rows, rows), (columns, columns), (0, 0))
        if not self.fill_value:
            return ops.pad(x, borders)
        return ops.add(ops.pad(ops.subtract(x, self.fill_value), borders), self.fill_value)


class CenterCrop(Layer):
    """The middle of images; where they are smaller than that, they are resized to it.

    Args:
        height: Height of the middle in pixels.
        width: Its width.
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: A size that is not positive.
    """

    takes_uint8 = True

    def __init__(
        self,
        height: int,
        width: int,
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.height = positive_int(height, "height", "CenterCrop")
        self.width = positive_int(width, "width", "CenterCrop")
        self.data_format = channels_last(data_format, "CenterCrop")

    def call(self, x: Any) -> Any:
        """The middle of the images."""
        return on_batch(self, x, self._cropped)

    def _cropped(self, x: Any) -> Any:
        batch, height, width, channels = x.shape
        if height < self.height or width < self.width:
            return ops.resize(
                proportional_crop(x, self.height, self.width), (self.height, self.width)
            )
        start = (0, (height - self.height) // 2, (width - self.width) // 2, 0)
        return ops.slice(x, start, (batch, self.height, self.width, channels))


def on_batch(layer: Layer, x: Any, function: Any) -> Any:
    """``function`` of a batch of float32 images, or of one image that is made one.

    Raises:
        ValueError: Neither images nor an image.
    """
    if x.ndim not in (3, 4):
        raise ValueError(
            f"layer {layer.name!r}: {type(layer).__name__} takes images (batch, height, width, "
            f"channels) or one image without the batch, got shape {tuple(x.shape)}"
        )
    if x.dtype != "float32":
        x = ops.cast(x, "float32")
    if x.ndim == 4:
        return function(x)
    y = function(ops.reshape(x, (1, *x.shape)))
    return ops.reshape(y, y.shape[1:])


def proportional_crop(x: Any, height: int, width: int) -> Any:
    """The middle of images ``(batch, ..., ..., channels)`` with the proportions of a size."""
    batch, rows, columns, channels = x.shape
    new_rows = max(min(rows, columns * height // width), 1)
    new_columns = max(min(columns, rows * width // height), 1)
    start = (0, (rows - new_rows) // 2, (columns - new_columns) // 2, 0)
    return ops.slice(x, start, (batch, new_rows, new_columns, channels))
