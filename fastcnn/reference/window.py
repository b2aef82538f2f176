"""Where the windows of convolution and pooling lie."""

from __future__ import annotations

from collections.abc import Sequence

Pair = tuple[int, int]
Padding = str | int | Sequence[int] | Sequence[Sequence[int]]


def per_axis(value: int | Sequence[int], rank: int) -> tuple[int, ...]:
    """A number for each axis from either one for all or so many."""
    return tuple(value) if isinstance(value, Sequence) else (value,) * rank


def pair(value: int | Sequence[int]) -> Pair:
    """Height and width from either one number for both or two."""
    height, width = per_axis(value, 2)
    return height, width


def same_padding(size: int, window: int, stride: int) -> Pair:
    """TensorFlow's rule: ``ceil(size / stride)`` windows, and the odd pixel goes last."""
    windows = -(-size // stride)
    total = max((windows - 1) * stride + window - size, 0)
    return total // 2, total - total // 2


def pad_amounts(
    padding: Padding, extent: Sequence[int], window: Sequence[int], strides: Sequence[int]
) -> tuple[Pair, ...]:
    """``((top, bottom), (left, right))`` for any way of giving ``padding``.

    Args:
        padding: ``"valid"``, ``"same"``, ``"same_lower"`` (the odd pixel first), one number,
            a number for each axis or a pair for each.
        extent: Sizes of the image, an entry for each axis.
        window: What a window spans, dilation included.
        strides: Pixels between windows.
    """
    if padding == "same":
        return tuple(map(same_padding, extent, window, strides))
    if padding == "same_lower":
        return tuple((last, first) for first, last in map(same_padding, extent, window, strides))
    if isinstance(padding, str):
        return ((0, 0),) * len(extent)
    if isinstance(padding, int):
        return ((padding, padding),) * len(extent)
    return tuple(pair(sides) for sides in padding)


def window_count(padded: int, window: int, stride: int) -> int:
    """How many windows fit into ``padded`` pixels; 0 if none does."""
    return max((padded - window) // stride + 1, 0)


def transposed_extent(
    padding: Padding,
    output_padding: int | Sequence[int] | None,
    extent: Sequence[int],
    window: Sequence[int],
    strides: Sequence[int],
) -> list[Pair]:
    """For each axis of a transposed convolution what is cut off at its start, and what remains.

    Args:
        padding: As in :func:`pad_amounts`; numbers are cut off the full result.
        output_padding: Further pixels at the end; ``None`` leaves ``extent * stride`` for
            ``"same"``, and for ``"valid"`` whole strides.
        extent: Sizes of the image before.
        window: What a window spans, dilation included.
        strides: Pixels between the places of neighbouring pixels in the result.
    """
    rank = len(extent)
    further = (None,) * rank if output_padding is None else per_axis(output_padding, rank)
    found = []
    for axis, (count, reach, step) in enumerate(zip(extent, window, strides, strict=True)):
        more = further[axis]
        full = (count - 1) * step + reach
        if padding == "valid":
            before, remains = 0, full + (max(step - reach, 0) if more is None else more)
        elif padding == "same":
            odd = reach % 2
            # Zeros around an image with step - 1 zeros between its pixels, over which the kernel
            # slides: how Keras counts. The first half of them is at most what a window covers.
            zeros = step + reach - 2 if more is None else reach + odd - 2 + more
            before = reach - 1 - min(zeros // 2 + zeros % 2, reach - 1)
            remains = count * step if more is None else (count - 1) * step + odd + more
        else:
            before, after = pad_amounts(padding, extent, window, strides)[axis]
            remains = full - before - after + (more or 0)
        found.append((before, remains if count else 0))
    return found
