"""Convolution: of images here, of sequences and volumes and transposed in ``convolution_nd``."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ops.cases import convolution_nd
from ops.cases.bounds import product_rules, sum_of_products
from ops.cases.case import CHANNELS, NAN, Case, array, normal, quarters
from ops.cases.winograd import winograd_error, winograd_gradient
from ops.cases.wrong import ABSURD, Wrong, f32, number, shape, windows


def conv(
    id: str,
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    *,
    bias: bool = True,
    exact: bool = False,
    differentiable: bool = True,
    **attributes: Any,
) -> Case:
    """A row of ``conv2d``; ``exact`` draws inputs whose sums round nowhere and are never 0."""
    draw = quarters if exact else normal
    inputs = {"x": draw(*image), "kernel": draw(*kernel)}
    if bias:
        inputs["bias"] = quarters(kernel[-1], shift=1 / 32) if exact else normal(kernel[-1])
    terms = int(np.prod(kernel[:3])) + 1
    error, gradient = product_rules(terms, exact, attributes)
    names = tuple(inputs) if differentiable else ()
    return Case("conv2d", id, inputs, attributes, error, gradient, names)


def winograd(
    id: str, image: tuple[int, ...], kernel: tuple[int, ...], tile: int, **attributes: Any
) -> Case:
    """A row of ``conv2d`` by Winograd's algorithm; only what is not activated is differentiable."""
    inputs = {"x": normal(*image), "kernel": normal(*kernel), "bias": normal(kernel[-1])}
    terms = int(np.prod(kernel[:3])) + 1
    attributes["algorithm"] = f"winograd_{tile}x{tile}"
    names = () if attributes.get("activation") else tuple(inputs)
    gradient = winograd_gradient(tile, terms)
    return Case(
        "conv2d", f"winograd-{tile}-{id}", inputs, attributes, winograd_error(tile), gradient, names
    )


