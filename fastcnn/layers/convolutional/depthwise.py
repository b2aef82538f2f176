"""Convolution of every channel by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import activations, constraints, initializers, ops, regularizers
from fastcnn.layers.base.base_conv import WindowedLayer
from fastcnn.layers.base.validation import positive_int
from fastcnn.ops.common.window import Padding

__all__ = ["ChannelwiseLayer", "DepthwiseConv1D", "DepthwiseConv2D"]


class ChannelwiseLayer(WindowedLayer):
    """What filters every channel by itself."""

    mixes = True

    depth_multiplier: int

    def _filtered(self, x: Any, filters: Any, bias: Any) -> Any:
        """``x`` with every channel convolved with its ``depth_multiplier`` filters.

        Filters of single channels have a step of their own, so where each channel has several it
        is repeated.
        """
        *extent, channels = x.shape
        times = self.depth_multiplier
        if times > 1:
            x = ops.broadcast_to(ops.reshape(x, (*extent, channels, 1)), (*x.shape, times))
            x = ops.reshape(x, (*extent, channels * times))
        kernel = ops.reshape(filters.tensor, (*self.kernel_size, 1, channels * times))
        convolve = ops.conv2d if self.rank == 2 else ops.conv
        return convolve(
            x,
            kernel,
            bias,
            strides=self.strides,
            padding=self.padding,
            dilation=self.dilation_rate,
            groups=channels * times,
        )


class DepthwiseConvolution(ChannelwiseLayer):
    """Slides windows over each channel by itself: every channel becomes ``depth_multiplier``.

    Args:
        kernel_size: Extent of the window: one int, or one for each axis.
        strides: Pixels between windows; one int, or one for each axis.
        padding: ``"valid"``, ``"same"`` (the odd pixel of padding goes last), or pixels: an int
            for all sides, an int for each axis, or a (before, after) pair for each.
        depth_multiplier: Filters of each channel. Those of one channel are neighbours in the
            output.
        data_format: ``"channels_last"``, the only one.
        dilation_rate: Pixels between the taps of a window.
        activation: Name or function, applied to the sum.
        use_bias: Whether a number per output channel is added.
        depthwise_initializer: First value of ``kernel``, which has the shape
            ``(*kernel_size, channels, depth_multiplier)``.
        bias_initializer: First value of ``bias`` ``(channels * depth_multiplier,)``.
        depthwise_regularizer: Penalty on ``kernel``, see :mod:`fastcnn.regularizers`.
        bias_regularizer: Penalty on ``bias``.
        activity_regularizer: Penalty on the output.
        depthwise_constraint: What ``kernel`` is brought to after each update, see
            :mod:`fastcnn.constraints`.
        bias_constraint: The same for ``bias``.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: An argument is not as above.
    """

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.depth_multiplier = positive_int(
            depth_multiplier, "depth_multiplier", type(self).__name__
        )
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        """Make ``kernel`` and ``bias`` for the channels of ``input_shape``."""
        channels = self._channels(input_shape)
        self.kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (channels * self.depth_multiplier,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, x: Any) -> Any:
        """Convolve every channel, add the bias, apply the activation."""
        return self.activation(self._filtered(x, self.kernel, self.bias))


class DepthwiseConv1D(DepthwiseConvolution):
    """Filters each channel of sequences; arguments as :class:`DepthwiseConvolution`.

    Shape:
        ``(batch, steps, channels)`` to ``(batch, out_steps, channels * depth_multiplier)``.
    """

    rank = 1


class DepthwiseConv2D(DepthwiseConvolution):
    """Filters each channel of images; arguments as :class:`DepthwiseConvolution`.

    Shape:
        ``(batch, height, width, channels)`` to
        ``(batch, out_height, out_width, channels * depth_multiplier)``.
    """

    rank = 2
