"""Pooling of images with one to three axes by windows that slide, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.op import Operand, apply, operand, operation
from fastcnn.ops.window import AXIS_NAMES, Padding, Window

__all__ = ["average_pool", "average_pool2d", "max_pool", "max_pool2d"]

_WINDOW = ("size", "strides", "padding", "dilation")
# What windows of two axes leave out where they only count neighbouring pixels inside the image.
_ANY = (*_WINDOW, "cells", "counted")


class MaxPool(Op):
    """Input x. Attributes are those of the window and ``output``, its number of places; ``cells``:
    the axes are divided into so many cells instead.
    """

    name = "max_pool"
    settings: tuple[str, ...] = _ANY

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x = inputs[0].shape
        return (Spec((x[0], *attrs["output"], x[-1])),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        op = MaxPool2DGrad() if self.name == "max_pool2d" else MaxPoolGrad()
        window = {name: node.attrs[name] for name in self.settings}
        return [apply(op, node.inputs[0], Tensor(dy.spec, node), dy, **window)[0]]


class MaxPool2D(MaxPool):
    """The same for images with two axes and windows of neighbouring pixels."""

    name = "max_pool2d"
    settings = _WINDOW


class MaxPoolGrad(Op):
    """Inputs x, y, dy. The whole of dy goes to the first maximum (the first NaN) of its window."""

    name = "max_pool_grad"
    settings: tuple[str, ...] = _ANY

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None, None]
        # dy is only moved, so what comes back is read where it was put.
        window = {"cells": False, "counted": (), **node.attrs}
        return [None, None, apply(MaxPoolSelect(), *node.inputs[:2], g, **window)[0]]


class MaxPool2DGrad(MaxPoolGrad):
    """The same for :class:`MaxPool2D`."""

    name = "max_pool2d_grad"
    settings = _WINDOW


class MaxPoolSelect(Op):
    """Inputs x, y and an image of the shape of x: its pixels where x has its maxima."""

    name = "max_pool_select"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[1:2]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        x, y, _ = node.inputs
        return [None, None, None if g is None else apply(MaxPoolGrad(), x, y, g, **node.attrs)[0]]


class AveragePool(Op):
    """Input x. Attributes as :class:`MaxPool`'s, and ``counted``: the padding behind each axis up
    to which a window's positions count, as do those in the padding before; empty where only pixels
    inside the image do.
    """

    name = "average_pool"
    settings: tuple[str, ...] = _ANY

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x = inputs[0].shape
        return (Spec((x[0], *attrs["output"], x[-1])),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        op = AveragePool2DGrad() if self.name == "average_pool2d" else AveragePoolGrad()
        window = {name: node.attrs[name] for name in self.settings}
        return [apply(op, dy, shape=node.inputs[0].shape, **window)[0]]


class AveragePool2D(AveragePool):
    """The same for images with two axes and windows of neighbouring pixels inside."""

    name = "average_pool2d"
    settings = _WINDOW


class AveragePoolGrad(Op):
    """Input dy; ``shape`` is that of x. The pixels of a window share dy evenly."""

    name = "average_pool_grad"
    settings: tuple[str, ...] = _ANY

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"])),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        # Averaging is linear, so the gradient of its gradient averages again.
        g = grads[0]
        if g is None:
            return [None]
        op = AveragePool2D() if self.name == "average_pool2d_grad" else AveragePool()
        window = {name: node.attrs[name] for name in self.settings}
        return [apply(op, g, output=node.inputs[0].shape[1:-1], **window)[0]]


class AveragePool2DGrad(AveragePoolGrad):
    """The same for :class:`AveragePool2D`."""

    name = "average_pool2d_grad"
    settings = _WINDOW


def images(op: str, x: Operand, rank: int | None = None) -> Tensor:
    """A float32 operand with one to three axes between batch and channels."""
    found = operand(op, "x", x, rank=rank)
    if not 3 <= found.ndim <= 5:
        raise ValueError(
            f"{op}: x must have rank 3, 4 or 5: (batch, 1 to 3 axes, channels), got shape "
            f"{found.shape}"
        )
    return found


def _with_partial(extent: tuple[int, ...], window: Window) -> Window:
    """The window with enough padding behind for a last one that is not whole, where that begins
    inside the image or the padding before it: PyTorch's and ONNX' ``ceil_mode``.
    """
    sides = list(window.padding)
    output = list(window.output)
    for axis, size in enumerate(extent):
        if size == 0:
            continue
        before, after = sides[2 * axis : 2 * axis + 2]
        step = window.strides[axis]
        reach = (window.size[axis] - 1) * window.dilation[axis] + 1
        count = -(-(size + before + after - reach) // step) + 1
        if (count - 1) * step >= size + before:
            count -= 1
        output[axis] = count
        sides[2 * axis + 1] = max(after, (count - 1) * step + reach - size - before)
    return Window(window.size, window.strides, window.dilation, tuple(sides), tuple(output))


def _check_pixels(op: str, x: Tensor, window: Window, padding: tuple[int, ...]) -> None:
    """Every window must hold a pixel, or it had neither a maximum nor a mean. ``padding`` is what
    was asked for.
    """
    extent = x.shape[1:-1]
    for axis, name in enumerate(AXIS_NAMES[len(extent) - 1]):
        before, after = padding[2 * axis : 2 * axis + 2]
        size, gap = window.size[axis], window.dilation[axis]
        if window.output[axis] > 0 and extent[axis] == 0:
            raise ValueError(
                f"{op}: x {x.shape} has {name} 0, so its windows would hold no pixel; "
                "give an image with pixels"
            )
        starts = np.arange(window.output[axis]) * window.strides[axis] - before
        # The first tap that does not lie before the image.
        tap = np.maximum(0, -(starts // gap))
        holds = (tap < size) & (starts + tap * gap < extent[axis])
        if max(before, after) >= (size - 1) * gap + 1 or not holds.all():
            raise ValueError(
                f"{op}: padding must be below the window size, so that every window holds a "
                f"pixel: got {before} and {after} for a {name} of {size}"
                + (f" with dilation {gap}" if gap > 1 else "")
            )


def pooled(
    op: type[MaxPool] | type[AveragePool],
    name: str,
    x: Tensor,
    window: Window,
    *,
    counted: tuple[int, ...] = (),
    cells: bool = False,
) -> Tensor:
    """The node for a checked window of the operation ``name``."""
    settings: dict[str, Any] = {
        "size": window.size,
        "strides": window.strides,
        "padding": window.padding,
        "dilation": window.dilation,
    }
    plain = x.ndim == 4 and set(window.dilation) == {1} and not counted and not cells
    if not plain:
        return apply(op(), x, cells=cells, counted=counted, output=window.output, **settings)[0]
    flat = MaxPool2D() if op is MaxPool else AveragePool2D()
    return apply(flat, x, output=window.output, **settings)[0]


def _pool(
    op: type[MaxPool] | type[AveragePool],
    name: str,
    x: Tensor,
    size: Any,
    strides: Any,
    padding: Padding,
    dilation: Any,
    ceil_mode: bool,
    count_include_pad: bool = False,
) -> Tensor:
    strides = size if strides is None else strides
    extent = x.shape[1:-1]
    asked = Window.of(name, extent, size, strides, padding, dilation, partial=ceil_mode)
    window = _with_partial(extent, asked) if ceil_mode else asked
    _check_pixels(name, x, window, asked.padding)
    counted = asked.padding[1::2] if count_include_pad and any(asked.padding) else ()
    return pooled(op, name, x, window, counted=counted)


@operation
def max_pool(
    x: Operand,
    size: Any,
    *,
    strides: Any = None,
    padding: Padding = "valid",
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """Largest pixel of each window of images with one to three axes, channel by channel.

    :func:`max_pool2d` is this operation for two axes. NaN counts as the largest. The gradient goes
    to the first maximum of each window in row-major order. Padding never wins. Layers:
    MaxPooling1D, MaxPooling2D, MaxPooling3D.

    Args:
        x: Images ``(batch, length, channels)``, ``(batch, height, width, channels)`` or
            ``(batch, depth, height, width, channels)``, float32; array or Tensor.
        size: Pixels of the window; one int or one for each axis.
        strides: Pixels between windows; None means ``size``.
        padding: ``"valid"``, ``"same"`` (the odd pixel goes last), ``"same_lower"`` (first, as
            ONNX' auto_pad), pixels on every side, an int for each axis or a (before, after) pair
            for each.
        dilation: Distance of a window's neighbouring pixels.
        ceil_mode: Whether a last window may reach beyond the padding, if it begins inside the image
            or the padding before it, as in PyTorch and ONNX.

    Returns:
        ``(batch, *output, channels)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: x is not float32.
        ValueError: x has another rank, or the window does not fit; says what was expected.

    Example:
        >>> import numpy as np
        >>> x = np.arange(5, dtype=np.float32).reshape(1, 5, 1)
        >>> max_pool(x, 2, ceil_mode=True)[0, :, 0]
        array([1., 3., 4.], dtype=float32)
    """
    return _pool(
        MaxPool, "max_pool", images("max_pool", x), size, strides, padding, dilation, ceil_mode
    )


@operation
def max_pool2d(
    x: Operand,
    size: Any,
    *,
    strides: Any = None,
    padding: Padding = "valid",
    dilation: Any = 1,
    ceil_mode: bool = False,
) -> Any:
    """Largest pixel of each window, channel by channel. Layer: MaxPooling2D.

    NaN counts as the largest. The gradient goes to the first maximum of each window in row-major
    order. Padding never wins.

    Args:
        x: Images ``(batch, height, width, channels)``, float32; array or Tensor.
        size: Pixels of the window; one int or (vertical, horizontal).
        strides: Pixels between windows; None means ``size``.
        padding: ``"valid"``, ``"same"`` (the odd pixel goes last), ``"same_lower"`` (first), pixels
            on every side, (vertical, horizontal) or ((top, bottom), (left, right)).
        dilation: Distance of a window's neighbouring pixels.
        ceil_mode: See :func:`max_pool`.

    Returns:
        ``(batch, out_height, out_width, channels)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: x is not float32.
        ValueError: x has another rank, or the window does not fit; says what was expected.

    Example:
        >>> import numpy as np
        >>> x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
        >>> max_pool2d(x, 2)[0, :, :, 0]
        array([[ 5.,  7.],
               [13., 15.]], dtype=float32)
    """
    name = "max_pool2d"
    return _pool(MaxPool, name, images(name, x, 4), size, strides, padding, dilation, ceil_mode)


@operation
def average_pool(
    x: Operand,
    size: Any,
    *,
    strides: Any = None,
    padding: Padding = "valid",
    dilation: Any = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Any:
    """Mean of each window of images with one to three axes, channel by channel.

    :func:`average_pool2d` is this operation for two axes. Layers: AveragePooling1D,
    AveragePooling2D, AveragePooling3D.

    Args:
        x: Images ``(batch, length, channels)``, ``(batch, height, width, channels)`` or
            ``(batch, depth, height, width, channels)``, float32; array or Tensor.
        size: Pixels of the window; one int or one for each axis.
        strides: Pixels between windows; None means ``size``.
        padding: As :func:`max_pool`'s.
        dilation: Distance of a window's neighbouring pixels.
        ceil_mode: See :func:`max_pool`.
        count_include_pad: Whether the sum is divided by the window's pixels inside the image or its
            padding, as PyTorch does unless told otherwise. False: by those inside the image, as
            Keras does, and ONNX unless told otherwise.

    Returns:
        ``(batch, *output, channels)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: x is not float32.
        ValueError: x has another rank, or the window does not fit; says what was expected.

    Example:
        >>> import numpy as np
        >>> x = np.array([1, 3, 5, 7], np.float32).reshape(1, 4, 1)
        >>> average_pool(x, 2, padding=1)[0, :, 0]
        array([1., 4., 7.], dtype=float32)
        >>> average_pool(x, 2, padding=1, count_include_pad=True)[0, :, 0]
        array([0.5, 4. , 3.5], dtype=float32)
    """
    name = "average_pool"
    return _pool(
        AveragePool, name, images(name, x), size, strides, padding, dilation, ceil_mode,
        count_include_pad,
    )  # fmt: skip


@operation
def average_pool2d(
    x: Operand,
    size: Any,
    *,
    strides: Any = None,
    padding: Padding = "valid",
    dilation: Any = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Any:
    """Mean of each window, channel by channel. Layer: AveragePooling2D.

    The sum is divided by the number of pixels that the window really covers.

    Args:
        x: Images ``(batch, height, width, channels)``, float32; array or Tensor.
        size: Pixels of the window; one int or (vertical, horizontal).
        strides: Pixels between windows; None means ``size``.
        padding: As :func:`max_pool2d`'s.
        dilation: Distance of a window's neighbouring pixels.
        ceil_mode: See :func:`max_pool`.
        count_include_pad: Whether pixels of the padding count too; see :func:`average_pool`.

    Returns:
        ``(batch, out_height, out_width, channels)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: x is not float32.
        ValueError: x has another rank, or the window does not fit; says what was expected.

    Example:
        >>> import numpy as np
        >>> x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
        >>> average_pool2d(x, 2)[0, :, :, 0]
        array([[ 2.5,  4.5],
               [10.5, 12.5]], dtype=float32)
    """
    name = "average_pool2d"
    return _pool(
        AveragePool, name, images(name, x, 4), size, strides, padding, dilation, ceil_mode,
        count_include_pad,
    )  # fmt: skip
