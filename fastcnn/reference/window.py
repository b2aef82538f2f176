"""Where the windows of convolution and pooling lie."""

from __future__ import annotations

from collections.abc import Sequence

Pair = tuple[int, int]
Padding = str | int | Sequence[int] | Sequence[Sequence[int]]


def pair(value: int | Sequence[int]) -> Pair:
    """Height and width from either one number for both or two."""
    if isinstance(value, Sequence):
        height, width = value
        return height, width
    return value, value


def same_padding(size: int, window: int, stride: int) -> Pair:
    """TensorFlow's rule: ``ceil(size / stride)`` windows, and the odd pixel goes last."""
    windows = -(-size // stride)
    total = max((windows - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def pad_amounts(padding: Padding, extent: Pair, window: Pair, strides: Pair) -> tuple[Pair, Pair]:
    """``((top, bottom), (left, right))`` for any way of giving ``padding``.

    Args:
        padding: ``"valid"``, ``"same"``, one number, ``(vertical, horizontal)`` or
            ``((top, bottom), (left, right))``.
        extent: Height and width of the image.
        window: Height and width that a window spans, dilation included.
        strides: Rows and columns between windows.
    """
    if padding == "same":
        return (
            same_padding(extent[0], window[0], strides[0]),
            same_padding(extent[1], window[1], strides[1]),
        )
    if isinstance(padding, str):
        return (0, 0), (0, 0)
    if isinstance(padding, int):
        return (padding, padding), (padding, padding)
    vertical, horizontal = padding
    return pair(vertical), pair(horizontal)


def window_count(padded: int, window: int, stride: int) -> int:
    """How many windows fit into ``padded`` pixels; 0 if none does."""
    return max((padded - window) // stride + 1, 0)
