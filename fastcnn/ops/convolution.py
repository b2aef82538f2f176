"""Convolution of images with one to three axes, its gradients, and transposed convolution."""

from __future__ import annotations

from typing import Any

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.activation import ACTIVATIONS, activation_grad, check_activation
from fastcnn.ops.op import Operand, apply, operand, operation
from fastcnn.ops.reduction import sum_to_last
from fastcnn.ops.window import Padding, Window, transposed_window

__all__ = ["ALGORITHMS", "conv", "conv2d", "conv_transpose"]

#: How a convolution can be told to compute.
ALGORITHMS = ("auto", "direct", "winograd", "winograd_2x2", "winograd_4x4")


class Conv(Op):
    """Inputs x, kernel and maybe bias."""

    name = "conv"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x, kernel = inputs[:2]
        return (Spec((x.shape[0], *attrs["output"], kernel.shape[-1])),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None] * len(node.inputs)
        x, kernel = node.inputs[:2]
        # The same node's output, so that no forward work is repeated.
        y = Tensor(dy.spec, node)
        dz = activation_grad(node.attrs["activation"], y, dy)
        dx = _input_grad(dz, kernel, x.shape, node)
        dkernel = _kernel_grad(x, dz, kernel.shape, node)
        grads_of_inputs: list[Tensor | None] = [dx, dkernel, sum_to_last(dz)]
        return grads_of_inputs[: len(node.inputs)]


class Conv2D(Conv):
    """The same; what images with two axes have always been called."""

    name = "conv2d"


class ConvInputGrad(Op):
    """Inputs dy, kernel; ``shape`` is that of x."""

    name = "conv_input_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"])),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None]
        dy, kernel = node.inputs
        return [_forward(g, kernel, dy, node), _kernel_grad(g, dy, kernel.shape, node)]


class Conv2DInputGrad(ConvInputGrad):
    """The same for images with two axes."""

    name = "conv2d_input_grad"


class ConvKernelGrad(Op):
    """Inputs x, dy; ``shape`` is that of the kernel."""

    name = "conv_kernel_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"])),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None]
        x, dy = node.inputs
        return [_input_grad(dy, g, x.shape, node), _forward(x, g, dy, node)]


class Conv2DKernelGrad(ConvKernelGrad):
    """The same for images with two axes."""

    name = "conv2d_kernel_grad"


class ConvTranspose(Op):
    """Inputs x, kernel and maybe bias: the input gradient of a convolution, used forward."""

    name = "conv_transpose"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x, kernel = inputs[:2]
        return (Spec((x.shape[0], *attrs["output"], kernel.shape[-2] * attrs["groups"])),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None] * len(node.inputs)
        x, kernel = node.inputs[:2]
        dz = activation_grad(node.attrs["activation"], Tensor(dy.spec, node), dy)
        dx = _forward(dz, kernel, x, node)
        dkernel = _kernel_grad(dz, x, kernel.shape, node)
        grads_of_inputs: list[Tensor | None] = [dx, dkernel, sum_to_last(dz)]
        return grads_of_inputs[: len(node.inputs)]


# Convolution is linear in the image and in the kernel, so the gradients of its gradients are the
# same three operations again, with the window and algorithm of the node they belong to.
_SHARED = ("strides", "padding", "dilation", "groups", "algorithm")


def _shared(node: Node) -> dict[str, Any]:
    return {name: node.attrs[name] for name in _SHARED}


def _forward(x: Tensor, kernel: Tensor, y: Tensor, node: Node) -> Tensor:
    op = Conv2D() if x.ndim == 4 else Conv()
    output = y.shape[1:-1]
    return apply(op, x, kernel, activation="none", output=output, **_shared(node))[0]


def _input_grad(dy: Tensor, kernel: Tensor, shape: tuple[int, ...], node: Node) -> Tensor:
    op = Conv2DInputGrad() if dy.ndim == 4 else ConvInputGrad()
    return apply(op, dy, kernel, shape=shape, **_shared(node))[0]


def _kernel_grad(x: Tensor, dy: Tensor, shape: tuple[int, ...], node: Node) -> Tensor:
    op = Conv2DKernelGrad() if x.ndim == 4 else ConvKernelGrad()
    return apply(op, x, dy, shape=shape, **_shared(node))[0]


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
    op: Conv,
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
    name = op.name
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
        op,
        *inputs,
        strides=window.strides,
        padding=window.padding,
        dilation=window.dilation,
        groups=groups,
        activation=check_activation(name, activation, ACTIVATIONS),
        output=window.output,
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
        Conv(), None, x, kernel, bias, strides, padding, dilation, groups, activation, algorithm
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
        Conv2D(), 4, x, kernel, bias, strides, padding, dilation, groups, activation, algorithm
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
        padding=window.padding,
        dilation=window.dilation,
        groups=groups,
        activation=check_activation(op, activation, ACTIVATIONS),
        output=window.output,
        algorithm=_checked_algorithm(op, algorithm, size, window, groups),
    )[0]