IMAGES = [
    conv("plain", (2, 6, 6, 3), (3, 3, 3, 8)),
    conv("no-bias", (2, 6, 6, 3), (3, 3, 3, 8), bias=False),
    conv("batch-1", (1, 5, 6, 4), (3, 3, 4, 6)),
    conv("batch-5", (5, 5, 4, 4), (3, 3, 4, 6)),
    conv("same", (2, 6, 5, 4), (3, 3, 4, 8), padding="same"),
    conv("same-even-kernel", (1, 6, 7, 3), (2, 4, 3, 5), padding="same"),
    conv("same-stride-2-odd", (1, 7, 9, 4), (3, 3, 4, 8), strides=2, padding="same"),
    conv("same-stride-2-even", (1, 8, 6, 4), (3, 3, 4, 8), strides=2, padding="same"),
    conv("same-stride-2-even-kernel", (1, 7, 5, 4), (2, 2, 4, 8), strides=2, padding="same"),
    conv("same-stride-above-size", (1, 3, 2, 4), (3, 3, 4, 8), strides=5, padding="same"),
    conv("strides-differ", (1, 7, 5, 2), (3, 2, 2, 9), strides=(2, 1), padding="same"),
    conv("stride-above-kernel", (1, 9, 11, 3), (2, 2, 3, 4), strides=(3, 4)),
    conv("stride-leaves-rest", (2, 8, 9, 3), (3, 3, 3, 4), strides=3),
    conv("stride-numpy-int", (1, 7, 7, 3), (3, 3, 3, 4), strides=np.int64(2)),
    conv("1x1", (3, 4, 4, 17), (1, 1, 17, 5)),
    conv("1x1-strided", (2, 5, 4, 8), (1, 1, 8, 16), strides=2),
    conv("1x1-padded", (1, 3, 3, 4), (1, 1, 4, 8), padding=1),
    conv("one-output", (1, 3, 3, 1), (3, 3, 1, 1)),
    conv("kernel-is-image", (2, 5, 4, 3), (5, 4, 3, 7)),
    conv("tall", (1, 9, 4, 3), (7, 1, 3, 8)),
    conv("wide", (1, 4, 9, 3), (1, 7, 3, 8), padding="same"),
    conv("dilated", (1, 9, 9, 3), (3, 3, 3, 8), dilation=(2, 3)),
    conv("dilated-same", (1, 6, 7, 3), (3, 2, 3, 8), dilation=2, padding="same"),
    conv("dilated-strided", (1, 9, 8, 3), (3, 3, 3, 8), dilation=2, strides=2, padding="same"),
    conv("dilated-wider-than-image", (1, 4, 4, 2), (3, 3, 2, 4), dilation=4, padding=4),
    conv("groups", (2, 5, 5, 6), (3, 3, 3, 8), groups=2),
    conv("groups-same-strided", (1, 5, 7, 9), (3, 3, 3, 6), groups=3, strides=2, padding="same"),
    conv("groups-dilated", (1, 7, 7, 4), (3, 3, 2, 6), groups=2, dilation=2),
    conv("groups-one-output-each", (1, 4, 4, 8), (3, 3, 2, 4), groups=4),
    conv("groups-wide", (1, 4, 4, 34), (3, 3, 17, 34), groups=2, padding=1),
    conv("depthwise", (2, 6, 5, 8), (3, 3, 1, 8), groups=8, padding="same"),
    conv("depthwise-multiplier", (1, 5, 5, 8), (3, 3, 1, 16), groups=8),
    conv("depthwise-strided", (1, 7, 8, 33), (3, 3, 1, 33), groups=33, strides=2, padding="same"),
    conv("depthwise-5x5-dilated", (1, 9, 9, 17), (5, 5, 1, 17), groups=17, dilation=2),
    conv("depthwise-5x5", (1, 7, 9, 17), (5, 5, 1, 17), groups=17, padding="same"),
    conv("depthwise-5x5-strided", (1, 9, 8, 9), (5, 5, 1, 9), groups=9, strides=2, padding="same"),
    conv("depthwise-5x5-image-below-kernel", (1, 2, 3, 8), (5, 5, 1, 8), groups=8, padding=2),
    conv("depthwise-7x7", (1, 9, 12, 5), (7, 7, 1, 5), groups=5, padding="same"),
    conv("depthwise-7x7-strided", (1, 9, 8, 5), (7, 7, 1, 5), groups=5, strides=2, padding=3),
    conv("depthwise-2x4", (1, 5, 11, 8), (2, 4, 1, 8), groups=8, padding="same"),
    conv("depthwise-stride-3", (1, 8, 10, 8), (3, 3, 1, 8), groups=8, strides=3, padding=1),
    conv("depthwise-strides-differ", (1, 6, 7, 8), (3, 3, 1, 8), groups=8, strides=(2, 1)),
    conv("depthwise-strides-leave-rows", (1, 7, 7, 8), (1, 1, 1, 8), groups=8, strides=3),
    conv("depthwise-dilated-strided", (1, 9, 8, 9), (3, 3, 1, 9), groups=9, dilation=2,
         strides=2, padding=2),
    conv("depthwise-padding-above-kernel", (1, 3, 2, 8), (3, 3, 1, 8), groups=8, padding=(5, 4)),
    conv("depthwise-padding-above-kernel-strided", (1, 3, 4, 8), (3, 3, 1, 8), groups=8,
         strides=2, padding=((4, 3), (5, 6))),
    conv("depthwise-padding-asymmetric", (1, 5, 4, 8), (3, 3, 1, 8), groups=8, strides=2,
         padding=((0, 1), (2, 0))),
    conv("depthwise-dilated-padding-above", (1, 4, 4, 8), (3, 3, 1, 8), groups=8, dilation=2,
         padding=6),
    conv("depthwise-one-pixel", (1, 1, 1, 8), (3, 3, 1, 8), groups=8, padding="same"),
    conv("depthwise-one-row", (1, 1, 9, 8), (5, 5, 1, 8), groups=8, padding="same"),
    conv("depthwise-empty-batch", (0, 4, 4, 8), (3, 3, 1, 8), groups=8),
    conv("depthwise-sigmoid", (1, 5, 4, 9), (3, 3, 1, 9), exact=True, groups=9,
         activation="sigmoid", padding="same"),
    conv("depthwise-tanh", (1, 5, 4, 9), (5, 5, 1, 9), exact=True, groups=9, activation="tanh",
         padding="same"),
    conv("depthwise-1x1", (1, 3, 3, 9), (1, 1, 1, 9), groups=9),
    conv("depthwise-relu", (1, 5, 5, 9), (3, 3, 1, 9), groups=9, exact=True, activation="relu"),
    conv("padding-int", (1, 4, 5, 3), (3, 3, 3, 4), padding=1),
    conv("padding-pair", (1, 4, 5, 3), (3, 3, 3, 4), padding=(2, 1)),
    conv("padding-asymmetric", (1, 4, 5, 3), (3, 3, 3, 4), padding=((2, 0), (0, 3))),
    conv("padding-one-side", (2, 5, 4, 3), (2, 3, 3, 4), padding=((0, 1), (2, 1)), strides=2),
    # Windows that touch no pixel give the bias.
    conv("padding-above-kernel", (1, 3, 3, 2), (3, 3, 2, 4), padding=5),
    conv("padding-above-kernel-strided", (1, 3, 2, 2), (2, 2, 2, 4), padding=(4, 5), strides=3),
    conv("kernel-above-image", (1, 2, 2, 3), (5, 5, 3, 4), padding=2),
    conv("kernel-above-image-same", (2, 2, 3, 3), (5, 7, 3, 4), padding="same"),
    conv("one-pixel", (1, 1, 1, 3), (3, 3, 3, 4), padding="same"),
    conv("one-pixel-batch", (5, 1, 1, 17), (1, 1, 17, 3)),
    conv("one-row", (1, 1, 9, 3), (3, 3, 3, 4), padding="same"),
    conv("one-column", (1, 9, 1, 3), (3, 3, 3, 4), padding="same"),
    conv("first-layer-7x7", (1, 15, 14, 3), (7, 7, 3, 16), strides=2, padding=3),
    # Few columns: of the outputs, and of the images in the input gradient of first layers.
    *(conv(f"out-{c}-deep", (2, 9, 11, 19), (3, 3, 19, c), exact=True, padding="same",
           algorithm="direct")
      for c in (1, 2, 3, 4, 5)),
    *(conv(f"in-{c}-deep", (2, 9, 11, c), (3, 3, c, 37), exact=True, padding="same",
           algorithm="direct")
      for c in (1, 2, 3, 4, 5)),
    conv("out-3-relu", (1, 30, 30, 24), (3, 3, 24, 3), exact=True, activation="relu",
         algorithm="direct"),
    conv("out-1-sigmoid", (1, 7, 9, 40), (1, 1, 40, 1), exact=True, activation="sigmoid"),
    conv("out-2-groups", (1, 6, 7, 34), (3, 3, 17, 4), groups=2, exact=True, padding="same"),
    conv("out-4-strided", (3, 9, 9, 21), (3, 3, 21, 4), strides=2, exact=True, padding="same"),
    conv("first-layer-large", (1, 40, 41, 3), (7, 7, 3, 64), strides=2, padding=3),
    # Filter rows of few channels are gathered for the kernel's gradient.
    conv("first-layer-3x3", (3, 9, 21, 3), (3, 3, 3, 17), exact=True, padding="same",
         algorithm="direct"),
    conv("first-layer-2-channels", (2, 13, 5, 2), (5, 3, 2, 33), exact=True, strides=(1, 2),
         padding=((3, 1), (0, 1))),
    conv("first-layer-dilated-rows", (1, 9, 6, 1), (3, 3, 1, 8), exact=True, dilation=(2, 1),
         padding=2),
    conv("first-layer-narrow", (2, 4, 2, 3), (3, 7, 3, 5), exact=True, padding="same"),
    conv("first-layer-11x11", (1, 23, 25, 3), (11, 11, 3, 8), strides=4, padding=2),
    conv("empty-batch", (0, 6, 6, 3), (3, 3, 3, 8)),
    conv("no-input-channels", (1, 4, 4, 0), (3, 3, 0, 5)),
    conv("no-output-channels", (1, 4, 4, 3), (3, 3, 3, 0)),
    conv("no-rows", (1, 0, 4, 2), (3, 3, 2, 4), padding=2),
    conv("no-rows-same", (1, 0, 4, 2), (3, 3, 2, 4), padding="same"),
    conv("relu", (2, 5, 5, 3), (3, 3, 3, 9), exact=True, activation="relu"),
    conv("relu-no-bias", (2, 5, 5, 3), (3, 3, 3, 9), bias=False, differentiable=False,
         activation="relu"),
    conv("relu-groups", (1, 5, 5, 4), (3, 3, 2, 6), exact=True, groups=2, activation="relu"),
    conv("sigmoid", (1, 5, 5, 3), (3, 3, 3, 9), exact=True, activation="sigmoid", padding="same"),
    conv("tanh", (1, 5, 5, 3), (3, 3, 3, 9), exact=True, activation="tanh", strides=2),
    *(conv(f"in-{c}", (1, 4, 5, c), (3, 3, c, 5), exact=True, padding="same") for c in CHANNELS),
    *(conv(f"out-{c}", (1, 4, 5, 3), (3, 3, 3, c), exact=True, padding="same") for c in CHANNELS),
    *(conv(f"1x1-{c}", (2, 3, 3, c), (1, 1, c, c), exact=True) for c in CHANNELS),
    *(conv(f"depthwise-{c}", (1, 4, 5, c), (3, 3, 1, c), exact=True, groups=c, padding="same")
      for c in CHANNELS),
    *(conv(f"depthwise-strided-{c}", (1, 5, 4, c), (5, 5, 1, c), exact=True, groups=c, strides=2,
           padding="same") for c in CHANNELS),
    *(conv(f"depthwise-rows-{h}-{s}", (1, h, 6, 8), (3, 3, 1, 8), exact=True, groups=8, strides=s,
           padding="same") for h in (2, 3, 4, 5, 9) for s in (1, 2) if h != 2 or s == 1),
    *(conv(f"width-{w}", (1, 3, w, 4), (3, 3, 4, 16), exact=True, padding="same")
      for w in (13, 14, 15, 28, 29)),
    # Large enough to be cut into several pieces of work.
    conv("large", (2, 30, 31, 16), (3, 3, 16, 40), exact=True, padding="same",
         algorithm="direct"),
    conv("large-deep", (1, 7, 7, 200), (3, 3, 200, 130), exact=True, padding="same",
         algorithm="direct"),
    conv("1x1-many-outputs", (3, 5, 5, 7), (1, 1, 7, 130), exact=True),
    conv("large-1x1", (2, 20, 20, 65), (1, 1, 65, 72), exact=True),
    conv("large-strided", (2, 33, 33, 8), (3, 3, 8, 64), exact=True, strides=2, padding="same"),
    conv("large-depthwise", (2, 30, 30, 40), (3, 3, 1, 40), exact=True, groups=40, padding="same"),
    conv("large-depthwise-strided", (3, 29, 30, 72), (5, 5, 1, 72), exact=True, groups=72,
         strides=2, padding="same"),
    conv("large-depthwise-channels", (1, 7, 7, 520), (3, 3, 1, 520), exact=True, groups=520,
         padding="same"),
    Case(
        "conv2d",
        "nan",
        {"x": array([[[[1, NAN], [2, 3], [0, 1], [1, 1]]] * 2]), "kernel": normal(1, 2, 2, 5)},
        {},
        sum_of_products(4),
    ),
    Case(
        "conv2d",
        "nan-relu",
        {"x": array([[[[1, NAN], [2, 3], [0, 1], [1, 1]]] * 2]), "kernel": normal(1, 2, 2, 5)},
        {"activation": "relu"},
        sum_of_products(4),
    ),
]  # fmt: skip

