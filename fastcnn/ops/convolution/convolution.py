"""Convolution of images with one to three axes, and its gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.epilogue import EpilogueOp
from fastcnn.ops.common.public_operation import Operand, apply, image_operand, operand, operation
from fastcnn.ops.common.window import (
    Padding,
    Window,
    padding_attr,
    padding_of,
)
from fastcnn.ops.convolution.checks import bias_operand, check_groups, checked_algorithm
from fastcnn.ops.elementwise.activation import ACTIVATIONS, activation_grad, check_activation
from fastcnn.ops.reduction.sums import sum_to_last

__all__ = [
    "conv",
    "conv2d",
]


class _Convolution(Op):
    """What convolutions have in common.

    Attributes: ``strides``, ``dilation``, ``padding`` (a rule or pixels, see
    :func:`padding_attr`), ``groups``, ``algorithm``.
    """

    def window(self, x: Spec, kernel: Spec, *_: Spec, **attrs: Any) -> Window:
        """The window on images like x."""
        return Window.of(
            self.name,
            x.shape[1:-1],
            kernel.shape[:-2],
            attrs["strides"],
            padding_of(attrs["padding"]),
            attrs["dilation"],
        )


class Conv(_Convolution, EpilogueOp):
    """Inputs x, kernel and those of the epilogue, whose attributes it has too. Images have one to
    three axes.
    """

    name = "conv"
    linear = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x, kernel = inputs[:2]
        output = self.window(x, kernel, **attrs).output
        return (Spec((x.shape[0], *output, kernel.shape[-1])),)

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        padding = self.window(*inputs, **attrs).padding
        return {**super().core_attrs(*inputs, **attrs), "padding": padding}

    def fuses_residual(self, node: Node) -> bool:
        # A filter for each channel has an operator of its own, without a place for it.
        groups, channels = node.attrs["groups"], node.inputs[0].shape[-1]
        return super().fuses_residual(node) and not 1 < groups == channels

    def macs(self, *inputs: Spec, **attrs: Any) -> int:
        (y,) = self.infer(*inputs, **attrs)
        return y.elements * math.prod(inputs[1].shape[:-1])

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None] * len(node.inputs)
        x, kernel = node.inputs[:2]
        # The same node's output, so that no forward work is repeated.
        y = Tensor(dy.spec, node)
        dz = activation_grad(node.attrs["activation"], y, dy)
        shared = shared_attrs(node)
        dx = input_grad(dz, kernel, x.shape, shared)
        dkernel = kernel_grad(x, dz, kernel.shape, shared)
        grads_of_inputs: list[Tensor | None] = [dx, dkernel, sum_to_last(dz)]
        return grads_of_inputs[: len(node.inputs)]


class ConvInputGrad(_Convolution):
    """Inputs dy, kernel; ``shape`` is that of x."""

    name = "conv_input_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"])),)

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        window = self.window(Spec(attrs["shape"]), inputs[1], **attrs)
        return {**attrs, "padding": window.padding}

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None]
        dy, kernel = node.inputs
        shared = shared_attrs(node)
        return [forward(g, kernel, shared), kernel_grad(g, dy, kernel.shape, shared)]


class ConvKernelGrad(_Convolution):
    """Inputs x, dy; ``shape`` is that of the kernel."""

    name = "conv_kernel_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"])),)

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        window = self.window(inputs[0], Spec(attrs["shape"]), **attrs)
        return {**attrs, "padding": window.padding}

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None]
        x, dy = node.inputs
        shared = shared_attrs(node)
        return [input_grad(dy, g, x.shape, shared), forward(x, g, shared)]


# Convolution is linear in the image and in the kernel, so the gradients of its gradients are the
# same three operations again, with the window and algorithm of the node they belong to.
_SHARED = ("strides", "padding", "dilation", "groups", "algorithm")


def shared_attrs(node: Node) -> dict[str, Any]:
    """The attributes that a convolution and its gradients share."""
    return {name: node.attrs[name] for name in _SHARED}


def forward(x: Tensor, kernel: Tensor, shared: Mapping[str, Any]) -> Tensor:
    """The convolution without bias and activation."""
    return apply(Conv(), x, kernel, activation="none", **shared)[0]


def input_grad(
    dy: Tensor, kernel: Tensor, shape: tuple[int, ...], shared: Mapping[str, Any]
) -> Tensor:
    """Its gradient with respect to x, which has ``shape``."""
    return apply(ConvInputGrad(), dy, kernel, shape=shape, **shared)[0]


def kernel_grad(x: Tensor, dy: Tensor, shape: tuple[int, ...], shared: Mapping[str, Any]) -> Tensor:
    """Its gradient with respect to the kernel, which has ``shape``."""
    return apply(ConvKernelGrad(), x, dy, shape=shape, **shared)[0]


def _convolve(
    name: str,
    rank: int | None,
    x: Operand,
    kernel: Operand,
    bias: Operand | None,
    strides: Any,
    padding: Padding,
    dilation: Any,
    groups: int,
    activation: str | None,
    algorithm: str,
) -> Tensor:
    x = image_operand(name, x, rank)
    kernel = operand(name, "kernel", kernel, rank=x.ndim)
    channels, filters = x.shape[-1], kernel.shape[-1]
    check_groups(name, groups, channels, filters)
    if kernel.shape[-2] * groups != channels:
        raise ValueError(
            f"{name}: x has {channels} channels but kernel {kernel.shape} expects "
            f"{kernel.shape[-2] * groups}"
            + (f" in {groups} groups" if groups > 1 else "")
            + "; channels are the last axis. A layer keeps the kernel of its first input: for "
            f"{channels} channels make another layer"
        )
    inputs = [x, kernel, *bias_operand(name, bias, filters)]
    size = kernel.shape[:-2]
    window = Window.of(name, x.shape[1:-1], size, strides, padding, dilation)
    return apply(
        Conv(),
        *inputs,
        strides=window.strides,
        padding=padding_attr(name, padding, x.ndim - 2),
        dilation=window.dilation,
        groups=groups,
        activation=check_activation(name, activation, ACTIVATIONS),
        algorithm=checked_algorithm(name, algorithm, size, window, groups),
    )[0]


@operation
def conv(
    x: Operand,
    kernel: Operand,
    bias: Operand | None = None,
    *,
    strides: Any = 1,
    padding: Padding = "valid",
    dilation: Any = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str = "auto",
) -> Any:
    """Convolution of images with one to three axes: sequences, images, volumes.

    :func:`conv2d` is this operation for two axes, and says what the arguments mean; those that
    have an entry for each axis have one, two or three. Layers: Conv1D, Conv2D, Conv3D.

    Args:
        x: Images ``(batch, length, channels)``, ``(batch, height, width, channels)`` or
            ``(batch, depth, height, width, channels)``, float32; array or Tensor.
        kernel: Filters ``(*window, channels / groups, filters)``, float32.
        bias: ``(filters,)``, float32, or None.
        strides: Pixels between windows; one int or one for each axis.
        padding: ``"valid"``, ``"same"`` (the odd pixel goes last), pixels on every side, an int
            for each axis, or a (before, after) pair for each. Padding is zeros.
        dilation: Distance of neighbouring filter taps in pixels.
        groups: Channels and filters are split into so many independent groups.
        activation: ``"relu"``, ``"sigmoid"`` or ``"tanh"``; None for none.
        algorithm: See :func:`conv2d`.

    Returns:
        ``(batch, *output, filters)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Ranks, channels, groups or window do not fit, or the algorithm cannot compute
            such a convolution; says what was expected.

    Example:
        >>> import numpy as np
        >>> x = np.arange(4, dtype=np.float32).reshape(1, 4, 1)
        >>> conv(x, np.ones((2, 1, 1), np.float32), padding=((1, 0),))[0, :, 0]
        array([0., 1., 3., 5.], dtype=float32)
    """
    return _convolve(
        "conv", None, x, kernel, bias, strides, padding, dilation, groups, activation, algorithm
    )


@operation
def conv2d(
    x: Operand,
    kernel: Operand,
    bias: Operand | None = None,
    *,
    strides: Any = 1,
    padding: Padding = "valid",
    dilation: Any = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str = "auto",
) -> Any:
    """Convolution (cross-correlation) of images with filters. Layer: Conv2D.

    Args:
        x: Images ``(batch, height, width, channels)``, float32; array or Tensor.
        kernel: Filters ``(height, width, channels / groups, filters)``, float32.
        bias: ``(filters,)``, float32, or None.
        strides: Pixels between windows; one int or (vertical, horizontal).
        padding: ``"valid"``, ``"same"`` (the odd pixel goes last), pixels on every side,
            (vertical, horizontal) or ((top, bottom), (left, right)). Padding is zeros.
        dilation: Distance of neighbouring filter taps in pixels.
        groups: Channels and filters are split into so many independent groups.
        activation: ``"relu"``, ``"sigmoid"`` or ``"tanh"``, computed before the result is first
            stored; None for none.
        algorithm: ``"auto"`` lets a cost model choose, for the result and for each gradient.
            ``"direct"`` multiplies every pixel with every filter tap. ``"winograd"``, or
            ``"winograd_2x2"`` and ``"winograd_4x4"`` by the size of its tiles, needs 2.25 or 4
            times fewer multiplications, for windows of 3x3 with stride 1, dilation 1 and one
            group; its rounding errors differ (docs/numerics.md), and NaN and infinity spread over
            the tile. :func:`fastcnn.runtime.set_winograd` keeps ``"auto"`` from choosing it.

    Returns:
        ``(batch, out_height, out_width, filters)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Ranks, channels, groups or window do not fit, or the algorithm cannot compute
            such a convolution; says what was expected.

    Example:
        >>> import numpy as np
        >>> x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
        >>> conv2d(x, np.ones((2, 2, 1, 1), np.float32))[0, :, :, 0]
        array([[ 8., 12.],
               [20., 24.]], dtype=float32)
    """
    return _convolve(
        "conv2d", 4, x, kernel, bias, strides, padding, dilation, groups, activation, algorithm
    )
