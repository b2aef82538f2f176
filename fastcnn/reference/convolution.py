"""Convolution."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import ACTIVATIONS, Float64, float64
from fastcnn.reference.window import Padding, pad_amounts, pair, window_count


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
    """Cross-correlation of NHWC images with an HWIO kernel, one tap at a time.

    ``algorithm`` says how, not what, so it changes nothing here.

    Output channels are split into ``groups`` consecutive parts, each seeing only its own part of
    the input channels: ``kernel`` is ``(height, width, in / groups, out)``.
    """
    x, kernel = float64(x), float64(kernel)
    rows, columns, group_in, out = kernel.shape
    strides, dilation = pair(strides), pair(dilation)
    span = (rows - 1) * dilation[0] + 1, (columns - 1) * dilation[1] + 1
    vertical, horizontal = pad_amounts(padding, (x.shape[1], x.shape[2]), span, strides)
    padded = np.pad(x, ((0, 0), vertical, horizontal, (0, 0)))
    height = window_count(padded.shape[1], span[0], strides[0])
    width = window_count(padded.shape[2], span[1], strides[1])

    y = np.zeros((x.shape[0], height, width, out))
    group_out = out // groups
    for group in range(groups):
        seen = padded[..., group * group_in : (group + 1) * group_in]
        made = slice(group * group_out, (group + 1) * group_out)
        for i in range(rows):
            for j in range(columns):
                top, left = i * dilation[0], j * dilation[1]
                pixels = seen[:, top :: strides[0], left :: strides[1]][:, :height, :width]
                y[..., made] += pixels @ kernel[i, j, :, made]
    if bias is not None:
        y += float64(bias)
    return ACTIVATIONS[activation](y)
