"""Rows of convolution of sequences and volumes, and of transposed convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from ops.cases.bounds import product_rules
from ops.cases.case import CHANNELS, Case, normal, quarters
from ops.cases.winograd import transposed_winograd_error


def conv(
    id: str,
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    *,
    bias: bool = True,
    exact: bool = True,
    differentiable: bool = True,
    **attributes: Any,
) -> Case:
    """A row of ``conv``; ``exact`` draws inputs whose sums round nowhere and are never 0."""
    return row("conv", id, image, kernel, kernel[-1], kernel[:-1], bias=bias, exact=exact,
               differentiable=differentiable, **attributes)  # fmt: skip


def transpose(
    id: str,
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    *,
    bias: bool = True,
    exact: bool = True,
    differentiable: bool = True,
    **attributes: Any,
) -> Case:
    """A row of ``conv_transpose``, whose kernel is ``(*window, filters / groups, channels)``."""
    filters = kernel[-2] * attributes.get("groups", 1)
    summed = (*kernel[:-2], kernel[-1])
    return row("conv_transpose", id, image, kernel, filters, summed, bias=bias, exact=exact,
               differentiable=differentiable, **attributes)  # fmt: skip


def row(
    op: str,
    id: str,
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    filters: int,
    summed: tuple[int, ...],
    *,
    bias: bool,
    exact: bool,
    differentiable: bool,
    **attributes: Any,
) -> Case:
    draw = quarters if exact else normal
    inputs = {"x": draw(*image), "kernel": draw(*kernel)}
    if bias:
        inputs["bias"] = quarters(filters, shift=1 / 32) if exact else normal(filters)
    error, gradient = product_rules(int(np.prod(summed)) + 1, exact, attributes)
    names = tuple(inputs) if differentiable else ()
    return Case(op, id, inputs, attributes, error, gradient, names)


def winograd(id: str, image: tuple[int, ...], filters: int, tile: int, **attributes: Any) -> Case:
    """A row of ``conv_transpose`` by Winograd's algorithm. Its gradients are those of conv2d."""
    channels = image[-1]
    inputs = {"x": normal(*image), "kernel": normal(3, 3, filters, channels)}
    inputs["bias"] = normal(filters)
    attributes["algorithm"] = f"winograd_{tile}x{tile}"
    error = transposed_winograd_error(tile)
    return Case("conv_transpose", f"winograd-{tile}-{id}", inputs, attributes, error)


SEQUENCES = [
    conv("1d", (2, 9, 3), (3, 3, 8), exact=False),
    conv("1d-no-bias", (2, 9, 3), (3, 3, 8), bias=False),
    conv("1d-same", (2, 10, 4), (4, 4, 5), padding="same"),
    conv("1d-strided", (1, 12, 4), (5, 4, 9), strides=3, padding="same"),
    conv("1d-causal", (2, 9, 5), (3, 5, 4), dilation=2, padding=((4, 0),)),
    conv("1d-padding-of-one-axis", (1, 6, 3), (3, 3, 4), padding=(2,)),
    conv("1d-dilated-strided", (1, 15, 3), (3, 3, 4), strides=2, dilation=3, padding=2),
    conv("1d-groups", (2, 8, 6), (3, 3, 8), groups=2, padding="same"),
    conv("1d-depthwise", (2, 30, 24), (5, 1, 24), groups=24, padding="same"),
    conv("1d-multiplier", (2, 9, 6), (3, 1, 12), groups=6),
    conv("1d-relu", (2, 9, 3), (3, 3, 17), activation="relu"),
    conv("1d-few-columns", (2, 31, 19), (3, 19, 3), padding="same"),
    conv("1d-few-channels", (3, 40, 1), (9, 1, 32), padding="same", strides=2),
    conv("1d-pointwise", (2, 7, 17), (1, 17, 33)),
    conv("1d-long", (2, 700, 16), (3, 16, 40), padding="same"),
    conv("1d-one-position", (3, 1, 4), (3, 4, 5), padding="same"),
    conv("1d-empty-batch", (0, 9, 3), (3, 3, 8)),
    conv("1d-no-length", (2, 0, 3), (3, 3, 8), padding="same"),
    conv("1d-no-channels", (1, 4, 0), (3, 0, 5)),
]

# Two axes take the same way as conv2d, so one row says that they do.
IMAGES = [conv("2d", (2, 6, 5, 3), (3, 3, 3, 8), padding="same", algorithm="direct")]

