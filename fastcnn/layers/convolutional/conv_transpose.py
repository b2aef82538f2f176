"""Transposed convolution of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import activations, constraints, initializers, ops, regularizers
from fastcnn.layers.base.base_conv import WindowedLayer
from fastcnn.layers.base.validation import positive_int
from fastcnn.ops.common.window import Padding, per_axis

__all__ = ["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"]


class TransposedConvolution(WindowedLayer):
    """Every pixel adds its multiple of a filter to a larger image: what turns the shape of a
    convolution's output back into that of its input.

    Args:
        filters: Number of output channels.
        kernel_size: Extent of the window: one int, or one for each axis.
        strides: Distance in the output of neighbouring pixels; one int, or one for each axis.
        padding: ``"valid"`` keeps all that is added to, ``"same"`` ``extent * stride`` pixels.
        output_padding: Pixels more at the end of each axis, fewer than the stride; with it
            ``"same"`` gives ``(extent - 1) * stride + kernel_size % 2 + output_padding``. None for
            as many as make ``"same"`` so long as it says, and ``"valid"`` at least a stride for
            each pixel.
        data_format: ``"channels_last"``, the only one.
        dilation_rate: Pixels between the taps of a window. It and ``strides`` cannot both be
            above 1.
        activation: Name or function, applied to the sum.
        use_bias: Whether a number per filter is added.
        kernel_initializer: First value of ``kernel``, which has the shape
            ``(*kernel_size, filters, channels)``.
        bias_initializer: First value of ``bias`` ``(filters,)``.
        kernel_regularizer: Penalty on ``kernel``, see :mod:`fastcnn.regularizers`.
        bias_regularizer: Penalty on ``bias``.
        activity_regularizer: Penalty on the output.
        kernel_constraint: What ``kernel`` is brought to after each update, see
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
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
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
        self.output_padding = (
            None
            if output_padding is None
            else per_axis(owner, "output_padding", output_padding, self.rank, 0)
        )
        if self.output_padding is not None and any(
            more >= stride for more, stride in zip(self.output_padding, self.strides, strict=True)
        ):
            raise ValueError(
                f"{owner}: output_padding must be less than the strides, got "
                f"{self.output_padding} with strides {self.strides}"
            )
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        """Make ``kernel`` and ``bias`` for the channels of ``input_shape``."""
        self.kernel = self.add_weight(
            (*self.kernel_size, self.filters, self._channels(input_shape)),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
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
        """Spread the pixels, add the bias, apply the activation."""
        y = ops.conv_transpose(
            x,
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation=self.dilation_rate,
        )
        return self.activation(y)


class Conv1DTranspose(TransposedConvolution):
    """Makes sequences longer; arguments as :class:`TransposedConvolution`.

    Shape:
        ``(batch, steps, channels)`` to ``(batch, out_steps, filters)``.
    """

    rank = 1


class Conv2DTranspose(TransposedConvolution):
    """Makes images larger; arguments as :class:`TransposedConvolution`.

    Shape:
        ``(batch, height, width, channels)`` to ``(batch, out_height, out_width, filters)``.

    Example:
        >>> Conv2DTranspose(8, 3, strides=2, padding="same").compute_output_shape((None, 7, 7, 4))
        (None, 14, 14, 8)
    """

    rank = 2


class Conv3DTranspose(TransposedConvolution):
    """Makes volumes larger; arguments as :class:`TransposedConvolution`, only that
    ``data_format`` stands before ``output_padding``: that is Keras' order here.

    Shape:
        ``(batch, depth, height, width, channels)`` to
        ``(batch, out_depth, out_height, out_width, filters)``.
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        data_format: str | None = None,
        output_padding: int | Sequence[int] | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            name=name,
            trainable=trainable,
            input_shape=input_shape,
        )
