"""What moves, repeats or resamples elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.testing import EPSILON, TINY
from ops.cases.bounds import Inputs, exactly, without_rounding
from ops.cases.case import CHANNELS, Case, Maker, array, arrays, integers, normal
from ops.cases.wrong import SCALAR, Wrong, f32, number, shape


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


def resized(id: str, shape: tuple[int, ...], size: tuple[int, int], **settings: Any) -> Case:
    def error(case: Case, inputs: Inputs, exact: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
        # Weights are rounded too, and sum to no more than 2 in size along an axis.
        largest = np.max(abs(np.asarray(inputs["x"], np.float64)), initial=0)
        return (16 * sum(shape[1:3]) * EPSILON * largest + TINY,)

    def slope(case: Case, inputs: Inputs, dys: tuple[np.ndarray, ...], name: str) -> Any:
        allowed = 64 * sum(shape[1:3]) * EPSILON * np.max(abs(dys[0]), initial=0)
        return lambda direction: float(allowed * abs(direction).sum() * max(size))

    return Case(
        "resize", id, {"x": normal(*shape)}, {"size": size, **settings}, error, slope, ("x",)
    )


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

RESIZING = [
    resized(f"{name}-{id}", shape, size, interpolation=name, antialias=antialias)
    for name in ("bilinear", "bicubic", "lanczos3", "lanczos5", "nearest", "area")
    for id, shape, size, antialias in [
        ("up", (2, 3, 4, 3), (7, 8), False),
        ("down", (1, 9, 8, 2), (4, 3), False),
        ("smooth", (1, 9, 8, 2), (4, 11), True),
    ]
] + [
    resized("default", (2, 4, 5, 3), (5, 4)),
    resized("same", (2, 4, 5, 3), (4, 5)),
    resized("wide", (1, 4, 3, 65), (5, 6)),
    resized("one-pixel", (1, 1, 1, 4), (3, 2), interpolation="bicubic"),
    resized("empty-batch", (0, 3, 3, 2), (4, 4)),
    resized("no-channels", (2, 3, 3, 0), (4, 4)),
]  # fmt: skip

PADDING = [
    Case(
        "pad",
        id,
        {"x": x},
        {"pad_width": widths},
        exactly,
        without_rounding,
        ("x",) * (id != "int64"),
    )
    for id, x, widths in [
        ("image", normal(2, 3, 4, 5), ((0, 0), (1, 2), (3, 0), (0, 0))),
        ("nothing", normal(3, 4), ((0, 0), (0, 0))),
        ("empty", normal(0, 3), ((0, 2), (1, 1))),
        ("int64", array([[1, 2], [3, 4]], "int64"), ((1, 0), (0, 1))),
    ]
]

CASES = [*SHAPING, *RESIZING, *PADDING]

ERRORS = [
    Wrong("reshape", "elements", {"x": f32(2, 3), "shape": (4,)},
          (shape(2, 3), number(6), shape(4))),
    Wrong("reshape", "rest", {"x": f32(2, 3), "shape": (4, -1)}, (number(6), shape(4, -1))),
    Wrong("reshape", "two-rests", {"x": f32(2, 3), "shape": (-1, -1)}, (shape(-1, -1), "-1")),
    Wrong("reshape", "rest-of-nothing", {"x": f32(0, 3), "shape": (0, -1)}, (shape(0, -1),)),
    Wrong("reshape", "negative", {"x": f32(2, 3), "shape": (-2, -3)}, (shape(-2, -3),)),
    # Their product is 0 modulo 2**64, and so is the number of elements of x.
    Wrong("reshape", "wraps-around", {"x": f32(0), "shape": (2**32, 2**32)},
          (shape(2**32, 2**32),)),
    Wrong("reshape", "rank", {"x": f32(1), "shape": (1,) * 9}, ("rank|axes|dimensions", "8", "9")),
    Wrong("reshape", "float", {"x": f32(2, 3), "shape": (2.0, 3)}, ("shape", r"2\.0"), TypeError),
    Wrong("flatten", "scalar", {"x": f32()}, (r"\bx\b", SCALAR)),
    Wrong("concatenate", "nothing", {"xs": []}, ("xs", "empty|one|least")),
    Wrong("concatenate", "no-list", {"xs": f32(2, 3)}, ("xs", "list"), (TypeError, ValueError)),
    Wrong("concatenate", "shapes", {"xs": [f32(2, 3), f32(4, 3)]}, (shape(2, 3), shape(4, 3))),
    Wrong("concatenate", "ranks", {"xs": [f32(2, 3), f32(2)]}, (shape(2, 3), shape(2))),
    Wrong("concatenate", "axis", {"xs": [f32(2, 3)], "axis": 2},
          ("axis", number(2), r"rank 2|\(2, 3\)")),
    Wrong("concatenate", "scalars", {"xs": [f32(), f32()]}, ("axis|rank", SCALAR)),
    Wrong("concatenate", "dtypes", {"xs": [f32(2, 3), np.ones((2, 3), np.int64)]},
          ("float32", "int64", "cast|same"), TypeError),
    Wrong("transpose", "too-few", {"x": f32(2, 3), "axes": (0,)},
          ("axes", r"[\[(]0", r"2 axes|\(2, 3\)")),
    Wrong("transpose", "twice", {"x": f32(2, 3), "axes": (0, -2)}, ("axes", "0, -2")),
    Wrong("transpose", "outside", {"x": f32(2, 3), "axes": (0, 2)},
          ("axes|axis", "2", r"rank 2|\(2, 3\)")),
    Wrong("transpose", "float", {"x": f32(2, 3), "axes": (0, 1.5)},
          ("axes|axis", r"1\.5"), TypeError),
    Wrong("broadcast_to", "shape", {"x": f32(2, 3), "shape": (2, 4)}, (shape(2, 3), shape(2, 4))),
    Wrong("broadcast_to", "rank", {"x": f32(2, 3), "shape": (3,)}, (shape(2, 3), shape(3))),
    Wrong("broadcast_to", "negative", {"x": f32(1), "shape": (-1,)}, (shape(-1),)),
    Wrong("broadcast_to", "too-large", {"x": f32(1), "shape": (2**31, 2**31, 2**31)},
          ("element|large|memory", str(2**31))),
    Wrong("broadcast_to", "too-large-size", {"x": f32(1), "shape": (2**63,)}, (str(2**63),)),
    Wrong("slice", "end", {"x": f32(4, 5), "start": (0, 3), "size": (4, 3)},
          (number(3), shape(4, 5))),
    Wrong("slice", "start", {"x": f32(4, 5), "start": (-1, 0), "size": (1, 1)},
          ("start|from", number(-1))),
    Wrong("slice", "size", {"x": f32(4, 5), "start": (0, 0), "size": (1, -2)},
          ("size|elements", number(-2))),
    Wrong("slice", "lengths", {"x": f32(4, 5), "start": (0,), "size": (1, 1)},
          ("start", r"\(0,\)", shape(4, 5))),
    Wrong("slice", "wraps-around", {"x": f32(4), "start": (2**63 - 1,), "size": (2,)},
          (str(2**63 - 1), shape(4))),
    Wrong("slice", "float", {"x": f32(4), "start": (0.5,), "size": (2,)}, ("start", r"0\.5"),
          TypeError),
    Wrong("resize", "rank", {"x": f32(3, 3, 1), "size": (2, 2)}, (r"\bx\b", "4", shape(3, 3, 1))),
    Wrong("resize", "size", {"x": f32(1, 3, 3, 1), "size": (2,)}, ("size", "two positive")),
    Wrong("resize", "size-0", {"x": f32(1, 3, 3, 1), "size": (2, 0)}, ("size", "two positive")),
    Wrong("resize", "interpolation",
          {"x": f32(1, 3, 3, 1), "size": (2, 2), "interpolation": "linear"},
          ("interpolation", "'linear'", "bilinear", "area")),
    Wrong("resize", "no-pixels", {"x": f32(1, 0, 3, 1), "size": (2, 2)},
          ("pixel", shape(1, 0, 3, 1))),
    Wrong("pad", "pairs", {"x": f32(2, 3), "pad_width": ((1, 1),)},
          ("pad_width", "2 pairs", shape(2, 3))),
    Wrong("pad", "int", {"x": f32(2, 3), "pad_width": 1}, ("pad_width", "2 pairs", number(1))),
    Wrong("pad", "negative", {"x": f32(3), "pad_width": ((0, -1),)},
          ("pad_width", "negative", "-1")),
]  # fmt: skip