VOLUMES = [
    conv("3d", (2, 5, 6, 4, 3), (3, 3, 3, 3, 8), exact=False),
    conv("3d-no-bias", (1, 4, 5, 4, 3), (2, 3, 3, 3, 8), bias=False),
    conv("3d-same", (2, 4, 5, 6, 4), (3, 3, 3, 4, 5), padding="same"),
    conv("3d-same-even", (1, 5, 4, 5, 3), (2, 4, 2, 3, 5), padding="same"),
    conv("3d-strided", (1, 7, 6, 9, 4), (3, 3, 3, 4, 9), strides=2, padding="same"),
    conv("3d-strides-differ", (1, 7, 6, 5, 3), (3, 2, 3, 3, 4), strides=(3, 1, 2)),
    conv("3d-stride-above-kernel", (1, 7, 8, 5, 3), (2, 2, 2, 3, 4), strides=3),
    conv("3d-dilated", (1, 7, 6, 8, 3), (3, 3, 3, 3, 4), dilation=(3, 2, 1)),
    conv("3d-dilated-strided", (1, 7, 6, 8, 3), (3, 2, 3, 3, 4), strides=2, dilation=2, padding=2),
    conv("3d-padding-differs", (1, 3, 4, 5, 3), (3, 3, 3, 3, 4),
         padding=((0, 2), (1, 0), (3, 1))),
    conv("3d-padding-of-axes", (1, 3, 4, 5, 3), (3, 3, 3, 3, 4), padding=(2, 0, 1)),
    conv("3d-padding-above-kernel", (1, 2, 3, 2, 2), (2, 2, 2, 2, 4), padding=4),
    conv("3d-groups", (2, 4, 3, 4, 6), (3, 3, 3, 3, 8), groups=2, padding="same"),
    conv("3d-depthwise", (1, 4, 3, 5, 9), (3, 3, 3, 1, 9), groups=9, padding="same"),
    conv("3d-relu", (1, 4, 3, 4, 3), (3, 3, 3, 3, 17), activation="relu", padding="same"),
    conv("3d-tanh", (1, 4, 3, 4, 3), (3, 3, 3, 3, 5), activation="tanh"),
    conv("3d-few-columns", (2, 4, 5, 6, 17), (3, 3, 3, 17, 2), padding="same"),
    conv("3d-first-layer", (2, 6, 7, 9, 1), (3, 3, 3, 1, 33), padding="same"),
    conv("3d-first-layer-strided", (2, 6, 7, 9, 2), (3, 5, 3, 2, 17), strides=(2, 1, 2),
         dilation=(2, 1, 1), padding="same"),
    conv("3d-first-layer-valid", (1, 5, 6, 9, 3), (2, 3, 3, 3, 16)),
    # Windows that reach one plane leave a batch of images; those of stride 2 do not.
    conv("3d-flat", (2, 3, 6, 5, 4), (1, 3, 3, 4, 9), padding="same", algorithm="direct"),
    conv("3d-flat-depthwise", (2, 3, 6, 5, 8), (1, 3, 3, 1, 8), groups=8, padding="same"),
    conv("3d-flat-strided", (2, 5, 6, 5, 4), (1, 3, 3, 4, 9), strides=(2, 1, 1)),
    conv("3d-flat-padded", (1, 3, 4, 5, 4), (1, 3, 3, 4, 9), padding=(1, 1, 1)),
    conv("3d-one-plane-padded", (2, 1, 5, 4, 4), (1, 3, 3, 4, 9), padding=((2, 0), (1, 1), (1, 1))),
    conv("3d-one-plane-depthwise", (2, 1, 5, 4, 8), (1, 3, 3, 1, 8), groups=8,
         padding=((1, 0), (1, 1), (1, 1)), strides=(2, 1, 1)),
    conv("3d-depth-only", (1, 6, 4, 5, 7), (3, 1, 1, 7, 9), padding="same"),
    conv("3d-pointwise", (2, 3, 4, 3, 17), (1, 1, 1, 17, 130)),
    conv("3d-one-plane", (2, 1, 5, 4, 3), (3, 3, 3, 3, 6), padding="same"),
    conv("3d-kernel-is-image", (2, 3, 4, 2, 5), (3, 4, 2, 5, 7)),
    conv("3d-large", (1, 9, 14, 15, 16), (3, 3, 3, 16, 40), padding="same"),
    conv("3d-large-batch", (5, 4, 6, 7, 8), (3, 3, 3, 8, 33), padding="same"),
    conv("3d-empty-batch", (0, 4, 4, 4, 3), (3, 3, 3, 3, 8)),
    conv("3d-no-planes", (1, 0, 4, 4, 3), (3, 3, 3, 3, 8), padding="same"),
    conv("3d-no-channels", (1, 3, 4, 4, 0), (3, 3, 3, 0, 5)),
    conv("3d-no-filters", (1, 3, 4, 4, 2), (3, 3, 3, 2, 0)),
    *(conv(f"3d-in-{c}", (1, 3, 3, 4, c), (2, 3, 3, c, 5), padding="same") for c in CHANNELS),
    *(conv(f"3d-out-{c}", (1, 3, 3, 4, 3), (2, 3, 3, 3, c), padding="same") for c in CHANNELS),
]  # fmt: skip

