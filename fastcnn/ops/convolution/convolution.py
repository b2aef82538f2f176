"""Convolution of images with one to three axes, its gradients, and transposed convolution."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.operation import Operand, apply, operand, operation
from fastcnn.ops.common.window import (
    Padding,
    Window,
    padding_attr,
    padding_of,
    per_axis,
    transposed_window,
)
from fastcnn.ops.elementwise.activation import ACTIVATIONS, activation_grad, check_activation
from fastcnn.ops.reduction.sums import sum_to_last

__all__ = ["ALGORITHMS", "conv", "conv2d", "conv_transpose"]

#: How a convolution can be told to compute.
ALGORITHMS = ("auto", "direct", "winograd", "winograd_2x2", "winograd_4x4")


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


class Conv(_Convolution):
    """Inputs x, kernel and maybe bias; attribute ``activation`` too. Images have one to three
    axes.
    """

    name = "conv"
    linear = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x, kernel = inputs[:2]
        output = self.window(x, kernel, **attrs).output
        return (Spec((x.shape[0], *output, kernel.shape[-1])),)

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        return {**attrs, "padding": self.window(*inputs, **attrs).padding}

    def fuses_activation(self, node: Node) -> bool:
        return bool(node.attrs["activation"] == "none")

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
        shared = _shared(node)
        dx = _input_grad(dz, kernel, x.shape, shared)
        dkernel = _kernel_grad(x, dz, kernel.shape, shared)
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
        shared = _shared(node)
        return [_forward(g, kernel, shared), _kernel_grad(g, dy, kernel.shape, shared)]


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
        shared = _shared(node)
        return [_input_grad(dy, g, x.shape, shared), _forward(x, g, shared)]


class ConvTranspose(Op):
    """Inputs x, kernel and maybe bias: the input gradient of a convolution, used forward.

    Attributes as :class:`Conv`'s, and ``output_padding``, empty where it follows from the rest.
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
        return {**attrs, "padding": self.window(*inputs, **attrs).padding}

    def fuses_activation(self, node: Node) -> bool:
        return bool(node.attrs["activation"] == "none")

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
        shared = {**_shared(node), "padding": window.padding}
        dx = _forward(dz, kernel, shared)
        dkernel = _kernel_grad(dz, x, kernel.shape, shared)
        grads_of_inputs: list[Tensor | None] = [dx, dkernel, sum_to_last(dz)]
        return grads_of_inputs[: len(node.inputs)]


# Convolution is linear in the image and in the kernel, so the gradients of its gradients are the
# same three operations again, with the window and algorithm of the node they belong to.
_SHARED = ("strides", "padding", "dilation", "groups", "algorithm")


def _shared(node: Node) -> dict[str, Any]:
    return {name: node.attrs[name] for name in _SHARED}


def _forward(x: Tensor, kernel: Tensor, shared: Mapping[str, Any]) -> Tensor:
    return apply(Conv(), x, kernel, activation="none", **shared)[0]


def _input_grad(
    dy: Tensor, kernel: Tensor, shape: tuple[int, ...], shared: Mapping[str, Any]
) -> Tensor:
    return apply(ConvInputGrad(), dy, kernel, shape=shape, **shared)[0]


def _kernel_grad(
    x: Tensor, dy: Tensor, shape: tuple[int, ...], shared: Mapping[str, Any]
) -> Tensor:
    return apply(ConvKernelGrad(), x, dy, shape=shape, **shared)[0]


def _checked_algorithm(
    op: str, algorithm: str, size: tuple[int, ...], window: Window, groups: int
) -> str:
    if algorithm not in ALGORITHMS:
        raise ValueError(
            f"{op}: algorithm must be one of {', '.join(map(repr, ALGORITHMS))}, got {algorithm!r}"
        )
    plain = window.strides == window.dilation == (1, 1) and groups == 1
    if algorithm.startswith("winograd") and not (plain and tuple(size) == (3, 3)):
        raise ValueError(
            f"{op}: algorithm {algorithm!r} computes 3x3 windows with stride 1, dilation 1 and one "
            f"group, got {'x'.join(map(str, size))} with strides {window.strides}, dilation "
            f"{window.dilation} and {groups} groups; use 'auto' or 'direct'"
        )
    return algorithm


def _images(op: str, x: Operand, rank: int | None) -> Tensor:
    images = operand(op, "x", x, rank=rank)
    if not 3 <= images.ndim <= 5:
        raise ValueError(
            f"{op}: x must have rank 3, 4 or 5: (batch, 1 to 3 axes, channels), got shape "
            f"{images.shape}"
        )
    return images


def _groups(op: str, groups: Any, channels: int, filters: int) -> None:
    if not isinstance(groups, int) or groups < 1:
        raise ValueError(f"{op}: groups must be a positive int, got {groups!r}")
    if channels % groups or filters % groups:
        raise ValueError(
            f"{op}: {channels} channels and {filters} filters cannot be split into {groups} groups"
        )


def _with_bias(op: str, bias: Operand | None, filters: int) -> list[Tensor]:
    if bias is None:
        return []
    bias = operand(op, "bias", bias, rank=1)
    if bias.shape != (filters,):
        raise ValueError(f"{op}: bias must have shape ({filters},), got {bias.shape}")
    return [bias]


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
    x = _images(name, x, rank)
    kernel = operand(name, "kernel", kernel, rank=x.ndim)
    channels, filters = x.shape[-1], kernel.shape[-1]
    _groups(name, groups, channels, filters)
    if kernel.shape[-2] * groups != channels:
        raise ValueError(
            f"{name}: x has {channels} channels but kernel {kernel.shape} expects "
            f"{kernel.shape[-2] * groups}"
            + (f" in {groups} groups" if groups > 1 else "")
            + "; channels are the last axis. A layer keeps the kernel of its first input: for "
            f"{channels} channels make another layer"
        )
    inputs = [x, kernel, *_with_bias(name, bias, filters)]
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
        algorithm=_checked_algorithm(name, algorithm, size, window, groups),
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
    x = _images(op, x, None)
    kernel = operand(op, "kernel", kernel, rank=x.ndim)
    channels = x.shape[-1]
    filters = kernel.shape[-2] * groups if isinstance(groups, int) else kernel.shape[-2]
    _groups(op, groups, channels, filters)
    if kernel.shape[-1] != channels:
        raise ValueError(
            f"{op}: x has {channels} channels but kernel {kernel.shape} expects "
            f"{kernel.shape[-1]}; its last axes are (filters / groups, channels)"
        )
    inputs = [x, kernel, *_with_bias(op, bias, filters)]
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
        algorithm=_checked_algorithm(op, algorithm, size, window, groups),
    )[0]