WINOGRAD = [
    row
    for tile in (2, 4)
    for row in (
        winograd("valid", (2, 10, 6, 5), (3, 3, 5, 7), tile),
        winograd("same", (1, 8, 8, 4), (3, 3, 4, 8), tile, padding="same"),
        winograd("same-odd", (2, 7, 9, 3), (3, 3, 3, 5), tile, padding="same"),
        winograd("one-output", (1, 3, 3, 4), (3, 3, 4, 6), tile),
        winograd("one-pixel", (1, 1, 1, 3), (3, 3, 3, 4), tile, padding="same"),
        winograd("one-row", (1, 1, 9, 3), (3, 3, 3, 4), tile, padding="same"),
        winograd("padding-above-kernel", (1, 3, 4, 3), (3, 3, 3, 4), tile, padding=5),
        winograd("padding-asymmetric", (1, 5, 6, 3), (3, 3, 3, 4), tile, padding=((2, 0), (0, 3))),
        winograd("relu", (1, 6, 6, 3), (3, 3, 3, 9), tile, activation="relu"),
        winograd("sigmoid", (1, 6, 7, 3), (3, 3, 3, 9), tile, activation="sigmoid", padding=1),
        winograd("empty-batch", (0, 6, 6, 3), (3, 3, 3, 8), tile),
        winograd("no-input-channels", (1, 5, 5, 0), (3, 3, 0, 5), tile),
        winograd("no-output-channels", (1, 5, 5, 3), (3, 3, 3, 0), tile),
        winograd("no-rows", (1, 0, 4, 2), (3, 3, 2, 4), tile, padding=2),
        *(winograd(f"in-{c}", (1, 5, 6, c), (3, 3, c, 5), tile) for c in CHANNELS),
        *(winograd(f"out-{c}", (1, 5, 6, 3), (3, 3, 3, c), tile, padding=1) for c in CHANNELS),
        # Several chunks of tiles, each transformed by its own work item, and several panels.
        winograd("many-tiles", (3, 25, 31, 6), (3, 3, 6, 70), tile, padding="same"),
        # More terms than are kept at once: the sums of the filter's gradient take several passes.
        winograd("passes", (6, 33, 33, 24), (3, 3, 24, 40), tile, padding="same"),
        # Sums too large for the caches: finished piece by piece.
        winograd("wide", (1, 6, 7, 230), (3, 3, 230, 240), tile, padding="same"),
        # Few tiles: cut over panels, the input transformed in a phase of its own.
        winograd("few-tiles", (2, 9, 13, 40), (3, 3, 40, 150), tile, padding="same"),
    )
]

