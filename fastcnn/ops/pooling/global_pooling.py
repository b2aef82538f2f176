"""Pooling of whole images, and of images divided into a given number of cells."""

from __future__ import annotations

import math
from typing import Any

from fastcnn.graph.tensor import Tensor
from fastcnn.ops.common.operation import Operand, operation
from fastcnn.ops.common.window import AXIS_NAMES, LARGEST, MOST_TAPS, per_axis
from fastcnn.ops.movement.shaping import reshape
from fastcnn.ops.pooling.pooling import AveragePool, MaxPool, binned, images, pooled
from fastcnn.ops.reduction.sums import mean

__all__ = [
    "adaptive_average_pool",
    "adaptive_max_pool",
    "global_average_pool",
    "global_average_pool2d",
    "global_max_pool",
]


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
    return _global_average("global_average_pool", images("global_average_pool", x), keepdims)


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
    return _global_average(name, images(name, x, 4), keepdims)


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
    x = images("global_max_pool", x)
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


def _adaptive(
    op: type[MaxPool] | type[AveragePool], name: str, x: Operand, output_size: Any
) -> Tensor:
    x = images(name, x)
    extent = x.shape[1:-1]
    rank = len(extent)
    output = per_axis(name, "output_size", output_size, rank)
    for axis in range(rank):
        if extent[axis] == 0 or extent[axis] > LARGEST:
            raise ValueError(
                f"{name}: x {x.shape} has {AXIS_NAMES[rank - 1][axis]} {extent[axis]}, which "
                f"cannot be divided into cells; give an image of 1 to {LARGEST} pixels"
            )
    return binned(op, x, output)


@operation
def adaptive_average_pool(x: Operand, output_size: Any) -> Any:
    """Mean of each cell of images divided into ``output_size`` cells. Layers:
    AdaptiveAveragePooling1D to 3D.

    Cell i of m on an axis of n pixels takes those from floor(i * n / m) up to, without it,
    ceil((i + 1) * n / m), as in PyTorch: neighbouring cells may share a pixel.

    Args:
        x: Images ``(batch, 1 to 3 axes, channels)``, float32; array or Tensor.
        output_size: Number of cells; one int or one for each axis.

    Returns:
        ``(batch, *output_size, channels)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: x is not float32, or output_size not ints.
        ValueError: x has another rank or no pixels, or output_size is not positive.

    Example:
        >>> import numpy as np
        >>> x = np.arange(5, dtype=np.float32).reshape(1, 5, 1)
        >>> adaptive_average_pool(x, 2)[0, :, 0]
        array([1., 3.], dtype=float32)
    """
    return _adaptive(AveragePool, "adaptive_average_pool", x, output_size)


@operation
def adaptive_max_pool(x: Operand, output_size: Any) -> Any:
    """Largest pixel of each cell of images divided into ``output_size`` cells. Layers:
    AdaptiveMaxPooling1D to 3D.

    Cells are those of :func:`adaptive_average_pool`; NaN and ties as in :func:`max_pool`.

    Args:
        x: Images ``(batch, 1 to 3 axes, channels)``, float32; array or Tensor.
        output_size: Number of cells; one int or one for each axis.

    Returns:
        ``(batch, *output_size, channels)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: x is not float32, or output_size not ints.
        ValueError: x has another rank or no pixels, or output_size is not positive.
    """
    return _adaptive(MaxPool, "adaptive_max_pool", x, output_size)
