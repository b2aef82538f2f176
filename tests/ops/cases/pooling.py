"""Pooling: of images with two axes here, by every convention in ``pooling_nd``."""

from __future__ import annotations

import re
from typing import Any

from ops.cases import pooling_nd
from ops.cases.bounds import exactly, linear, sum_of_products, without_rounding
from ops.cases.case import (
    CHANNELS,
    INF,
    NAN,
    Case,
    Maker,
    array,
    distinct,
    normal,
    quarters,
    uniform,
)
from ops.cases.wrong import Wrong, f32, number, shape, windows

Size = int | tuple[int, int]


def max_pool(id: str, x: Maker, size: Size, **attributes: Any) -> Case:
    # A maximum is one of its inputs.
    return Case(
        "max_pool2d", id, {"x": x}, {"size": size, **attributes}, exactly, without_rounding, ("x",)
    )


def average_pool(
    id: str, image: tuple[int, ...], size: Size, *, exact: bool = False, **attributes: Any
) -> Case:
    """``exact`` averages round nowhere: each covers a power of two of pixels that have few bits."""
    pixels = size * size if isinstance(size, int) else size[0] * size[1]
    error, gradient = (
        (exactly, without_rounding) if exact else (sum_of_products(pixels + 1), linear())
    )
    x = quarters(*image) if exact else normal(*image)
    return Case(
        "average_pool2d", id, {"x": x}, {"size": size, **attributes}, error, gradient, ("x",)
    )


def pool(
    id: str, image: tuple[int, ...], size: Size, *, exact: bool = False, **attributes: Any
) -> list[Case]:
    """A row of ``max_pool2d`` and one of ``average_pool2d``."""
    return [
        max_pool(id, distinct(*image), size, **attributes),
        average_pool(id, image, size, exact=exact, **attributes),
    ]


def global_average_pool(id: str, image: tuple[int, ...], **attributes: bool) -> Case:
    return Case(
        "global_average_pool2d",
        id,
        {"x": normal(*image)},
        attributes,
        sum_of_products(image[1] * image[2] + 1),
        linear(),
        ("x",),
    )


IMAGES = [
    max_pool("2x2", distinct(2, 6, 4, 3), 2),
    average_pool("2x2", (2, 6, 4, 3), 2),
    *pool("rest", (1, 5, 7, 3), 2),
    *pool("overlapping", (1, 5, 7, 3), (3, 2), strides=1),
    *pool("overlapping-strided", (1, 7, 7, 3), 3, strides=2),
    *pool("stride-above-size", (1, 9, 9, 3), 2, strides=(3, 4)),
    max_pool("same", distinct(1, 5, 6, 3), 3, strides=2, padding="same"),
    average_pool("same", (1, 5, 6, 3), 3, strides=2, padding="same"),
    *pool("same-stride-1", (1, 4, 3, 3), 2, strides=1, padding="same"),
    *pool("same-2x2-odd", (2, 5, 3, 4), 2, padding="same"),
    *pool("same-window-above-image", (1, 2, 1, 3), 5, strides=2, padding="same"),
    *pool("padding-int", (1, 5, 5, 3), 3, strides=2, padding=1),
    *pool("padding-pair", (1, 5, 5, 3), (3, 2), strides=2, padding=(2, 1)),
    *pool("padding-asymmetric", (1, 4, 5, 3), 3, strides=1, padding=((2, 0), (0, 1))),
    *pool("3x3-stride-1", (2, 7, 9, 20), 3, strides=1),
    *pool("3x3-stride-1-same", (1, 4, 6, 37), 3, strides=1, padding="same"),
    *pool("3x3-stride-2", (1, 8, 10, 70), 3, strides=2),
    *pool("3x3-strides-differ", (1, 7, 9, 5), 3, strides=(2, 1), padding=1),
    *pool("3x3-one-column", (1, 6, 1, 5), 3, strides=2, padding="same"),
    *pool("3x3-one-row", (1, 1, 6, 5), 3, strides=1, padding="same"),
    *pool("3x3-padding-2", (1, 4, 5, 5), 3, strides=2, padding=2),
    *pool("one-pixel", (1, 1, 1, 3), 1),
    *pool("window-is-image", (2, 4, 5, 3), (4, 5)),
    *pool("row", (1, 4, 6, 3), (1, 3)),
    *pool("wide-window", (1, 12, 11, 3), 9, strides=1),
    *pool("batch-5", (5, 4, 4, 2), 2),
    *pool("empty-batch", (0, 4, 4, 3), 2),
    *pool("no-channels", (1, 4, 4, 0), 2),
    *pool("no-rows-same", (1, 0, 4, 3), 2, padding="same"),
    *(case for c in CHANNELS for case in pool(f"channels-{c}", (1, 5, 4, c), 2, exact=True)),
    *(case for c in CHANNELS
      for case in pool(f"same-channels-{c}", (1, 3, 5, c), 3, strides=2, padding="same")),
    *pool("large", (4, 32, 32, 24), 2, exact=True),
    # Several items an image, which meet where windows overlap.
    *pool("3x3-large", (1, 62, 31, 48), 3, strides=2, padding="same"),
    *pool("3x3-large-stride-1", (1, 40, 30, 40), 3, strides=1, padding="same"),
    Case("max_pool2d", "nan", {"x": array([[[[1], [NAN], [3], [4]], [[5], [6], [7], [8]]]])},
         {"size": 2, "strides": 1}),
    Case("max_pool2d", "nan-first", {"x": array([[[[NAN], [9]], [[5], [6]]]])}, {"size": 2}),
    Case("max_pool2d", "nan-last", {"x": array([[[[1], [2]], [[9], [NAN]]]])}, {"size": 2}),
    Case("max_pool2d", "infinities", {"x": array([[[[INF, -INF] * 32] * 5] * 5])},
         {"size": 3, "strides": 2}),
    Case("max_pool2d", "minus-infinity", {"x": array([[[[-INF] * 9] * 3] * 3])},
         {"size": 2, "strides": 1, "padding": "same"}),
    Case("max_pool2d", "padding-never-wins", {"x": uniform(-9, -5, 1, 3, 3, 17)},
         {"size": 3, "strides": 1, "padding": "same"}),
    Case("average_pool2d", "nan", {"x": array([[[[1], [NAN], [3], [4]], [[5], [6], [7], [8]]]])},
         {"size": 2}, sum_of_products(5)),
    global_average_pool("plain", (2, 3, 4, 5)),
    global_average_pool("keepdims", (2, 3, 4, 5), keepdims=True),
    global_average_pool("one-pixel", (3, 1, 1, 4)),
    global_average_pool("empty-batch", (0, 3, 3, 4)),
    global_average_pool("no-channels", (2, 3, 3, 0)),
    global_average_pool("large", (3, 25, 25, 70)),
    global_average_pool("wide", (2, 3, 2, 300)),
    *(global_average_pool(f"channels-{c}", (2, 3, 3, c)) for c in CHANNELS),
    Case("global_average_pool2d", "no-pixels", {"x": normal(2, 0, 3, 4)}),
]  # fmt: skip