CASES = [*IMAGES, *WINOGRAD, *convolution_nd.CASES]

CONV = {"x": f32(1, 5, 5, 3), "kernel": f32(3, 3, 3, 8)}
SEQUENCE = {"x": f32(1, 5, 3), "kernel": f32(3, 3, 8)}
VOLUME = {"x": f32(1, 5, 5, 5, 3), "kernel": f32(3, 3, 3, 3, 8)}
TRANSPOSED = {"x": f32(1, 5, 5, 3), "kernel": f32(3, 3, 8, 3)}

ERRORS = [
    *windows("conv2d", CONV, "strides", "dilation"),
    Wrong("conv2d", "x-rank", {**CONV, "x": f32(5, 5, 3)}, (r"\bx\b", "4", shape(5, 5, 3))),
    Wrong("conv2d", "x-rank-5", {**CONV, "x": f32(1, 1, 5, 5, 3)},
          (r"\bx\b", "4", shape(1, 1, 5, 5, 3))),
    Wrong("conv2d", "kernel-rank", {**CONV, "kernel": f32(3, 3, 8)},
          ("kernel", "4", shape(3, 3, 8))),
    Wrong("conv2d", "kernel-empty", {**CONV, "kernel": f32(0, 3, 3, 8)}, ("size|kernel", "0")),
    Wrong("conv2d", "bias-rank", {**CONV, "bias": f32(8, 1)}, ("bias", shape(8, 1))),
    Wrong("conv2d", "bias-length", {**CONV, "bias": f32(7)}, ("bias", number(8), number(7))),
    Wrong("conv2d", "channels", {**CONV, "kernel": f32(3, 3, 4, 8)},
          (r"\bx\b", "3 channels", "kernel", shape(3, 3, 4, 8), "expects 4")),
    Wrong("conv2d", "channels-of-groups",
          {"x": f32(1, 5, 5, 6), "kernel": f32(3, 3, 6, 8), "groups": 2},
          ("6 channels", shape(3, 3, 6, 8), number(2))),
    Wrong("conv2d", "groups-do-not-divide-x",
          {"x": f32(1, 5, 5, 5), "kernel": f32(3, 3, 2, 8), "groups": 2},
          ("groups?", number(5), number(2))),
    Wrong("conv2d", "groups-do-not-divide-kernel",
          {"x": f32(1, 5, 5, 6), "kernel": f32(3, 3, 2, 8), "groups": 3},
          ("groups?", number(8), number(3))),
    *(Wrong("conv2d", f"groups-{value}", {**CONV, "groups": value}, ("groups?", number(value)))
      for value in (0, -1, *ABSURD)),
    Wrong("conv2d", "groups-float", {**CONV, "groups": 1.5}, ("groups?", r"1\.5"),
          (TypeError, ValueError)),
    Wrong("conv2d", "does-not-fit", {"x": f32(1, 2, 5, 3), "kernel": f32(3, 3, 3, 8)},
          (number(3), number(2), "fit|larger|smaller", "padding")),
    Wrong("conv2d", "dilated-does-not-fit", {**CONV, "dilation": 3},
          (number(7), number(5), "fit|larger|smaller")),
    Wrong("conv2d", "padded-does-not-fit",
          {"x": f32(1, 2, 2, 3), "kernel": f32(7, 7, 3, 8), "padding": 1},
          (number(7), number(2), "fit|larger|smaller")),
    Wrong("conv2d", "algorithm", {**CONV, "algorithm": "fft"},
          ("algorithm", "winograd_4x4", "fft")),
    Wrong("conv2d", "algorithm-strides", {**CONV, "algorithm": "winograd", "strides": 2},
          ("algorithm", "winograd", r"strides \(2, 2\)", "direct")),
    Wrong("conv2d", "algorithm-window",
          {**CONV, "kernel": f32(2, 3, 3, 8), "algorithm": "winograd_2x2"},
          ("algorithm", "3x3", "got 2x3", "direct")),
    Wrong("conv2d", "activation", {**CONV, "activation": "swish"},
          ("activation", "'swish'", "relu", "sigmoid", "tanh")),
    Wrong("conv2d", "activation-number", {**CONV, "activation": 3}, ("activation", "3"),
          (TypeError, ValueError)),
    Wrong("conv", "x-rank", {**CONV, "x": f32(5, 3)},
          (r"\bx\b", "3, 4 or 5", "1 to 3 axes", shape(5, 3))),
    Wrong("conv", "x-rank-6", {**CONV, "x": f32(1, 1, 1, 5, 5, 3)}, ("3, 4 or 5",)),
    Wrong("conv", "kernel-rank", {**SEQUENCE, "kernel": f32(3, 3, 3, 8)},
          ("kernel", "rank 3", shape(3, 3, 3, 8))),
    Wrong("conv", "strides", {**SEQUENCE, "strides": (1, 2)},
          ("stride", "one int", re.escape("(1, 2)"))),
    Wrong("conv", "strides-of-volumes", {**VOLUME, "strides": (1, 2)},
          ("stride", "one int or three", re.escape("(1, 2)"))),
    Wrong("conv", "padding", {**SEQUENCE, "padding": (1, 2)},
          ("padding", r"\(\(before, after\),\)", re.escape("(1, 2)"))),
    Wrong("conv", "padding-of-volumes", {**VOLUME, "padding": (1, 2)},
          ("padding", "front, back", re.escape("(1, 2)"))),
    Wrong("conv", "does-not-fit", {**SEQUENCE, "dilation": 3},
          (number(7), number(5), "length", "larger", "padding")),
    Wrong("conv", "volume-does-not-fit", {**VOLUME, "x": f32(1, 2, 5, 5, 3)},
          (number(3), number(2), "depth")),
    Wrong("conv", "channels", {**VOLUME, "kernel": f32(3, 3, 3, 4, 8)},
          ("3 channels", "expects 4")),
    Wrong("conv", "groups", {**SEQUENCE, "groups": 2}, ("3 channels", "2 groups")),
    Wrong("conv", "bias-length", {**SEQUENCE, "bias": f32(7)}, ("bias", number(8), number(7))),
    Wrong("conv", "algorithm", {**VOLUME, "algorithm": "winograd"},
          ("algorithm", "3x3x3", "direct")),
    Wrong("conv_transpose", "x-rank", {**CONV, "x": f32(5, 3)}, ("3, 4 or 5", shape(5, 3))),
    Wrong("conv_transpose", "kernel-rank", {**CONV, "kernel": f32(3, 3, 8)}, ("kernel", "rank 4")),
    Wrong("conv_transpose", "channels", CONV,
          ("3 channels", shape(3, 3, 3, 8), "expects 8", "filters / groups, channels")),
    Wrong("conv_transpose", "bias-length", {**TRANSPOSED, "bias": f32(3)},
          ("bias", number(8), number(3))),
    Wrong("conv_transpose", "groups", {**TRANSPOSED, "groups": 2}, ("3 channels", "2 groups")),
    Wrong("conv_transpose", "groups-float", {**TRANSPOSED, "groups": 1.5}, ("groups", r"1\.5")),
    Wrong("conv_transpose", "strides", {**TRANSPOSED, "strides": 0}, ("stride", number(0))),
    Wrong("conv_transpose", "dilation", {**TRANSPOSED, "dilation": -1}, ("dilation", number(-1))),
    Wrong("conv_transpose", "padding", {**TRANSPOSED, "padding": "causal"},
          ("'valid', 'same'", "'causal'")),
    Wrong("conv_transpose", "padding-negative", {**TRANSPOSED, "padding": -1},
          ("padding", number(-1))),
    Wrong("conv_transpose", "nothing-left", {**TRANSPOSED, "padding": (0, 4)},
          ("nothing is left", "width", number(7), "less padding")),
    Wrong("conv_transpose", "output-padding", {**TRANSPOSED, "strides": 2, "output_padding": 2},
          ("output_padding", "less than the stride", number(2))),
    Wrong("conv_transpose", "output-padding-count",
          {**TRANSPOSED, "strides": 2, "output_padding": (1, 0, 0)},
          ("output_padding", "one int or two")),
    Wrong("conv_transpose", "output-padding-negative", {**TRANSPOSED, "output_padding": -1},
          ("output_padding", number(-1))),
    Wrong("conv_transpose", "algorithm", {**TRANSPOSED, "algorithm": "winograd", "strides": 2},
          ("algorithm", r"strides \(2, 2\)", "direct")),
    Wrong("conv_transpose", "activation", {**TRANSPOSED, "activation": "swish"},
          ("activation", "'swish'")),
]  # fmt: skip
