"""What operations refuse, and the essential facts of the error's text: for ``test_op_errors.py``.

The text names the operation, the argument, what came and what was expected; the wording is the
operation's own. It must be the same for arrays and for Tensors, because both meet one check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Wrong:
    """A call that must fail.

    Attributes:
        op: Name in :mod:`fastcnn.ops`.
        id: What is wrong.
        arguments: By name. Arrays become Tensors where the graph is tested.
        facts: Regular expressions, each of which the text must contain, in any order.
        error: The exception or exceptions.
    """

    op: str
    id: str
    arguments: Mapping[str, Any]
    facts: tuple[str, ...]
    error: type[Exception] | tuple[type[Exception], ...] = ValueError

    @property
    def match(self) -> str:
        return f"(?s)^{self.op}: " + "".join(f"(?=.*(?:{fact}))" for fact in self.facts)

    def __str__(self) -> str:
        return f"{self.op}-{self.id}"


def f32(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def i64(*values: Any) -> np.ndarray:
    return np.array(values, np.int64)


def shape(*sizes: int) -> str:
    """A shape as it must be printed."""
    return re.escape(str(sizes))


SCALAR = r"\(\)|scalar"

# Above int64, its largest, above int32: each has wrapped around in somebody's checks.
ABSURD = [2**64, 2**63, 2**63 - 1, 2**32, 2**31]


def number(value: int) -> str:
    return rf"(?<!\d){value}(?!\d)"


CONV = {"x": f32(1, 5, 5, 3), "kernel": f32(3, 3, 3, 8)}
SEQUENCE = {"x": f32(1, 5, 3), "kernel": f32(3, 3, 8)}
VOLUME = {"x": f32(1, 5, 5, 5, 3), "kernel": f32(3, 3, 3, 3, 8)}
TRANSPOSED = {"x": f32(1, 5, 5, 3), "kernel": f32(3, 3, 8, 3)}
IMAGE = {"x": f32(1, 5, 5, 3)}
SEQUENCE_IMAGE = {"x": f32(1, 5, 3)}

WINDOWS = [
    Wrong(op, f"{name}-{value}".replace(" ", ""), {**base, name: value}, (fact, got), error)
    for op, base, names in [
        ("conv2d", CONV, ("strides", "dilation")),
        ("max_pool2d", {**IMAGE, "size": 2}, ("strides", "size")),
        ("average_pool2d", {**IMAGE, "size": 2}, ("strides", "size")),
    ]
    for name, fact in [("strides", "stride"), ("dilation", "dilation"), ("size", "size")]
    if name in names
    for value, got, error in [
        (0, number(0), ValueError),
        (-1, number(-1), ValueError),
        ((1, 0), number(0), ValueError),
        ((-(2**63), 1), number(-(2**63)), ValueError),
        *((value, number(value), ValueError) for value in ABSURD),
        ((1, 2, 3), re.escape("(1, 2, 3)"), ValueError),
        ((), re.escape("()"), ValueError),
        (1.5, re.escape("1.5"), TypeError),
        ("2", "'2'", TypeError),
    ]
] + [
    Wrong(op, f"padding-{value}".replace(" ", ""), {**base, "padding": value}, facts, error)
    for op, base in [
        ("conv2d", CONV),
        ("max_pool2d", {**IMAGE, "size": 2}),
        ("average_pool2d", {**IMAGE, "size": 2}),
    ]
    for value, facts, error in [
        ("full", ("padding", "'full'", "valid", "same"), ValueError),
        (-1, ("padding", number(-1)), ValueError),
        ((0, -1), ("padding", number(-1)), ValueError),
        (((0, 0), (0, -2)), ("padding", number(-2)), ValueError),
        *((value, ("padding", number(value)), ValueError) for value in ABSURD),
        ((1, 2, 3), ("padding", re.escape("(1, 2, 3)")), ValueError),
        (((1, 2), (3,)), ("padding", re.escape("(3,)")), ValueError),
        (1.5, ("padding", re.escape("1.5")), TypeError),
        (None, ("padding", "None"), TypeError),
    ]
]  # fmt: skip

CONVOLUTIONS = [
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
    Wrong("matmul", "a-rank", {"a": f32(3), "b": f32(3, 4)}, (r"\ba\b", "2", shape(3))),
    Wrong("matmul", "b-rank", {"a": f32(2, 3), "b": f32(1, 3, 4)}, (r"\bb\b", "2", shape(1, 3, 4))),
    Wrong("matmul", "inner", {"a": f32(2, 3), "b": f32(4, 5)}, (shape(2, 3), shape(4, 5))),
    Wrong("matmul", "inner-transposed",
          {"a": f32(2, 3), "b": f32(3, 5), "transpose_b": True},
          (shape(2, 3), shape(3, 5), "transpos")),
    Wrong("dense", "x-scalar", {"x": f32(), "kernel": f32(3, 4)}, (r"\bx\b", SCALAR)),
    Wrong("dense", "kernel-rank", {"x": f32(2, 3), "kernel": f32(3)}, ("kernel", "2", shape(3))),
    Wrong("dense", "features", {"x": f32(2, 3), "kernel": f32(4, 5)},
          (r"\bx\b", number(3), "kernel", shape(4, 5))),
    Wrong("dense", "bias", {"x": f32(2, 3), "kernel": f32(3, 5), "bias": f32(4)},
          ("bias", number(5), number(4))),
    Wrong("dense", "activation", {"x": f32(2, 3), "kernel": f32(3, 5), "activation": "gelu"},
          ("activation", "'gelu'", "relu", "sigmoid", "tanh")),
]  # fmt: skip

POOLING = [
    wrong
    for op in ("max_pool2d", "average_pool2d")
    for wrong in [
        Wrong(op, "rank", {"x": f32(5, 5, 3), "size": 2}, (r"\bx\b", "4", shape(5, 5, 3))),
        Wrong(op, "does-not-fit", {**IMAGE, "size": 6}, (number(6), number(5), "fit|larger")),
        Wrong(op, "does-not-fit-width", {**IMAGE, "size": (2, 7)}, (number(7), number(5), "width")),
        # A window that covers no pixel has neither maximum nor mean.
        Wrong(op, "padding-of-window", {**IMAGE, "size": 2, "padding": 2},
              ("padding", "size|window", number(2))),
        Wrong(op, "padding-below-window",
              {**IMAGE, "size": (3, 2), "padding": ((0, 0), (0, 2))},
              ("padding", "size|window", number(2))),
        Wrong(op, "no-pixels", {"x": f32(1, 0, 4, 3), "size": 2, "padding": 1},
              ("pixel|window|height", "0")),
    ]
] + [
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

POINTWISE = [
    Wrong("leaky_relu", "slope", {"x": f32(3), "negative_slope": np.nan},
          ("negative_slope", "finite", "nan")),
    Wrong("elu", "alpha", {"x": f32(3), "alpha": "a"}, ("alpha", "number", "'a'"), TypeError),
    Wrong("celu", "alpha", {"x": f32(3), "alpha": 0}, ("alpha", "above 0", number(0))),
    Wrong("squareplus", "b", {"x": f32(3), "b": -1}, (r"\bb\b", "above 0", number(-1))),
    Wrong("threshold", "threshold", {"x": f32(3), "threshold": np.inf, "default_value": 0},
          ("threshold", "finite", "inf")),
    Wrong("hard_shrink", "threshold", {"x": f32(3), "threshold": None},
          ("threshold", "number", "None"), TypeError),
    Wrong("glu", "odd", {"x": f32(2, 3)}, ("even", shape(2, 3))),
    Wrong("glu", "axis", {"x": f32(2, 4), "axis": 2}, ("axis", number(2), "-2 to 1")),
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
    Wrong("random_normal", "shape", {"shape": (2, -1), "seed": i64(3).reshape(())},
          ("shape", "negative", "-1")),
    Wrong("random_normal", "seed", {"shape": (2,), "seed": i64(3)}, ("seed", shape(1))),
]  # fmt: skip

ELEMENTWISE = [
    Wrong(op, id, {"a": f32(*a), "b": f32(*b)}, ("broadcast", shape(*a), shape(*b)))
    for op in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "greater", "equal")
    for id, a, b in [
        ("shapes", (2, 3), (4,)),
        ("shapes-inner", (2, 3, 1), (2, 2, 5)),
        ("shapes-empty", (0, 3), (2, 3)),
    ]
] + [
    wrong
    for op in ("greater", "equal")
    for wrong in [
        Wrong(op, "float64", {"a": np.ones(3), "b": f32(3)},
              (r"\ba\b", "float64", "float32", "cast"),
              TypeError),
        Wrong(op, "mixed", {"a": f32(3), "b": i64(1, 2, 3)}, (r"\bb\b", "int64", "float32", "cast"),
              TypeError),
    ]
]  # fmt: skip


REDUCTIONS = [
    wrong
    for op in ("sum", "mean")
    for wrong in [
        Wrong(op, "axis", {"x": f32(2, 3), "axis": 2}, ("axis", number(2), r"rank 2|\(2, 3\)")),
        Wrong(op, "axis-negative", {"x": f32(2, 3), "axis": -3},
              ("axis", number(-3), r"rank 2|\(2, 3\)")),
        Wrong(op, "axis-huge", {"x": f32(2, 3), "axis": 2**63}, ("axis", number(2**63))),
        Wrong(op, "axis-twice", {"x": f32(2, 3), "axis": (0, -2)},
              ("axis|axes", "0, -2")),
        Wrong(op, "axis-float", {"x": f32(2, 3), "axis": 1.5}, ("axis", r"1\.5"), TypeError),
        Wrong(op, "axis-of-scalar", {"x": f32(), "axis": 0}, ("axis", SCALAR)),
    ]
] + [
    wrong
    for op in ("softmax", "log_softmax", "sparsemax", "argmax")
    for wrong in [
        Wrong(op, "axis", {"x": f32(2, 3), "axis": 2}, ("axis", number(2), r"rank 2|\(2, 3\)")),
        Wrong(op, "axis-negative", {"x": f32(2, 3), "axis": -3},
              ("axis", number(-3), r"rank 2|\(2, 3\)")),
        Wrong(op, "axis-float", {"x": f32(2, 3), "axis": 0.5}, ("axis", r"0\.5"), TypeError),
        Wrong(op, "scalar", {"x": f32()}, ("axis|rank", SCALAR)),
    ]
] + [
    Wrong("argmax", "no-elements", {"x": f32(3, 0)}, (shape(3, 0), "empty|element|0")),
]  # fmt: skip

SHAPING = [
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
    Wrong("cast", "unknown", {"x": f32(2), "dtype": "float33"}, ("dtype", "float33"),
          (TypeError, ValueError)),
    Wrong("cast", "complex", {"x": f32(2), "dtype": "complex64"}, ("dtype", "complex64", "float32"),
          (TypeError, ValueError)),
    Wrong("cast", "object", {"x": f32(2), "dtype": object}, ("dtype", "object"),
          (TypeError, ValueError)),
    Wrong("rescale", "scale", {"x": f32(2), "scale": "1/255"}, ("scale", "1/255"), TypeError),
    Wrong("rescale", "offset", {"x": f32(2), "scale": 1.0, "offset": None}, ("offset", "None"),
          TypeError),
    Wrong("one_hot", "labels", {"labels": f32(3), "depth": 4}, ("labels", "integer", "float32"),
          TypeError),
    Wrong("one_hot", "depth", {"labels": i64(1), "depth": -1}, ("depth", "-1")),
    Wrong("one_hot", "depth-huge", {"labels": i64(1), "depth": 2**63 - 1},
          ("depth|element", str(2**63 - 1))),
    Wrong("one_hot", "depth-float", {"labels": i64(1), "depth": 2.5},
          ("depth", r"2\.5"), TypeError),
]  # fmt: skip

LOSSES = [
    wrong
    for op in ("mean_squared_error", "categorical_crossentropy", "binary_crossentropy")
    for wrong in [
        Wrong(op, "shapes", {"y_true": f32(2, 3), "y_pred": f32(2, 4)},
              ("y_true", "y_pred", shape(2, 3), shape(2, 4))),
        Wrong(op, "batches", {"y_true": f32(1, 4), "y_pred": f32(2, 4)},
              ("y_true", "y_pred", shape(1, 4), shape(2, 4))),
        Wrong(op, "scalars", {"y_true": f32(), "y_pred": f32()}, ("y_true|y_pred", SCALAR)),
    ]
] + [
    # The classic mistake, with the fix.
    Wrong("categorical_crossentropy", "integer-labels", {"y_true": i64(0, 2), "y_pred": f32(2, 3)},
          ("y_true", "int64", "sparse_categorical_crossentropy"), (TypeError, ValueError)),
    Wrong("categorical_crossentropy", "label-column",
          {"y_true": f32(2, 1), "y_pred": f32(2, 3)},
          (shape(2, 1), shape(2, 3), "sparse_categorical_crossentropy")),
    Wrong("sparse_categorical_crossentropy", "float-labels",
          {"y_true": f32(2), "y_pred": f32(2, 3)}, ("y_true", "integer", "float32"), TypeError),
    Wrong("sparse_categorical_crossentropy", "one-hot-labels",
          {"y_true": np.eye(3, dtype=np.int64), "y_pred": f32(3, 3)},
          ("y_true", shape(3, 3), "categorical_crossentropy")),
    Wrong("sparse_categorical_crossentropy", "batches", {"y_true": i64(0, 1), "y_pred": f32(3, 3)},
          ("y_true", shape(2), "y_pred", shape(3, 3))),
    Wrong("sparse_categorical_crossentropy", "scalar", {"y_true": i64(), "y_pred": f32()},
          ("y_pred", SCALAR)),
    Wrong("pair_sums", "lengths", {"rows": i64(0, 1), "columns": i64(0), "weights": f32(2),
                                   "size": (2, 2)}, ("one length", shape(1), shape(2))),
    Wrong("pair_sums", "float-rows", {"rows": f32(2), "columns": i64(0, 1), "weights": f32(2),
                                      "size": (2, 2)}, ("rows", "integer", "float32"), TypeError),
    Wrong("pair_sums", "weights", {"rows": i64(0), "columns": i64(0), "weights": i64(1),
                                   "size": (2, 2)}, ("weights", "float32", "int64"), TypeError),
    Wrong("pair_sums", "size", {"rows": i64(0), "columns": i64(0), "weights": f32(1),
                                "size": (2,)}, ("size", r"\(2,\)")),
    Wrong("pair_sums", "negative", {"rows": i64(0), "columns": i64(0), "weights": f32(1),
                                    "size": (2, -1)}, ("size", number(-1))),
    Wrong("in_top_k", "zero", {"y_true": i64(0), "y_pred": f32(1, 3), "k": 0},
          (r"\bk\b", number(0))),
    Wrong("in_top_k", "negative", {"y_true": i64(0), "y_pred": f32(1, 3), "k": -1},
          (r"\bk\b", number(-1))),
    Wrong("in_top_k", "float", {"y_true": i64(0), "y_pred": f32(1, 3), "k": 1.5},
          (r"\bk\b", r"1\.5"), TypeError),
    Wrong("in_top_k", "batches", {"y_true": i64(0, 1), "y_pred": f32(3, 3), "k": 1},
          ("y_true", shape(2), "y_pred", shape(3, 3))),
    Wrong("in_top_k", "float-labels", {"y_true": f32(3), "y_pred": f32(3, 3), "k": 1},
          ("y_true", "integer", "float32"), TypeError),
]  # fmt: skip

STATISTICS = {"gamma": f32(3), "beta": f32(3), "mean": f32(3), "variance": f32(3)}
NORMALIZATION = [
    *(
        Wrong("batch_normalization", name, {"x": f32(2, 3), **STATISTICS, name: f32(4)},
              (name, number(3), shape(4)))
        for name in STATISTICS
    ),
    *(
        Wrong("batch_normalization_training", name,
              {"x": f32(2, 3), "gamma": f32(3), "beta": f32(3), name: f32(1, 3)},
              (name, number(3), shape(1, 3)))
        for name in ("gamma", "beta")
    ),
    *(
        Wrong("layer_normalization", f"{name}-{id}",
              {"x": f32(2, 3), "gamma": f32(3), "beta": f32(3), name: wrong}, (name, found))
        for name in ("gamma", "beta")
        for id, wrong, found in [("size", f32(4), shape(4)), ("rank", f32(1, 2, 3), shape(1, 2, 3))]
    ),
    Wrong("layer_normalization", "scalar", {"x": f32(), "gamma": f32(3), "beta": f32(3)},
          ("gamma", SCALAR)),
    Wrong("layer_normalization", "epsilon",
          {"x": f32(2, 3), "gamma": f32(3), "beta": f32(3), "epsilon": -1e-3},
          ("epsilon", r"-0\.001")),
    Wrong("layer_normalization", "dtype",
          {"x": i64(2, 3), "gamma": f32(3), "beta": f32(3)}, ("x", "float32", "int64"), TypeError),
    Wrong("rms_normalization", "gamma", {"x": f32(2, 3), "gamma": f32(4)}, ("gamma", shape(4))),
    Wrong("rms_normalization", "epsilon",
          {"x": f32(2, 3), "gamma": f32(3), "epsilon": float("inf")}, ("epsilon", "inf")),
    *(
        Wrong("group_normalization", name,
              {"x": f32(2, 3), "gamma": f32(3), "beta": f32(3), "groups": 3, name: f32(4)},
              (name, shape(3), shape(4)))
        for name in ("gamma", "beta")
    ),
    *(
        Wrong("group_normalization", f"groups-{groups}",
              {"x": f32(2, 6), "gamma": f32(6), "beta": f32(6), "groups": groups},
              ("groups", number(6), number(groups)))
        for groups in (4, 0, -1)
    ),
    Wrong("group_normalization", "groups-float",
          {"x": f32(2, 6), "gamma": f32(6), "beta": f32(6), "groups": 2.0},
          ("groups", r"2\.0"), TypeError),
    Wrong("group_normalization", "rank",
          {"x": f32(6), "gamma": f32(6), "beta": f32(6), "groups": 2}, (r"\bx\b", shape(6))),
    Wrong("group_normalization", "epsilon",
          {"x": f32(2, 6), "gamma": f32(6), "beta": f32(6), "groups": 2, "epsilon": float("nan")},
          ("epsilon", "nan")),
    Wrong("batch_normalization", "scalar", {"x": f32(), **STATISTICS}, (r"\bx\b", SCALAR)),
    Wrong("batch_normalization_training", "scalar",
          {"x": f32(), "gamma": f32(3), "beta": f32(3)}, (r"\bx\b", SCALAR)),
    Wrong("batch_normalization", "epsilon", {"x": f32(2, 3), **STATISTICS, "epsilon": -1e-3},
          ("epsilon", r"-0\.001")),
    Wrong("batch_normalization_training", "epsilon",
          {"x": f32(2, 3), "gamma": f32(3), "beta": f32(3), "epsilon": float("nan")},
          ("epsilon", "nan")),
    *(
        Wrong("dropout", f"rate-{rate}", {"x": f32(3), "rate": rate, "seed": np.array(1,
              np.uint64)},
              ("rate", re.escape(str(rate))))
        for rate in (1.0, -0.1, 1.5, float("nan"))
    ),
    Wrong("dropout", "rate-text",
          {"x": f32(3), "rate": "half", "seed": np.array(1, np.uint64)},
          ("rate", "half"), TypeError),
    Wrong("dropout", "seed-rank", {"x": f32(3), "rate": 0.5, "seed": i64(1, 2)},
          ("seed", shape(2))),
    Wrong("dropout", "seed-dtype", {"x": f32(3), "rate": 0.5, "seed": f32()},
          ("seed", "64", "float32"), TypeError),
]  # fmt: skip

ERRORS: list[Wrong] = [
    *CONVOLUTIONS,
    *WINDOWS,
    *POOLING,
    *ELEMENTWISE,
    *POINTWISE,
    *REDUCTIONS,
    *SHAPING,
    *LOSSES,
    *NORMALIZATION,
]
