"""What layers share that slide windows over images with one to three axes."""

from __future__ import annotations

from typing import Any, ClassVar

from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import channels_last, window_padding
from fastcnn.ops.common.window import per_axis

__all__ = ["WindowedLayer"]

#: What layers of a rank take, for messages.
_TAKES = {
    1: "sequences (batch, steps, channels)",
    2: "images (batch, height, width, channels)",
    3: "volumes (batch, depth, height, width, channels)",
}


class WindowedLayer(Layer):
    """A convolution of some kind: checks of its window and of what it is given.

    Attributes:
        rank: Axes of an image beside batch and channels.
        paddings: The rules of padding that it knows; it also takes numbers of pixels.
        mixes: Whether a stride and a dilation above 1 may be combined; Keras has no such layers
            with one kernel.
    """

    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    mixes: ClassVar[bool] = False

    def _set_window(
        self, kernel_size: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any
    ) -> None:
        owner = type(self).__name__
        self.kernel_size = per_axis(owner, "kernel_size", kernel_size, self.rank)
        self.strides = per_axis(owner, "strides", strides, self.rank)
        self.padding = window_padding(padding, self.paddings, self.rank, owner)
        self.data_format = channels_last(data_format, owner)
        self.dilation_rate = per_axis(owner, "dilation_rate", dilation_rate, self.rank)
        if not self.mixes and max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{owner}: strides {self.strides} and dilation_rate {self.dilation_rate} cannot "
                "both be above 1; use two layers, or one of them"
            )

    def _channels(self, input_shape: Any) -> int:
        """The number of channels that the layer is built for."""
        owner = type(self).__name__
        if len(input_shape) != self.rank + 2:
            hint = "; a grey image needs a channel axis: x[..., None]" if self.rank == 2 else ""
            raise ValueError(
                f"layer {self.name!r}: {owner} takes {_TAKES[self.rank]}, got shape "
                f"{tuple(input_shape)}{hint}"
            )
        channels = input_shape[-1]
        if channels is None:
            raise ValueError(
                f"layer {self.name!r}: {owner} must know the number of channels, got shape "
                f"{tuple(input_shape)}; give the input its last size, e.g. Input((32, 32, 3))"
            )
        return int(channels)
