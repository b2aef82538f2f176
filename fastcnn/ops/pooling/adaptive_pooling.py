"""Pooling of images divided into a given number of bins."""

from __future__ import annotations

from typing import Any

from fastcnn.graph.tensor import Tensor
from fastcnn.ops.common.public_operation import Operand, image_operand, operation
from fastcnn.ops.common.window import AXIS_NAMES, LARGEST, per_axis
from fastcnn.ops.pooling.pooling import AveragePool, MaxPool, binned

__all__ = ["adaptive_average_pool", "adaptive_max_pool"]


def _adaptive(
    op: type[MaxPool] | type[AveragePool], name: str, x: Operand, output_size: Any
) -> Tensor:
    x = image_operand(name, x)
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
