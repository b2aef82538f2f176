"""Rows of what moves, repeats or converts elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from op_cases.bounds import exactly, linear, rescale_error, ulps, without_rounding
from op_cases.case import (
    CHANNELS,
    INF,
    NAN,
    Case,
    Maker,
    array,
    arrays,
    integers,
    normal,
)


def move(op: str, id: str, x: Maker, /, **attributes: Any) -> Case:
    return Case(op, id, {"x": x}, attributes, exactly, without_rounding, ("x",))


def move_integers(op: str, id: str, shape: tuple[int, ...], /, **attributes: Any) -> list[Case]:
    """Rows for dtypes that no kernel knows: elements of 1, 2 and 8 bytes."""
    return [
        Case(op, f"{id}-{dtype}", {"x": integers(0, 100, *shape, dtype=dtype)}, attributes)
        for dtype in ("uint8", "int16", "int64", "float64", "bool")
    ]


def concatenate(id: str, *shapes: tuple[int, ...], **attributes: int) -> Case:
    inputs = {"xs": arrays(*(normal(*shape) for shape in shapes))}
    return Case("concatenate", id, inputs, attributes, exactly, without_rounding, ("xs",))


SHAPING = [
    move("reshape", "plain", normal(2, 6), shape=(3, 4)),
    move("reshape", "rest", normal(2, 6), shape=(4, -1)),
    move("reshape", "to-scalar", normal(1, 1), shape=()),
    move("reshape", "from-scalar", normal(), shape=(1, 1, 1)),
    move("reshape", "list", normal(2, 6), shape=[12]),
    move("reshape", "empty", normal(0, 3), shape=(3, 0)),
    move("reshape", "empty-rest", normal(0, 3), shape=(-1, 3)),
    move("reshape", "rank-8", normal(4, 2), shape=(1, 2, 1, 2, 1, 2, 1, 1)),
    *move_integers("reshape", "plain", (2, 6), shape=(3, 4)),
    move("flatten", "images", normal(2, 3, 4, 5)),
    move("flatten", "rank-2", normal(2, 3)),
    move("flatten", "rank-1", normal(3)),
    move("flatten", "empty-batch", normal(0, 3, 2)),
    move("flatten", "empty-inner", normal(2, 0, 3)),
    *move_integers("flatten", "images", (2, 2, 3)),
    move("transpose", "matrix", normal(3, 4), axes=(1, 0)),
    move("transpose", "identity", normal(3, 4), axes=(0, 1)),
    move("transpose", "nhwc-to-nchw", normal(2, 3, 4, 5), axes=(0, 3, 1, 2)),
    move("transpose", "nchw-to-nhwc", normal(2, 3, 4, 5), axes=(0, 2, 3, 1)),
    move("transpose", "negative", normal(2, 3, 4), axes=(-1, 0, -2)),
    move("transpose", "rank-5", normal(2, 3, 1, 2, 2), axes=(4, 2, 0, 3, 1)),
    move("transpose", "scalar", normal(), axes=()),
    move("transpose", "empty", normal(2, 0, 3), axes=(2, 0, 1)),
    move("transpose", "large", normal(61, 67), axes=(1, 0)),
    *(move("transpose", f"interleave-{n}", normal(2, n, 9, 11), axes=(0, 2, 3, 1))
      for n in (2, 3, 4, 5, 16)),
    *(move("transpose", f"separate-{n}", normal(2, 9, 11, n), axes=(0, 3, 1, 2))
      for n in (2, 3, 4, 5, 16)),
    *move_integers("transpose", "matrix", (3, 4), axes=(1, 0)),
    move("broadcast_to", "row", normal(4), shape=(3, 4)),
    move("broadcast_to", "column", normal(3, 1), shape=(3, 4)),
    move("broadcast_to", "scalar", normal(), shape=(2, 3)),
    move("broadcast_to", "same", normal(2, 3), shape=(2, 3)),
    move("broadcast_to", "middle", normal(2, 1, 3), shape=(4, 2, 5, 3)),
    move("broadcast_to", "to-empty", normal(1, 3), shape=(0, 3)),
    *move_integers("broadcast_to", "row", (4,), shape=(3, 4)),
    move("slice", "plain", normal(4, 5), start=(1, 2), size=(2, 3)),
    move("slice", "all", normal(4, 5), start=(0, 0), size=(4, 5)),
    move("slice", "none", normal(4, 5), start=(4, 0), size=(0, 5)),
    move("slice", "image", normal(2, 5, 6, 3), start=(1, 1, 2, 0), size=(1, 3, 4, 3)),
    move("slice", "channels", normal(2, 3, 3, 17), start=(0, 0, 0, 8), size=(2, 3, 3, 9)),
    move("slice", "rest", normal(4, 5), start=(1, 2), size=(-1, 2)),
    move("slice", "lists", normal(7), start=[2], size=[3]),
    *move_integers("slice", "plain", (4, 5), start=(1, 2), size=(2, 3)),
    concatenate("two", (2, 3), (2, 4)),
    concatenate("one", (2, 3)),
    concatenate("three", (2, 1), (2, 2), (2, 3)),
    concatenate("rows", (1, 3), (2, 3), axis=0),
    concatenate("middle", (2, 1, 3), (2, 4, 3), axis=1),
    concatenate("vectors", (3,), (5,)),
    concatenate("long-rows", (2, 1500), (2, 33000)),
    concatenate("with-empty", (2, 0), (2, 3), (2, 0)),
    concatenate("all-empty", (0, 3), (0, 4)),
    concatenate("channels", (2, 3, 3, 17), (2, 3, 3, 3), (2, 3, 3, 8)),
    concatenate("many", *((2, n) for n in CHANNELS), axis=1),
    *(
        Case("concatenate", dtype, {"xs": arrays(integers(0, 9, 2, 3, dtype=dtype),
                                                 integers(0, 9, 2, 2, dtype=dtype))})
        for dtype in ("uint8", "int64", "bool")
    ),
    Case("stop_gradient", "plain", {"x": normal(2, 3)}),
    Case("stop_gradient", "integers", {"x": integers(0, 9, 4, dtype="int64")}),
]  # fmt: skip

REAL = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64",
]  # fmt: skip

CONVERSIONS = [
    *(
        Case("cast", f"{source}-to-float32", {"x": integers(0, 2, 3, 7, dtype=source)},
             {"dtype": "float32"})
        for source in REAL
    ),
    *(
        Case("cast", f"float32-to-{target}", {"x": array([0.0, 1.0, 2.75, 100.5, 0.25])},
             {"dtype": target})
        for target in REAL if target != "float32"
    ),
    Case("cast", "negative", {"x": array([-1.0, -2.75, -100.5, -0.25])}, {"dtype": "int8"}),
    Case("cast", "labels", {"x": integers(0, 256, 9, dtype="uint8")}, {"dtype": "int64"}),
    Case("cast", "dtype-object", {"x": integers(0, 256, 9, dtype="uint8")},
         {"dtype": np.dtype("int32")}),
    Case("cast", "dtype-class", {"x": normal(5)}, {"dtype": np.float64}),
    Case("cast", "nan-to-float64", {"x": array([NAN, INF, -INF])}, {"dtype": "float64"}),
    Case("cast", "rounds", {"x": array([1 / 3, 1e300, -1e300, NAN], "float64")},
         {"dtype": "float32"}),
    Case("cast", "large-integers", {"x": array([2**24 + 1, 2**62 + 1, -(2**53) - 1], "int64")},
         {"dtype": "float32"}),
    Case("cast", "empty", {"x": integers(0, 9, 0, 3, dtype="uint8")}, {"dtype": "float32"}),
    Case("cast", "scalar", {"x": integers(0, 9, dtype="uint8")}, {"dtype": "float32"}),
    Case("cast", "large", {"x": integers(0, 256, 5, 4001, dtype="uint8")},
         {"dtype": "float32"}),
    *(
        Case("rescale", source, {"x": integers(0, 2 if source == "bool" else 120, 3, 7,
                                               dtype=source)},
             {"scale": 1 / 255, "offset": -0.5}, rescale_error)
        for source in REAL
    ),
    Case("rescale", "no-offset", {"x": integers(0, 256, 65, dtype="uint8")}, {"scale": 1 / 255},
         ulps(2)),
    Case("rescale", "to-minus-1-and-1", {"x": integers(0, 256, 65, dtype="uint8")},
         {"scale": 1 / 127.5, "offset": -1}, rescale_error),
    Case("rescale", "integer-scale", {"x": normal(5)}, {"scale": 2, "offset": 1},
         rescale_error),
    Case("rescale", "empty", {"x": integers(0, 9, 0, 3, dtype="uint8")}, {"scale": 2.0}),
    Case("rescale", "large", {"x": integers(0, 256, 3, 40, 41, 3, dtype="uint8")},
         {"scale": 1 / 255, "offset": 0.25}, rescale_error),
    Case("rescale", "gradient", {"x": normal(3, 5)}, {"scale": -3.5, "offset": 2.0},
         rescale_error, linear(), ("x",)),
    Case("one_hot", "int64", {"labels": array([0, 3, 1, 2], "int64")}, {"depth": 4}),
    *(
        Case("one_hot", dtype, {"labels": array([0, 3, 1, 2], dtype)}, {"depth": 4})
        for dtype in ("int32", "uint8")
    ),
    Case("one_hot", "outside", {"labels": array([0, -1, 4, 2**40], "int64")}, {"depth": 4}),
    Case("one_hot", "rank-2", {"labels": integers(0, 5, 3, 4, dtype="int64")}, {"depth": 5}),
    Case("one_hot", "scalar", {"labels": array(2, "int64")}, {"depth": 3}),
    Case("one_hot", "empty", {"labels": array([], "int64")}, {"depth": 3}),
    Case("one_hot", "no-depth", {"labels": array([0, 1], "int64")}, {"depth": 0}),
]  # fmt: skip
