"""Rows of pooling by every convention: sequences, volumes, dilation, windows that are not whole,
padding that counts, whole images and cells.
"""

from __future__ import annotations

from typing import Any

from ops.cases.bounds import linear, sum_of_products, without_rounding
from ops.cases.case import CHANNELS, NAN, Case, array, distinct, normal


def max_pool(id: str, image: tuple[int, ...], op: str = "max_pool", **attributes: Any) -> Case:
    # A maximum is one of its inputs.
    return Case(op, id, {"x": distinct(*image)}, attributes, gradient=without_rounding,
                differentiable=("x",))  # fmt: skip


def average_pool(
    id: str, image: tuple[int, ...], terms: int, op: str = "average_pool", **attributes: Any
) -> Case:
    """``terms``: pixels of the largest window."""
    return Case(op, id, {"x": normal(*image)}, attributes, sum_of_products(terms + 1), linear(),
                ("x",))  # fmt: skip


def both(id: str, image: tuple[int, ...], terms: int, **attributes: Any) -> list[Case]:
    return [max_pool(id, image, **attributes), average_pool(id, image, terms, **attributes)]


def flat(id: str, image: tuple[int, ...], terms: int, **attributes: Any) -> list[Case]:
    """The same for the names that images with two axes have."""
    return [
        max_pool(id, image, "max_pool2d", **attributes),
        average_pool(id, image, terms, "average_pool2d", **attributes),
    ]


def adaptive(id: str, image: tuple[int, ...], output_size: Any, terms: int) -> list[Case]:
    return [
        max_pool(id, image, "adaptive_max_pool", output_size=output_size),
        average_pool(id, image, terms, "adaptive_average_pool", output_size=output_size),
    ]


def whole(id: str, image: tuple[int, ...], terms: int, **attributes: Any) -> list[Case]:
    return [
        max_pool(id, image, "global_max_pool", **attributes),
        average_pool(id, image, terms, "global_average_pool", **attributes),
    ]


