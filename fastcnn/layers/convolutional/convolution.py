"""Convolution of sequences, images and volumes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from fastcnn import activations, constraints, initializers, ops, regularizers
from fastcnn.layers.base.base_conv import WindowedLayer
from fastcnn.layers.base.validation import positive_int
from fastcnn.ops.common.window import Padding

__all__ = ["Conv1D", "Conv2D", "Conv3D"]


class Convolution(WindowedLayer):
    """Slides ``filters`` small weighted windows over its input.

    Args:
        filters: Number of output channels.
        kernel_size: Extent of the window: one int, or one for each axis.
        strides: Pixels between windows; one int, or one for each axis.
        padding: ``"valid"``, ``"same"`` (the odd pixel of padding goes last), or pixels: an int
            for all sides, an int for each axis, or a (before, after) pair for each.
        data_format: ``"channels_last"``, the only one.
        dilation_rate: Pixels between the taps of a window. It and ``strides`` cannot both be
            above 1.
        groups: Independent groups of channels; divides input channels and ``filters``.
        activation: Name or function, applied to the sum.
        use_bias: Whether a number per filter is added.
        kernel_initializer: First value of ``kernel``, which has the shape
            ``(*kernel_size, channels / groups, filters)``.
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
        ValueError: An argument is not as above, or channels do not divide into groups.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: Padding = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
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
        self.groups = positive_int(groups, "groups", owner)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        if self.filters % self.groups:
            raise ValueError(
                f"{owner}: groups={groups} does not divide filters={filters}; both count channels"
            )

    def build(self, input_shape: Any) -> None:
        """Make ``kernel`` and ``bias`` for the channels of ``input_shape``."""
        channels = self._channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"layer {self.name!r}: {type(self).__name__} with groups={self.groups} cannot take "
                f"{channels} channels; their number must be a multiple of groups"
            )
        self.kernel = self.add_weight(
            (*self.kernel_size, channels // self.groups, self.filters),
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
        """Convolve, add the bias, apply the activation."""
        convolve = ops.conv2d if self.rank == 2 else ops.conv
        y = convolve(
            x,
            self.kernel,
            self.bias,
            strides=self.strides,
            padding=self._sides(),
            dilation=self.dilation_rate,
            groups=self.groups,
        )
        return self.activation(y)

    def _sides(self) -> Any:
        """Padding as operations take it."""
        return self.padding


class Conv1D(Convolution):
    """Slides small weighted windows along sequences; arguments as :class:`Convolution`.

    ``padding`` may also be ``"causal"``: all of it goes first, so that no output sees what comes
    after it.

    Shape:
        ``(batch, steps, channels)`` to ``(batch, out_steps, filters)``.

    Example:
        >>> Conv1D(8, 3, padding="causal").compute_output_shape((None, 10, 4))
        (None, 10, 8)
    """

    rank = 1
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same", "causal")

    def _sides(self) -> Any:
        if self.padding != "causal":
            return self.padding
        return (((self.kernel_size[0] - 1) * self.dilation_rate[0], 0),)


class Conv2D(Convolution):
    """Slides small weighted windows over images.

    Arguments are those of :class:`Convolution`.

    Shape:
        ``(batch, height, width, channels)`` to ``(batch, out_height, out_width, filters)``.
    """

    rank = 2


class Conv3D(Convolution):
    """Slides small weighted windows over volumes; arguments as :class:`Convolution`.

    Shape:
        ``(batch, depth, height, width, channels)`` to
        ``(batch, out_depth, out_height, out_width, filters)``.
    """

    rank = 3