TRANSPOSED = [
    transpose("1d", (2, 7, 3), (3, 8, 3), exact=False),
    transpose("1d-strided", (2, 7, 3), (3, 8, 3), strides=2, padding="same"),
    transpose("1d-stride-above-kernel", (2, 5, 3), (2, 4, 3), strides=5),
    transpose("1d-same-stride-above-kernel", (2, 5, 3), (2, 4, 3), strides=3, padding="same"),
    transpose("1d-output-padding", (2, 5, 3), (4, 4, 3), strides=3, output_padding=2),
    transpose("1d-empty", (2, 0, 3), (3, 4, 3), padding="same"),
    transpose("plain", (2, 5, 6, 3), (3, 3, 8, 3), exact=False, algorithm="direct"),
    transpose("no-bias", (2, 5, 4, 3), (3, 3, 8, 3), bias=False, strides=2),
    transpose("same", (2, 5, 4, 3), (3, 3, 8, 3), padding="same", algorithm="direct"),
    transpose("same-strided", (2, 5, 4, 3), (3, 3, 8, 3), padding="same", strides=2),
    transpose("same-even", (2, 5, 4, 3), (4, 2, 8, 3), padding="same", strides=2),
    transpose("same-strides-differ", (1, 5, 4, 3), (3, 4, 8, 3), padding="same", strides=(3, 1)),
    transpose("output-padding", (1, 5, 4, 3), (3, 3, 8, 3), strides=2, output_padding=(1, 0)),
    transpose("same-output-padding", (1, 5, 4, 3), (5, 4, 8, 3), strides=3, padding="same",
              output_padding=(2, 1)),
    transpose("same-1x1", (1, 5, 4, 3), (1, 1, 8, 3), strides=2, padding="same"),
    transpose("dilated", (1, 5, 4, 3), (3, 2, 8, 3), dilation=(2, 3)),
    transpose("dilated-same", (1, 5, 4, 3), (3, 2, 8, 3), dilation=2, padding="same"),
    transpose("dilated-strided", (1, 5, 4, 3), (3, 2, 8, 3), dilation=2, strides=2, padding=1),
    transpose("padding-int", (1, 5, 4, 3), (3, 3, 8, 3), padding=1, strides=2),
    transpose("padding-pairs", (1, 5, 4, 3), (4, 4, 8, 3), padding=((0, 2), (1, 0)), strides=2),
    transpose("padding-output-padding", (1, 5, 4, 3), (4, 4, 8, 3), padding=1, strides=2,
              output_padding=1),
    transpose("groups", (2, 4, 5, 6), (3, 3, 4, 6), groups=2, strides=2),
    transpose("depthwise", (2, 4, 5, 8), (3, 3, 1, 8), groups=8, strides=2, padding="same"),
    transpose("depthwise-no-bias", (2, 4, 5, 8), (3, 3, 1, 8), groups=8, bias=False),
    transpose("relu", (1, 5, 4, 3), (3, 3, 17, 3), activation="relu", strides=2),
    transpose("sigmoid", (1, 5, 4, 3), (2, 2, 3, 3), activation="sigmoid", strides=2),
    transpose("few-columns", (2, 6, 7, 19), (4, 4, 3, 19), strides=2, padding="same"),
    transpose("few-columns-deep", (1, 9, 8, 24), (3, 3, 1, 24), padding="same",
              algorithm="direct"),
    transpose("large", (2, 14, 15, 24), (2, 2, 40, 24), strides=2),
    transpose("one-pixel", (3, 1, 1, 20), (4, 4, 9, 20)),
    transpose("empty-batch", (0, 4, 4, 3), (3, 3, 8, 3)),
    transpose("no-rows", (1, 0, 4, 3), (3, 3, 8, 3)),
    transpose("no-channels", (1, 3, 4, 0), (3, 3, 8, 0)),
    transpose("no-filters", (1, 3, 4, 3), (3, 3, 0, 3)),
    transpose("3d", (1, 3, 4, 3, 3), (3, 3, 3, 8, 3), exact=False),
    transpose("3d-strided", (2, 3, 4, 3, 3), (3, 2, 3, 8, 3), strides=2, padding="same"),
    transpose("3d-strides-differ", (1, 3, 4, 3, 3), (2, 3, 3, 8, 3), strides=(3, 1, 2),
              output_padding=(1, 0, 1)),
    transpose("3d-relu", (1, 3, 3, 2, 6), (2, 2, 2, 17, 6), strides=2, activation="relu"),
    *(transpose(f"in-{c}", (1, 3, 4, c), (3, 3, 5, c), strides=2, padding="same")
      for c in CHANNELS),
    *(transpose(f"out-{c}", (1, 3, 4, 3), (3, 3, c, 3), strides=2, padding="same")
      for c in CHANNELS),
]  # fmt: skip

BY_WINOGRAD = [
    case
    for tile in (2, 4)
    for case in (
        winograd("valid", (2, 6, 5, 7), 9, tile),
        winograd("same-relu", (1, 7, 6, 5), 17, tile, padding="same", activation="relu"),
    )
]

CASES = [*SEQUENCES, *IMAGES, *VOLUMES, *TRANSPOSED, *BY_WINOGRAD]
