"""Pooling of whole images."""

from __future__ import annotations

import math
from typing import Any

from fastcnn.graph.tensor import Tensor
from fastcnn.ops.common.public_operation import Operand, image_operand, operation
from fastcnn.ops.common.window import MOST_TAPS
from fastcnn.ops.movement.shaping import reshape
from fastcnn.ops.pooling.pooling import AveragePool, MaxPool, pooled
from fastcnn.ops.reduction.sums import mean

__all__ = ["global_average_pool", "global_average_pool2d", "global_max_pool"]


def _one_window(op: type[MaxPool] | type[AveragePool], name: str, x: Tensor) -> Tensor:
    """One window as large as the images; volumes are images of one plane after another."""
    batch, *extent, channels = x.shape
    if len(extent) == 3:
        extent = [extent[0], extent[1] * extent[2]]
        x = reshape(x, (batch, *extent, channels))
    # Without pixels the window lies in the padding.
    size = tuple(max(n, 1) for n in extent)
    padding = [(wide - n, 0) for wide, n in zip(size, extent, strict=True)]
    return pooled(op, name, x, size, padding)


def _shaped(x: Tensor, y: Tensor, keepdims: bool) -> Any:
    batch, channels = x.shape[0], x.shape[-1]
    return reshape(y, (batch, *([1] * (x.ndim - 2) if keepdims else []), channels))


def _global_average(name: str, x: Tensor, keepdims: bool) -> Any:
    if math.prod(x.shape[1:-1]) > MOST_TAPS:
        return mean(x, axis=tuple(range(1, x.ndim - 1)), keepdims=keepdims)
    return _shaped(x, _one_window(AveragePool, name, x), keepdims)


@operation
def global_average_pool(x: Operand, *, keepdims: bool = False) -> Any:
    """Mean of each channel over images with one to three axes. Layers: GlobalAveragePooling1D to
    3D.

    Args:
        x: Images ``(batch, 1 to 3 axes, channels)``, float32; array or Tensor.
        keepdims: Whether the axes stay, with size 1.

    Returns:
        ``(batch, channels)``, or with ``keepdims`` the rank of x, float32: an array for arrays,
        else a Tensor. NaN if there is no pixel.

    Raises:
        TypeError: x is not float32.
        ValueError: x has another rank.
    """
    return _global_average("global_average_pool", image_operand("global_average_pool", x), keepdims)


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
    name = "global_average_pool2d"
    return _global_average(name, image_operand(name, x, 4), keepdims)


@operation
def global_max_pool(x: Operand, *, keepdims: bool = False) -> Any:
    """Largest number of each channel over images with one to three axes. Layers: GlobalMaxPooling1D
    to 3D.

    NaN counts as the largest. The gradient goes to the first maximum in row-major order.

    Args:
        x: Images ``(batch, 1 to 3 axes, channels)``, float32; array or Tensor.
        keepdims: Whether the axes stay, with size 1.

    Returns:
        ``(batch, channels)``, or with ``keepdims`` the rank of x, float32: an array for arrays,
        else a Tensor. Minus infinity if there is no pixel.

    Raises:
        TypeError: x is not float32.
        ValueError: x has another rank.

    Example:
        >>> import numpy as np
        >>> global_max_pool(np.arange(12, dtype=np.float32).reshape(1, 2, 3, 2))
        array([[10., 11.]], dtype=float32)
    """
    x = image_operand("global_max_pool", x)
    batch, *extent, channels = x.shape
    y = x
    if math.prod(extent) > MOST_TAPS:
        # More than one window takes: the last axis first, so that the first of equals wins.
        while len(extent) > 1:
            rows = math.prod(extent[:-1])
            y = reshape(y, (batch * rows, extent.pop(), channels))
            y = _one_window(MaxPool, "global_max_pool", y)
        y = reshape(y, (batch, *extent, channels))
    return _shaped(x, _one_window(MaxPool, "global_max_pool", y), keepdims)
