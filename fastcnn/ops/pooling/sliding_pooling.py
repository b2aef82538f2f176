"""Pooling by windows that slide over images."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.graph.tensor import Tensor
from fastcnn.ops.common.public_operation import Operand, image_operand, operation
from fastcnn.ops.common.window import AXIS_NAMES, Padding, Window
from fastcnn.ops.pooling.pooling import AveragePool, MaxPool, windowed, with_partial

__all__ = ["average_pool", "average_pool2d", "max_pool", "max_pool2d"]


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
        reach = (size - 1) * gap + 1
        if max(before, after) >= reach or not _all_hold(extent[axis], window, axis, before):
            raise ValueError(
                f"{op}: padding must be below the window size, so that every window holds a "
                f"pixel: got {before} and {after} for a {name} of {size}"
                + (f" with dilation {gap}" if gap > 1 else "")
            )


def _all_hold(extent: int, window: Window, axis: int, before: int) -> bool:
    """Whether each place of the window on an axis holds a pixel; the padding is smaller than it."""
    size, gap, step = window.size[axis], window.dilation[axis], window.strides[axis]
    reach = (size - 1) * gap + 1
    # In between windows lie inside the image.
    first = min(window.output[axis], -(-before // step))
    last = max(first, (extent + before - reach) // step + 1)
    places = np.concatenate([np.arange(first), np.arange(last, window.output[axis])])
    starts = places * step - before
    # The first tap that does not lie before the image.
    tap = np.maximum(0, -(starts // gap))
    return bool(((tap < size) & (starts + tap * gap < extent)).all())


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
    window = with_partial(extent, asked) if ceil_mode else asked
    _check_pixels(name, x, window, asked.padding)
    return windowed(op, name, x, window, padding, ceil_mode, count_include_pad)


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
        MaxPool,
        "max_pool",
        image_operand("max_pool", x),
        size,
        strides,
        padding,
        dilation,
        ceil_mode,
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
    return _pool(
        MaxPool, name, image_operand(name, x, 4), size, strides, padding, dilation, ceil_mode
    )


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
            padding, as PyTorch does by default. False: by those inside the image, as
            Keras does, and ONNX by default.

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
        AveragePool, name, image_operand(name, x), size, strides, padding, dilation, ceil_mode,
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
        AveragePool, name, image_operand(name, x, 4), size, strides, padding, dilation, ceil_mode,
        count_include_pad,
    )  # fmt: skip