CASES = [*IMAGES, *pooling_nd.CASES]

IMAGE = {"x": f32(1, 5, 5, 3)}
SEQUENCE_IMAGE = {"x": f32(1, 5, 3)}

ERRORS = [
    *(
        wrong
        for op in ("max_pool2d", "average_pool2d")
        for wrong in [
            *windows(op, {**IMAGE, "size": 2}, "strides", "size"),
            Wrong(op, "rank", {"x": f32(5, 5, 3), "size": 2}, (r"\bx\b", "4", shape(5, 5, 3))),
            Wrong(op, "does-not-fit", {**IMAGE, "size": 6}, (number(6), number(5), "fit|larger")),
            Wrong(op, "does-not-fit-width", {**IMAGE, "size": (2, 7)},
                  (number(7), number(5), "width")),
            # A window that covers no pixel has neither maximum nor mean.
            Wrong(op, "padding-of-window", {**IMAGE, "size": 2, "padding": 2},
                  ("padding", "size|window", number(2))),
            Wrong(op, "padding-below-window",
                  {**IMAGE, "size": (3, 2), "padding": ((0, 0), (0, 2))},
                  ("padding", "size|window", number(2))),
            Wrong(op, "no-pixels", {"x": f32(1, 0, 4, 3), "size": 2, "padding": 1},
                  ("pixel|window|height", "0")),
        ]
    ),
    Wrong("max_pool", "rank", {"x": f32(5, 3), "size": 2}, (r"\bx\b", "3, 4 or 5", shape(5, 3))),
    Wrong("max_pool", "size-count", {**SEQUENCE_IMAGE, "size": (2, 2)},
          ("window size", "one int", re.escape("(2, 2)"))),
    Wrong("max_pool", "does-not-fit-length", {**SEQUENCE_IMAGE, "size": 6},
          (number(6), number(5), "length")),
    Wrong("max_pool", "does-not-fit-ceil",
          {**SEQUENCE_IMAGE, "size": 8, "strides": 2, "ceil_mode": True}, (number(8), number(5))),
    Wrong("max_pool", "padding-of-window", {**SEQUENCE_IMAGE, "size": 2, "padding": 2},
          ("padding", number(2), "length")),
    # Taps 0 and 9 around the image, and none in it.
    Wrong("max_pool", "dilation-over-image",
          {**SEQUENCE_IMAGE, "size": 2, "dilation": 9, "padding": 3}, ("pixel", "dilation 9")),
    Wrong("average_pool", "padding-count", {**SEQUENCE_IMAGE, "size": 2, "padding": (1, 1)},
          ("padding", re.escape("(1, 1)"))),
    Wrong("average_pool", "dilation", {**SEQUENCE_IMAGE, "size": 2, "dilation": 0},
          ("dilation", number(0))),
    Wrong("adaptive_max_pool", "output-size", {**IMAGE, "output_size": 0},
          ("output_size", "positive", number(0))),
    Wrong("adaptive_average_pool", "output-count", {**IMAGE, "output_size": (1, 2, 3)},
          ("output_size", "one int or two")),
    Wrong("adaptive_average_pool", "no-pixels", {"x": f32(1, 0, 3), "output_size": 2},
          ("length 0", "cells")),
    Wrong("global_max_pool", "rank", {"x": f32(5, 3)}, (r"\bx\b", "3, 4 or 5", shape(5, 3))),
    Wrong("global_average_pool2d", "rank", {"x": f32(5, 3)}, (r"\bx\b", "4", shape(5, 3))),
]  # fmt: skip