WINDOWS = [
    *both("1d", (2, 9, 3), 2, size=2),
    *both("1d-overlapping", (2, 9, 20), 3, size=3, strides=2, padding="same"),
    *both("1d-stride-1", (2, 6, 5), 3, size=3, strides=1, padding=1),
    *both("2d", (2, 6, 5, 3), 6, size=(2, 3), strides=2),
    *both("3d", (2, 4, 6, 5, 3), 8, size=2),
    *both("3d-overlapping", (1, 5, 6, 7, 3), 27, size=3, strides=2, padding="same"),
    *both("3d-strides-differ", (1, 4, 5, 6, 3), 12, size=(2, 3, 2), strides=(1, 2, 3)),
    *both("3d-flat", (2, 3, 5, 6, 3), 9, size=(1, 3, 3), strides=(1, 2, 2)),
    *both("3d-asymmetric", (1, 3, 4, 5, 2), 18, size=(2, 3, 3), strides=1,
          padding=((1, 0), (0, 2), (1, 1))),
    *both("same-lower", (1, 6, 3), 3, size=3, strides=2, padding="same_lower"),
    *both("same-lower-2d", (1, 5, 8, 3), 9, size=3, strides=2, padding="same_lower"),
    *both("dilation", (1, 8, 9, 3), 6, size=(3, 2), strides=1, dilation=(2, 3)),
    *both("dilation-padding", (1, 7, 9, 3), 9, size=3, strides=2, dilation=2, padding=2),
    *both("dilation-1d", (2, 11, 5), 3, size=3, strides=2, dilation=4, padding=1),
    *both("dilation-same", (1, 8, 4), 3, size=3, strides=1, dilation=2, padding="same"),
    *both("ceil", (1, 5, 6, 3), 4, size=2, ceil_mode=True),
    *both("ceil-3x3", (1, 6, 9, 3), 9, size=3, strides=2, padding=1, ceil_mode=True),
    # The last window would begin in the padding behind, so there is none.
    *both("ceil-dropped", (1, 3, 5), 2, size=2, strides=2, padding=1, ceil_mode=True),
    *both("ceil-larger-than-image", (1, 2, 5), 3, size=3, strides=2, ceil_mode=True),
    *both("ceil-dilation", (1, 8, 5), 3, size=3, strides=2, dilation=2, ceil_mode=True),
    *both("ceil-3d", (1, 5, 4, 7, 3), 12, size=(2, 3, 2), strides=2, ceil_mode=True),
    *both("empty-batch-1d", (0, 4, 3), 2, size=2),
    *both("no-channels-3d", (1, 4, 4, 4, 0), 8, size=2),
    *both("no-positions", (1, 0, 3), 2, size=2, padding="same"),
    *both("large-3d", (2, 10, 14, 12, 70), 27, size=3, strides=2, padding="same"),
    *(case for c in CHANNELS
      for case in both(f"channels-{c}", (1, 3, 4, 5, c), 8, size=2, strides=1)),
    *flat("dilation", (1, 8, 9, 3), 9, size=3, strides=1, dilation=2),
    *flat("ceil", (1, 6, 7, 3), 9, size=3, strides=2, ceil_mode=True),
    average_pool("padding-counts", (1, 5, 5, 3), 9, size=3, strides=2, padding=1,
                 count_include_pad=True),
    average_pool("padding-counts-1d", (2, 7, 5), 3, size=3, strides=2, padding=((1, 2),),
                 count_include_pad=True),
    average_pool("padding-counts-ceil", (1, 6, 7, 3), 9, size=3, strides=2, padding=1,
                 ceil_mode=True, count_include_pad=True),
    average_pool("padding-counts-3d", (1, 4, 5, 3, 3), 8, size=2, strides=2, padding=(0, 1, 1),
                 count_include_pad=True),
    average_pool("padding-counts-dilation", (1, 7, 7, 3), 9, size=3, dilation=2, strides=1,
                 padding=2, count_include_pad=True),
    average_pool("padding-counts-same", (1, 6, 5, 3), 9, size=3, strides=2, padding="same_lower",
                 count_include_pad=True),
    average_pool("no-padding-counts", (1, 6, 6, 3), 4, size=2, count_include_pad=True),
    average_pool("padding-counts", (1, 5, 4, 17), 9, "average_pool2d", size=3, strides=2, padding=1,
                 count_include_pad=True),
    Case("max_pool", "nan", {"x": array([[[[[1], [NAN]], [[3], [4]]], [[[5], [6]], [[7], [8]]]]])},
         {"size": 2, "strides": 1, "padding": "same"}),
]  # fmt: skip

WHOLE = [
    *whole("1d", (2, 7, 3), 7),
    *whole("2d", (2, 3, 4, 5), 12),
    *whole("3d", (2, 3, 4, 2, 5), 24),
    *whole("keepdims", (2, 3, 4, 2, 5), 24, keepdims=True),
    *whole("keepdims-1d", (2, 3, 5), 3, keepdims=True),
    *whole("wide", (2, 5, 300), 5),
    *whole("empty-batch", (0, 3, 4), 3),
    *whole("no-channels", (2, 3, 3, 0), 9),
    Case("global_max_pool", "no-pixels", {"x": normal(2, 0, 3, 4)}),
    Case("global_average_pool", "no-pixels", {"x": normal(2, 0, 4)}),
    Case("global_max_pool", "nan", {"x": array([[[1, NAN], [2, 3]]])}),
]

CELLS = [
    *adaptive("divides", (2, 6, 8, 3), (3, 2), 8),
    *adaptive("shared", (2, 7, 5, 3), 3, 9),
    *adaptive("1d", (2, 10, 20), 4, 4),
    *adaptive("3d", (1, 5, 4, 7, 3), (2, 3, 4), 24),
    *adaptive("more-than-pixels", (1, 3, 2, 5), (5, 4), 4),
    *adaptive("one", (2, 5, 3, 4), 1, 15),
    *adaptive("channels-70", (1, 7, 9, 70), 4, 12),
    *adaptive("empty-batch", (0, 7, 3), 2, 4),
    *adaptive("no-channels", (1, 7, 0), 2, 4),
]

CASES = [*WINDOWS, *WHOLE, *CELLS]
