"""The operators of pooling, forward and backward, for windows and for bins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.public_operation import apply
from fastcnn.ops.common.window import Padding, Window, padding_attr, padding_of

__all__ = ["binned", "pooled", "windowed", "with_partial"]


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
            with_partial(extent, self._asked(x, **attrs))
            if attrs["ceil_mode"]
            else (self._asked(x, **attrs))
        )

    def attrs_for(self, node: Node, *inputs: Spec) -> Mapping[str, Any]:
        """A window over the whole image stays one."""
        old, new = node.inputs[0].shape[1:-1], inputs[0].shape[1:-1]
        whole = node.attrs["size"] == old == node.attrs["strides"]
        attrs = super().attrs_for(node, *inputs)
        return {**attrs, "size": new, "strides": new} if whole else attrs

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
        """What the core receives. ``counted`` is the padding behind each axis up to which a
        window's positions count, as do those in the padding before; empty where only pixels inside
        the image do.
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


def with_partial(extent: tuple[int, ...], window: Window) -> Window:
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


def pooled(
    op: type[MaxPool] | type[AveragePool], name: str, x: Tensor, size: Any, padding: Padding
) -> Tensor:
    """Windows of ``size`` pixels side by side, for the operation called ``name``. They may lie in
    the padding alone.
    """
    window = Window.of(name, x.shape[1:-1], size, size, padding)
    return windowed(op, name, x, window, padding)


def binned(op: type[MaxPool] | type[AveragePool], x: Tensor, bins: tuple[int, ...]) -> Tensor:
    """The axes of x divided into ``bins``."""
    rank = x.ndim - 2
    ones = (1,) * rank
    attrs: dict[str, Any] = {"size": ones, "strides": ones, "padding": "valid", "dilation": ones}
    if op is AveragePool:
        attrs["count_include_pad"] = False
    return apply(op(), x, ceil_mode=False, bins=bins, **attrs)[0]


def windowed(
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
