"""Convolution."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import ACTIVATIONS, Float64, float64
from fastcnn.reference.window import (
    Padding,
    pad_amounts,
    per_axis,
    transposed_extent,
    window_count,
)

__all__ = [
    "conv",
    "conv2d",
    "conv_transpose",
]


def conv(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str = "auto",
) -> Float64:
    """Cross-correlation of images of any rank with a kernel, one tap at a time.

    ``x`` is ``(batch, *extent, channels)`` and ``kernel`` ``(*window, channels / groups, out)``.
    ``algorithm`` says how, not what, so it changes nothing here. Output channels are split into
    ``groups`` consecutive parts, each seeing only its own part of the input channels.
    """
    x, kernel = float64(x), float64(kernel)
    *size, group_in, out = kernel.shape
    rank = len(size)
    strides, dilation = per_axis(strides, rank), per_axis(dilation, rank)
    span = [(taps - 1) * gap + 1 for taps, gap in zip(size, dilation, strict=True)]
    sides = pad_amounts(padding, x.shape[1:-1], span, strides)
    padded = np.pad(x, ((0, 0), *sides, (0, 0)))
    extent = tuple(map(window_count, padded.shape[1:-1], span, strides))

    y = np.zeros((x.shape[0], *extent, out))
    group_out = out // groups
    for group in range(groups):
        seen = padded[..., group * group_in : (group + 1) * group_in]
        made = slice(group * group_out, (group + 1) * group_out)
        for tap in itertools.product(*map(range, size)):
            firsts = [i * gap for i, gap in zip(tap, dilation, strict=True)]
            pixels = seen[(slice(None), *map(_every, firsts, strides, extent))]
            y[..., made] += pixels @ kernel[tap][:, made]
    if bias is not None:
        y += float64(bias)
    return ACTIVATIONS[activation](y)


def _every(first: int, step: int, count: int) -> slice:
    """``count`` positions of an axis."""
    return slice(first, first + (count - 1) * step + 1 if count else first, step)


def conv2d(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str = "auto",
) -> Float64:
    """:func:`conv` of images with two axes."""
    return conv(
        x,
        kernel,
        bias,
        strides=strides,
        padding=padding,
        dilation=dilation,
        groups=groups,
        activation=activation,
    )


def conv_transpose(
    x: ArrayLike,
    kernel: ArrayLike,
    bias: ArrayLike | None = None,
    *,
    strides: int | Sequence[int] = 1,
    padding: Padding = "valid",
    output_padding: int | Sequence[int] | None = None,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    activation: str | None = None,
    algorithm: str = "auto",
) -> Float64:
    """Every pixel of ``x`` adds its multiple of the kernel to the result, one tap at a time.

    ``x`` is ``(batch, *extent, channels)`` and ``kernel`` ``(*window, out / groups, channels)``.
    What lies within the padding is cut off.
    """
    x, kernel = float64(x), float64(kernel)
    *size, group_out, channels = kernel.shape
    rank = len(size)
    strides, dilation = per_axis(strides, rank), per_axis(dilation, rank)
    span = [(taps - 1) * gap + 1 for taps, gap in zip(size, dilation, strict=True)]
    counts = x.shape[1:-1]
    cuts = transposed_extent(padding, output_padding, counts, span, strides)
    # As far as any tap reaches, or the result.
    whole = [
        max((count - 1) * step + reach, before + extent, 0)
        for count, step, reach, (before, extent) in zip(counts, strides, span, cuts, strict=True)
    ]
    y = np.zeros((x.shape[0], *whole, group_out * groups))
    group_in = channels // groups
    for group in range(groups):
        seen = slice(group * group_in, (group + 1) * group_in)
        made = slice(group * group_out, (group + 1) * group_out)
        for tap in itertools.product(*map(range, size)):
            firsts = [i * gap for i, gap in zip(tap, dilation, strict=True)]
            places = (slice(None), *map(_every, firsts, strides, counts), made)
            y[places] += x[..., seen] @ kernel[tap][:, seen].T
    y = y[(slice(None), *(slice(before, before + extent) for before, extent in cuts))]
    if bias is not None:
        y = y + float64(bias)
    return ACTIVATIONS[activation](y)
