"""Convolution of images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import activations, initializers, ops
from fastcnn.config import refuse
from fastcnn.layers.arguments import channels_last, choice, positive_int
from fastcnn.layers.layer import Layer
from fastcnn.ops.window import pair

__all__ = ["Conv2D"]


class Conv2D(Layer):
    """Slides ``filters`` small weighted windows over images.

    Args:
        filters: Number of output channels.
        kernel_size: Height and width of the window; one int for a square.
        strides: Pixels between windows.
        padding: ``"valid"`` or ``"same"`` (the odd pixel of padding goes last).
        data_format: ``"channels_last"``, the only one.
        dilation_rate: Pixels between the taps of a window.
        groups: Independent groups of channels; divides input channels and ``filters``.
        activation: Name or function, applied to the sum.
        use_bias: Whether a number per filter is added.
        kernel_initializer: First value of ``kernel``, which has the shape
            ``(height, width, channels / groups, filters)``.
        bias_initializer: First value of ``bias`` ``(filters,)``.
        kernel_regularizer: Not supported: ``None`` only.
        bias_regularizer: Not supported: ``None`` only.
        activity_regularizer: Not supported: ``None`` only.
        kernel_constraint: Not supported: ``None`` only.
        bias_constraint: Not supported: ``None`` only.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, height, width, channels)`` to ``(batch, out_height, out_width, filters)``.

    Raises:
        ValueError: An argument is not as above, or channels do not divide into groups.
    """

    _not_configured = frozenset(
        {
            "input_shape",
            "kernel_regularizer",
            "bias_regularizer",
            "activity_regularizer",
            "kernel_constraint",
            "bias_constraint",
        }
    )

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = (1, 1),
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: None = None,
        bias_regularizer: None = None,
        activity_regularizer: None = None,
        kernel_constraint: None = None,
        bias_constraint: None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        refuse(
            "Conv2D",
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self.filters = positive_int(filters, "filters", "Conv2D")
        self.kernel_size = pair("Conv2D", "kernel_size", kernel_size)
        self.strides = pair("Conv2D", "strides", strides)
        self.padding = choice(padding, "padding", ("valid", "same"), "Conv2D")
        self.data_format = channels_last(data_format, "Conv2D")
        self.dilation_rate = pair("Conv2D", "dilation_rate", dilation_rate)
        self.groups = positive_int(groups, "groups", "Conv2D")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        if self.filters % self.groups:
            raise ValueError(
                f"Conv2D: groups={groups} does not divide filters={filters}; both count channels"
            )

    def build(self, input_shape: Any) -> None:
        """Make ``kernel`` and ``bias`` for the channels of ``input_shape``."""
        if len(input_shape) != 4:
            raise ValueError(
                f"layer {self.name!r}: Conv2D takes images (batch, height, width, channels), got "
                f"shape {tuple(input_shape)}; a grey image needs a channel axis: x[..., None]"
            )
        channels = input_shape[-1]
        if channels is None or channels % self.groups:
            raise ValueError(
                f"layer {self.name!r}: Conv2D with groups={self.groups} cannot take {channels} "
                "channels; their number must be known and a multiple of groups"
            )
        self.kernel = self.add_weight(
            (*self.kernel_size, channels // self.groups, self.filters),
            self.kernel_initializer,
            name="kernel",
        )
        self.bias = (
            self.add_weight((self.filters,), self.bias_initializer, name="bias")
            if self.use_bias
            else None
        )

    def call(self, x: Any) -> Any:
        """Convolve, add the bias, apply the activation."""
        y = ops.conv2d(
            x,
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
            groups=self.groups,
        )
        return self.activation(y)
