"""Convolution of every channel by itself, followed by one across channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import activations, constraints, initializers, ops, regularizers
from fastcnn.layers.base.validation import positive_int
from fastcnn.layers.convolutional.depthwise import ChannelwiseLayer
from fastcnn.ops.common.window import Padding

__all__ = ["SeparableConv1D", "SeparableConv2D"]


class SeparableConvolution(ChannelwiseLayer):
    """A depthwise convolution, then one with windows of one pixel across the channels.

    Args:
        filters: Number of output channels.
        kernel_size: Extent of the depthwise window: one int, or one for each axis.
        strides: Pixels between windows; one int, or one for each axis.
        padding: ``"valid"``, ``"same"`` (the odd pixel of padding goes last), or pixels: an int
            for all sides, an int for each axis, or a (before, after) pair for each.
        data_format: ``"channels_last"``, the only one.
        dilation_rate: Pixels between the taps of a window.
        depth_multiplier: Depthwise filters of each channel.
        activation: Name or function, applied to the sum.
        use_bias: Whether a number per filter is added.
        depthwise_initializer: First value of ``depthwise_kernel``, which has the shape
            ``(*kernel_size, channels, depth_multiplier)``.
        pointwise_initializer: First value of ``pointwise_kernel``
            ``(1, ..., channels * depth_multiplier, filters)``.
        bias_initializer: First value of ``bias`` ``(filters,)``.
        depthwise_regularizer: Penalty on ``depthwise_kernel``, see :mod:`fastcnn.regularizers`.
        pointwise_regularizer: Penalty on ``pointwise_kernel``.
        bias_regularizer: Penalty on ``bias``.
        activity_regularizer: Penalty on the output.
        depthwise_constraint: What ``depthwise_kernel`` is brought to after each update, see
            :mod:`fastcnn.constraints`.
        pointwise_constraint: The same for ``pointwise_kernel``.
        bias_constraint: The same for ``bias``.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: An argument is not as above.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        owner = type(self).__name__
        self.filters = positive_int(filters, "filters", owner)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.depth_multiplier = positive_int(depth_multiplier, "depth_multiplier", owner)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        """Make ``depthwise_kernel``, ``pointwise_kernel`` and ``bias``."""
        channels = self._channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            name="depthwise_kernel",
        )
        self.pointwise_kernel = self.add_weight(
            (*(1,) * self.rank, channels * self.depth_multiplier, self.filters),
            self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
            name="pointwise_kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.filters,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, x: Any) -> Any:
        """Convolve every channel, then across channels, add the bias, apply the activation."""
        convolve = ops.conv2d if self.rank == 2 else ops.conv
        y = self._filtered(x, self.depthwise_kernel, None)
        return self.activation(convolve(y, self.pointwise_kernel, self.bias))


class SeparableConv1D(SeparableConvolution):
    """Filters channels of sequences, then mixes them; arguments as
    :class:`SeparableConvolution`.

    Shape:
        ``(batch, steps, channels)`` to ``(batch, out_steps, filters)``.
    """

    rank = 1


class SeparableConv2D(SeparableConvolution):
    """Filters channels of images, then mixes them; arguments as :class:`SeparableConvolution`.

    Shape:
        ``(batch, height, width, channels)`` to ``(batch, out_height, out_width, filters)``.
    """

    rank = 2
