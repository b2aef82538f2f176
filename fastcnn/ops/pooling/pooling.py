"""Pooling of images with one to three axes by windows that slide, and its gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.operation import Operand, apply, operand, operation
from fastcnn.ops.common.window import AXIS_NAMES, Padding, Window, padding_attr, padding_of

__all__ = ["average_pool", "average_pool2d", "max_pool", "max_pool2d"]


class _Pooling(Op):
    """What the operations of pooling have in common: their window.

    Attributes: ``size``, ``strides``, ``dilation``, ``padding`` (a rule or pixels, see
    :func:`padding_attr`), ``ceil_mode``; ``bins``: the axes are divided into so many bins instead,
    and the others are ignored, unless it is empty; ``count_include_pad`` of averages.
    """

    def window(self, x: Spec, **attrs: Any) -> Window:
        """The window on images like x. Where bins have several sizes, only its output counts."""
        extent = x.shape[1:-1]
        if bins := attrs["bins"]:
            ones = (1,) * len(extent)
            if _divides(bins, extent):
                # Bins of one size are windows.
                size = tuple(n // count for n, count in zip(extent, bins, strict=True))
                return Window.of(self.name, extent, size, size, "valid")
            return Window(ones, ones, ones, (0,) * (2 * len(extent)), bins)
        return (
            _with_partial(extent, self._asked(x, **attrs))
            if attrs["ceil_mode"]
            else (self._asked(x, **attrs))
        )

    def _asked(self, x: Spec, **attrs: Any) -> Window:
        """The window without what ``ceil_mode`` adds to its padding."""
        return Window.of(
            self.name,
            x.shape[1:-1],
            attrs["size"],
            attrs["strides"],
            padding_of(attrs["padding"]),
            attrs["dilation"],
            partial=attrs["ceil_mode"],
        )

    def _core_window(self, x: Spec, **attrs: Any) -> Mapping[str, Any]:
        """What the core is told. ``counted`` is the padding behind each axis up to which a window's
        positions count, as do those in the padding before; empty where only pixels inside the image
        do.
        """
        window, bins = self.window(x, **attrs), attrs["bins"]
        counted: tuple[int, ...] = ()
        if attrs.get("count_include_pad") and not bins:
            asked = self._asked(x, **attrs).padding
            counted = asked[1::2] if any(asked) else ()
        return {
            "size": window.size,
            "strides": window.strides,
            "padding": window.padding,
            "dilation": window.dilation,
            "cells": bool(bins) and not _divides(bins, x.shape[1:-1]),
            "counted": counted,
        }


def _divides(bins: tuple[int, ...], extent: tuple[int, ...]) -> bool:
    return all(size % count == 0 for size, count in zip(extent, bins, strict=True))


class _Forward(_Pooling):
    """Input x."""

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x = inputs[0].shape
        return (Spec((x[0], *self.window(inputs[0], **attrs).output, x[-1])),)

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        return self._core_window(inputs[0], **attrs)


class MaxPool(_Forward):
    """Input x."""

    name = "max_pool"

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        x = node.inputs[0]
        return [apply(MaxPoolGrad(), x, Tensor(dy.spec, node), dy, **node.attrs)[0]]


class MaxPoolGrad(_Pooling):
    """Inputs x, y, dy. The whole of dy goes to the first maximum (the first NaN) of its window."""

    name = "max_pool_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        return self._core_window(inputs[0], **attrs)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None, None]
        # dy is only moved, so what comes back is read where it was put.
        return [None, None, apply(MaxPoolSelect(), *node.inputs[:2], g, **node.attrs)[0]]


class MaxPoolSelect(_Pooling):
    """Inputs x, y and an image of the shape of x: its pixels where x has its maxima."""

    name = "max_pool_select"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[1:2]

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        return self._core_window(inputs[0], **attrs)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        x, y, _ = node.inputs
        return [None, None, None if g is None else apply(MaxPoolGrad(), x, y, g, **node.attrs)[0]]


class AveragePool(_Forward):
    """Input x."""

    name = "average_pool"

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None]
        return [apply(AveragePoolGrad(), dy, shape=node.inputs[0].shape, **node.attrs)[0]]


class AveragePoolGrad(_Pooling):
    """Input dy; ``shape`` is that of x. The pixels of a window share dy evenly."""

    name = "average_pool_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(tuple(attrs["shape"])),)

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        return self._core_window(Spec(attrs["shape"]), **attrs)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        # Averaging is linear, so the gradient of its gradient averages again.
        g = grads[0]
        if g is None:
            return [None]
        attrs = {name: value for name, value in node.attrs.items() if name != "shape"}
        return [apply(AveragePool(), g, **attrs)[0]]


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
    op: type[MaxPool] | type[AveragePool], name: str, x: Tensor, size: Any, padding: Padding
) -> Tensor:
    """Windows of ``size`` pixels side by side, for the operation called ``name``. They may lie in
    the padding alone.
    """
    window = Window.of(name, x.shape[1:-1], size, size, padding)
    return _windowed(op, name, x, window, padding)


def binned(op: type[MaxPool] | type[AveragePool], x: Tensor, bins: tuple[int, ...]) -> Tensor:
    """The axes of x divided into ``bins``."""
    rank = x.ndim - 2
    ones = (1,) * rank
    attrs: dict[str, Any] = {"size": ones, "strides": ones, "padding": "valid", "dilation": ones}
    if op is AveragePool:
        attrs["count_include_pad"] = False
    return apply(op(), x, ceil_mode=False, bins=bins, **attrs)[0]


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
    return _windowed(op, name, x, window, padding, ceil_mode, count_include_pad)


def _windowed(
    op: type[MaxPool] | type[AveragePool],
    name: str,
    x: Tensor,
    window: Window,
    padding: Padding,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
) -> Tensor:
    """The node for a checked window."""
    attrs: dict[str, Any] = {
        "size": window.size,
        "strides": window.strides,
        "padding": padding_attr(name, padding, x.ndim - 2),
        "dilation": window.dilation,
        "ceil_mode": bool(ceil_mode),
        "bins": (),
    }
    if op is AveragePool:
        attrs["count_include_pad"] = bool(count_include_pad)
    return apply(op(), x, **attrs)[0]


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
