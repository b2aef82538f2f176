"""Pooling of images, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.graph.tensor import Node, Op, Spec, Tensor, constant
from fastcnn.ops.elementwise import divide, multiply
from fastcnn.ops.op import Operand, apply, operand, operation
from fastcnn.ops.shaping import reshape
from fastcnn.ops.window import Padding, Window

__all__ = ["average_pool2d", "global_average_pool2d", "max_pool2d"]

_WINDOW = ("size", "strides", "padding", "dilation")


class _Pool(Op):
    """Input x; attributes are those of the window and ``output``, its number of places."""

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        batch, _, _, channels = inputs[0].shape
        return (Spec((batch, *attrs["output"], channels)),)


class MaxPool2D(_Pool):
    """Largest pixel of each window."""

    name = "max_pool2d"

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        window = {name: node.attrs[name] for name in _WINDOW}
        return [apply(MaxPool2DGrad(), node.inputs[0], Tensor(dy.spec, node), dy, **window)[0]]


class MaxPool2DGrad(Op):
    """Inputs x, y, dy. The whole of dy goes to the first maximum (the first NaN) of its window."""

    name = "max_pool2d_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None, None]
        window = {name: node.attrs[name] for name in _WINDOW}
        pairs = zip(window["size"], window["strides"], strict=True)
        if any(size > stride for size, stride in pairs):
            raise NotImplementedError(
                f"gradients: {self.name} has no gradient rule for windows that overlap; pool with "
                "strides of at least the size, or with average_pool2d"
            )
        # What stood where the maxima are: the mean of a window with all but its maximum set to 0,
        # over the mean of a window with 1 for its maximum.
        x, y, dy = node.inputs
        ones = constant(np.ones(dy.shape, np.float32))
        chosen = apply(self, x, y, ones, **window)[0]
        output = dy.shape[1:3]
        kept, count = (
            apply(AveragePool2D(), image, output=output, **window)[0]
            for image in (multiply(g, chosen), chosen)
        )
        return [None, None, divide(kept, count)]


class AveragePool2D(_Pool):
    """Mean of the pixels of each window."""

    name = "average_pool2d"

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        window = {name: node.attrs[name] for name in _WINDOW}
        return [apply(AveragePool2DGrad(), dy, shape=node.inputs[0].shape, **window)[0]]


class AveragePool2DGrad(Op):
    """Input dy; ``shape`` is that of x. The pixels of a window share dy evenly."""

    name = "average_pool2d_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"])),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        # Averaging is linear, so the gradient of its gradient averages again.
        window = {name: node.attrs[name] for name in _WINDOW}
        output = node.inputs[0].shape[1:3]
        g = grads[0]
        return [None if g is None else apply(AveragePool2D(), g, output=output, **window)[0]]


def _pool(op: Op, x: Tensor, size: Any, strides: Any, padding: Padding) -> Tensor:
    strides = size if strides is None else strides
    extent = (x.shape[1], x.shape[2])
    window = Window.of(op.name, extent, size, strides, padding)
    sides = window.padding
    for axis, name in enumerate(("height", "width")):
        before, after = sides[2 * axis], sides[2 * axis + 1]
        if window.output[axis] > 0 and extent[axis] == 0:
            raise ValueError(
                f"{op.name}: x {x.shape} has {name} 0, so its windows would hold no pixel; "
                "give an image with pixels"
            )
        if max(before, after) >= window.size[axis]:
            raise ValueError(
                f"{op.name}: padding must be below the window size, so that every window holds a "
                f"pixel: got {before} and {after} for a {name} of {window.size[axis]}"
            )
    return _windows(op, x, window)


def _windows(op: Op, x: Tensor, window: Window) -> Tensor:
    return apply(
        op,
        x,
        size=window.size,
        strides=window.strides,
        padding=window.padding,
        dilation=window.dilation,
        output=window.output,
    )[0]


@operation
def max_pool2d(x: Operand, size: Any, *, strides: Any = None, padding: Padding = "valid") -> Any:
    """Largest pixel of each window, channel by channel. Layer: MaxPooling2D.

    NaN counts as the largest. The gradient goes to the first maximum of each window in row-major
    order. Padding never wins.

    Args:
        x: Images ``(batch, height, width, channels)``, float32; array or Tensor.
        size: Pixels of the window; one int or (vertical, horizontal).
        strides: Pixels between windows; None means ``size``.
        padding: ``"valid"``, ``"same"`` (the odd pixel goes last), pixels on every side,
            (vertical, horizontal) or ((top, bottom), (left, right)).

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
    return _pool(MaxPool2D(), operand("max_pool2d", "x", x, rank=4), size, strides, padding)


@operation
def average_pool2d(
    x: Operand, size: Any, *, strides: Any = None, padding: Padding = "valid"
) -> Any:
    """Mean of each window, channel by channel. Layer: AveragePooling2D.

    The sum is divided by the number of pixels that the window really covers.

    Args:
        x: Images ``(batch, height, width, channels)``, float32; array or Tensor.
        size: Pixels of the window; one int or (vertical, horizontal).
        strides: Pixels between windows; None means ``size``.
        padding: ``"valid"``, ``"same"`` (the odd pixel goes last), pixels on every side,
            (vertical, horizontal) or ((top, bottom), (left, right)).

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
    return _pool(AveragePool2D(), operand("average_pool2d", "x", x, rank=4), size, strides, padding)


@operation
def global_average_pool2d(x: Operand, *, keepdims: bool = False) -> Any:
    """Mean of each channel over the whole image. Layer: GlobalAveragePooling2D.

    Args:
        x: Images ``(batch, height, width, channels)``, float32; array or Tensor.
        keepdims: Whether height and width stay, as axes of size 1.

    Returns:
        ``(batch, channels)``, or ``(batch, 1, 1, channels)`` with ``keepdims``, float32: an array
        for arrays, else a Tensor. NaN if there is no pixel.

    Raises:
        TypeError: x is not float32.
        ValueError: x has another rank.
    """
    x = operand("global_average_pool2d", "x", x, rank=4)
    batch, height, width, channels = x.shape
    # One window as large as the image; without pixels it lies in the padding.
    size = (max(height, 1), max(width, 1))
    padding = ((size[0] - height, 0), (size[1] - width, 0))
    window = Window.of("global_average_pool2d", (height, width), size, size, padding)
    y = _windows(AveragePool2D(), x, window)
    return y if keepdims else reshape(y, (batch, channels))
