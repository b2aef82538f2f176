"""Transposed convolution of images with one to three axes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastcnn.graph.tensor import Node, Spec, Tensor
from fastcnn.ops.common.epilogue import EpilogueOp
from fastcnn.ops.common.public_operation import Operand, apply, image_operand, operand, operation
from fastcnn.ops.common.window import (
    Padding,
    Window,
    padding_attr,
    padding_of,
    per_axis,
    transposed_window,
)
from fastcnn.ops.convolution.checks import bias_operand, check_groups, checked_algorithm
from fastcnn.ops.convolution.convolution import forward, kernel_grad, shared_attrs
from fastcnn.ops.elementwise.activation import ACTIVATIONS, activation_grad, check_activation
from fastcnn.ops.reduction.sums import sum_to_last

__all__ = ["conv_transpose"]


class ConvTranspose(EpilogueOp):
    """The input gradient of a convolution, used forward.

    Inputs x, kernel and those of the epilogue. Attributes as :class:`Conv`'s, and
    ``output_padding``, empty where it follows from the rest.
    """

    name = "conv_transpose"
    linear = True

    def window(self, x: Spec, kernel: Spec, *_: Spec, **attrs: Any) -> Window:
        """The window of the convolution that it is the gradient of; ``output`` is its own."""
        return transposed_window(
            self.name,
            x.shape[1:-1],
            kernel.shape[:-2],
            attrs["strides"],
            padding_of(attrs["padding"]),
            attrs["output_padding"] or None,
            attrs["dilation"],
        )

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x, kernel = inputs[:2]
        output = self.window(x, kernel, **attrs).output
        return (Spec((x.shape[0], *output, kernel.shape[-2] * attrs["groups"])),)

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        padding = self.window(*inputs, **attrs).padding
        return {**super().core_attrs(*inputs, **attrs), "padding": padding}

    def kernel_channel_axis(self, node: Node) -> int | None:
        """Filters lie before channels; groups share the entries along that axis."""
        return -2 if node.attrs["groups"] == 1 else None

    def macs(self, *inputs: Spec, **attrs: Any) -> int:
        x, kernel = inputs[:2]
        return x.elements * math.prod(kernel.shape[:-1])

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None] * len(node.inputs)
        x, kernel = node.inputs[:2]
        dz = activation_grad(node.attrs["activation"], Tensor(dy.spec, node), dy)
        # The rules of transposed padding are others, so the convolution gets numbers.
        window = self.window(x.spec, kernel.spec, **node.attrs)
        shared = {**shared_attrs(node), "padding": window.padding}
        dx = forward(dz, kernel, shared)
        dkernel = kernel_grad(dz, x, kernel.shape, shared)
        grads_of_inputs: list[Tensor | None] = [dx, dkernel, sum_to_last(dz)]
        return grads_of_inputs[: len(node.inputs)]


@operation
def conv_transpose(
    x: Operand,
    kernel: Operand,
    bias: Operand | None = None,
    *,
    strides: Any = 1,
    padding: Padding = "valid",
    output_padding: Any = None,
    dilation: Any = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str = "auto",
) -> Any:
    """Transposed convolution: every pixel adds its multiple of a filter to a larger image.

    It is the gradient of :func:`conv` with respect to its input. Layers: Conv1DTranspose,
    Conv2DTranspose, Conv3DTranspose.

    Args:
        x: Images ``(batch, 1 to 3 axes, channels)``, float32; array or Tensor.
        kernel: Filters ``(*window, filters / groups, channels)``, float32.
        bias: ``(filters,)``, float32, or None.
        strides: Distance in the result of what neighbouring pixels add; one int or one for each
            axis.
        padding: ``"valid"`` keeps all that is added to, ``"same"`` ``extent * stride`` pixels;
            numbers of pixels, as in :func:`conv`, are cut off.
        output_padding: Pixels more at the end, fewer than the stride; one int or one for each
            axis. None for as many as make ``"same"`` so long, and ``"valid"`` at least a stride
            for each pixel. With it ``"same"`` gives
            ``(extent - 1) * stride + window % 2 + output_padding``.
        dilation: Distance of neighbouring filter taps in pixels.
        groups: Channels and filters are split into so many independent groups.
        activation: ``"relu"``, ``"sigmoid"`` or ``"tanh"``; None for none.
        algorithm: See :func:`conv2d`.

    Returns:
        ``(batch, *output, filters)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Ranks, channels, groups or window do not fit, nothing is left of the result,
            or the algorithm cannot compute such a convolution; says what was expected.

    Example:
        >>> import numpy as np
        >>> x = np.float32([1, 10]).reshape(1, 2, 1)
        >>> conv_transpose(x, np.ones((3, 1, 1), np.float32), strides=2)[0, :, 0]
        array([ 1.,  1., 11., 10., 10.], dtype=float32)
    """
    op = ConvTranspose.name
    x = image_operand(op, x, None)
    kernel = operand(op, "kernel", kernel, rank=x.ndim)
    channels = x.shape[-1]
    filters = kernel.shape[-2] * groups if isinstance(groups, int) else kernel.shape[-2]
    check_groups(op, groups, channels, filters)
    if kernel.shape[-1] != channels:
        raise ValueError(
            f"{op}: x has {channels} channels but kernel {kernel.shape} expects "
            f"{kernel.shape[-1]}; its last axes are (filters / groups, channels)"
        )
    inputs = [x, kernel, *bias_operand(op, bias, filters)]
    size = kernel.shape[:-2]
    window = transposed_window(op, x.shape[1:-1], size, strides, padding, output_padding, dilation)
    return apply(
        ConvTranspose(),
        *inputs,
        strides=window.strides,
        padding=padding_attr(op, padding, x.ndim - 2),
        output_padding=()
        if output_padding is None
        else per_axis(op, "output_padding", output_padding, x.ndim - 2, 0),
        dilation=window.dilation,
        groups=groups,
        activation=check_activation(op, activation, ACTIVATIONS),
        algorithm=checked_algorithm(op, algorithm, size, window, groups),
    )[0]
