"""Two-dimensional convolution and its gradients."""

from __future__ import annotations

from typing import Any

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.activation import ACTIVATIONS, activation_grad, check_activation
from fastcnn.ops.op import Operand, apply, operand, operation
from fastcnn.ops.reduction import sum_to_last
from fastcnn.ops.window import Padding, Window

__all__ = ["ALGORITHMS", "conv2d"]

#: How conv2d can be told to compute.
ALGORITHMS = ("auto", "direct", "winograd", "winograd_2x2", "winograd_4x4")


class Conv2D(Op):
    """Inputs x, kernel and maybe bias."""

    name = "conv2d"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x, kernel = inputs[:2]
        height, width = attrs["output"]
        return (Spec((x.shape[0], height, width, kernel.shape[3])),)

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


class Conv2DInputGrad(Op):
    """Inputs dy, kernel; ``shape`` is that of x."""

    name = "conv2d_input_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"])),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None]
        dy, kernel = node.inputs
        return [_forward(g, kernel, dy, node), _kernel_grad(g, dy, kernel.shape, node)]


class Conv2DKernelGrad(Op):
    """Inputs x, dy; ``shape`` is that of the kernel."""

    name = "conv2d_kernel_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"])),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None]
        x, dy = node.inputs
        return [_input_grad(dy, g, x.shape, node), _forward(x, g, dy, node)]


# Convolution is linear in the image and in the kernel, so the gradients of its gradients are the
# same three operations again, with the window and algorithm of the node they belong to.
_SHARED = ("strides", "padding", "dilation", "groups", "algorithm")


def _forward(x: Tensor, kernel: Tensor, y: Tensor, node: Node) -> Tensor:
    shared = {name: node.attrs[name] for name in _SHARED}
    output = y.shape[1:3]
    return apply(Conv2D(), x, kernel, activation="none", output=output, **shared)[0]


def _input_grad(dy: Tensor, kernel: Tensor, shape: tuple[int, ...], node: Node) -> Tensor:
    shared = {name: node.attrs[name] for name in _SHARED}
    return apply(Conv2DInputGrad(), dy, kernel, shape=shape, **shared)[0]


def _kernel_grad(x: Tensor, dy: Tensor, shape: tuple[int, ...], node: Node) -> Tensor:
    shared = {name: node.attrs[name] for name in _SHARED}
    return apply(Conv2DKernelGrad(), x, dy, shape=shape, **shared)[0]


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
            f"group, got {size[0]}x{size[1]} with strides {window.strides}, dilation "
            f"{window.dilation} and {groups} groups; use 'auto' or 'direct'"
        )
    return algorithm


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
    op = Conv2D.name
    x = operand(op, "x", x, rank=4)
    kernel = operand(op, "kernel", kernel, rank=4)
    inputs = [x, kernel]
    if bias is not None:
        inputs.append(operand(op, "bias", bias, rank=1))
    channels, filters = x.shape[3], kernel.shape[3]
    if not isinstance(groups, int) or groups < 1:
        raise ValueError(f"{op}: groups must be a positive int, got {groups!r}")
    if channels % groups or filters % groups:
        raise ValueError(
            f"{op}: {channels} channels and {filters} filters cannot be split into {groups} groups"
        )
    if kernel.shape[2] * groups != channels:
        raise ValueError(
            f"{op}: x has {channels} channels but kernel {kernel.shape} expects "
            f"{kernel.shape[2] * groups}" + (f" in {groups} groups" if groups > 1 else "")
        )
    if bias is not None and inputs[2].shape != (filters,):
        raise ValueError(f"{op}: bias must have shape ({filters},), got {inputs[2].shape}")
    window = Window.of(op, (x.shape[1], x.shape[2]), kernel.shape[:2], strides, padding, dilation)
    return apply(
        Conv2D(),
        *inputs,
        strides=window.strides,
        padding=window.padding,
        dilation=window.dilation,
        groups=groups,
        activation=check_activation(op, activation, ACTIVATIONS),
        output=window.output,
        algorithm=_checked_algorithm(op, algorithm, kernel.shape[:2], window, groups),
    )[0]
