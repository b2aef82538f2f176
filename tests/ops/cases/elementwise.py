"""What takes one element and gives one: functions, arithmetic, conversions, activations."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ops.cases import activation
from ops.cases.bounds import (
    ELEMENTARY,
    ForwardRule,
    elementwise,
    exactly,
    linear,
    rescale_error,
    rounded_once,
    ulps,
)
from ops.cases.case import (
    CHANNELS,
    INF,
    NAN,
    SPECIAL,
    Case,
    Maker,
    array,
    distinct,
    integers,
    normal,
    uniform,
)
from ops.cases.wrong import Wrong, f32, i64, shape

SIZES: list[tuple[str, tuple[int, ...]]] = [
    *((str(n), (n,)) for n in CHANNELS),
    ("scalar", ()),
    ("empty", (0,)),
    ("empty-inner", (2, 0, 3)),
    ("rank-5", (2, 1, 3, 2, 2)),
]

# name: rule, gradient, values inside the domain and away from kinks
UNARY: dict[str, tuple[ForwardRule, bool, Callable[..., Maker]]] = {
    "relu": (exactly, True, distinct),
    "sigmoid": (ulps(ELEMENTARY), True, lambda *shape: normal(*shape, scale=3)),
    "tanh": (ulps(ELEMENTARY), True, lambda *shape: normal(*shape, scale=2)),
    "exp": (ulps(ELEMENTARY), True, normal),
    "log": (ulps(ELEMENTARY), True, lambda *shape: uniform(0.5, 9, *shape)),
    "erf": (ulps(ELEMENTARY), True, normal),
    "expm1": (ulps(ELEMENTARY), True, normal),
    "log1p": (ulps(ELEMENTARY), True, lambda *shape: uniform(-0.5, 9, *shape)),
    "sqrt": (rounded_once, True, lambda *shape: uniform(0.5, 9, *shape)),
    "rsqrt": (ulps(2), True, lambda *shape: uniform(0.5, 9, *shape)),
    "square": (rounded_once, True, normal),
    "negative": (exactly, True, normal),
    "absolute": (exactly, True, distinct),
    "sign": (exactly, False, normal),
}


def unary(op: str, id: str, shape: tuple[int, ...]) -> Case:
    error, differentiable, draw = UNARY[op]
    return Case(op, id, {"x": draw(*shape)}, {}, error, elementwise, ("x",) * differentiable)


FUNCTIONS = [
    case
    for op in UNARY
    for case in [
        *(unary(op, id, shape) for id, shape in SIZES),
        unary(op, "large", (5, 4001)),
        Case(op, "special", {"x": array(SPECIAL)}, {}, UNARY[op][0]),
    ]
] + [
    # Many magnitudes: cancellation near 0 and 1, overflow, underflow.
    Case("exp", "range", {"x": array(np.linspace(-110, 95, 4097))}, {}, ulps(ELEMENTARY)),
    Case("sigmoid", "range", {"x": array(np.linspace(-100, 100, 4097))}, {}, ulps(ELEMENTARY)),
    Case("tanh", "range", {"x": array(np.linspace(-12, 12, 4097))}, {}, ulps(ELEMENTARY)),
    Case("tanh", "tiny", {"x": array(np.logspace(-35, 0, 999))}, {}, ulps(ELEMENTARY)),
    Case("log", "range", {"x": array(np.logspace(-37, 38, 4097))}, {}, ulps(ELEMENTARY)),
    Case("log", "near-1", {"x": array(np.linspace(0.9, 1.1, 999))}, {}, ulps(ELEMENTARY)),
    Case("erf", "range", {"x": array(np.linspace(-5, 5, 4097))}, {}, ulps(ELEMENTARY)),
    Case("erf", "tiny", {"x": array(np.logspace(-35, 0, 999))}, {}, ulps(ELEMENTARY)),
    Case("expm1", "range", {"x": array(np.linspace(-110, 95, 4097))}, {}, ulps(ELEMENTARY)),
    Case("expm1", "near-0", {"x": array(np.linspace(-1, 1, 4097))}, {}, ulps(ELEMENTARY)),
    Case("expm1", "tiny", {"x": array(np.logspace(-35, 0, 999))}, {}, ulps(ELEMENTARY)),
    Case("log1p", "range", {"x": array(np.logspace(-37, 38, 4097))}, {}, ulps(ELEMENTARY)),
    Case("log1p", "below-0", {"x": array(-np.logspace(-9, 0, 999))}, {}, ulps(ELEMENTARY)),
    Case("sqrt", "range", {"x": array(np.logspace(-37, 38, 999))}, {}, rounded_once),
    Case("rsqrt", "range", {"x": array(np.logspace(-37, 38, 999))}, {}, ulps(2)),
]  # fmt: skip

BROADCASTS: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = [
    *((f"same-{n}", (n,), (n,)) for n in CHANNELS[1:]),
    *((f"row-{n}", (3, n), (n,)) for n in CHANNELS),
    ("column", (4, 1), (5,)),
    ("column-of-matrix", (4, 5), (4, 1)),
    ("scalar-left", (), (3, 4)),
    ("scalar-right", (3, 4), ()),
    ("scalars", (), ()),
    ("both", (4, 1, 3), (1, 5, 1)),
    ("middle", (2, 3, 4), (3, 1)),
    ("outer-axes", (2, 3, 3, 17), (2, 1, 1, 1)),
    ("rank-6", (2, 1, 2, 1, 2, 1), (1, 2, 1, 3, 1, 2)),
    ("ones-left", (1, 1, 3), (3,)),
    ("empty", (0, 3), (3,)),
    ("empty-from-one", (1, 3), (0, 1)),
    ("large", (40, 33, 17), (33, 1)),
]

# name: rule, gradient, values
BINARY: dict[str, tuple[ForwardRule, bool, Callable[..., Maker]]] = {
    "add": (rounded_once, True, normal),
    "subtract": (rounded_once, True, normal),
    "multiply": (rounded_once, True, normal),
    "divide": (rounded_once, True, lambda *shape: uniform(0.5, 2, *shape)),
    "maximum": (exactly, True, normal),
    "minimum": (exactly, True, normal),
    "greater": (exactly, False, lambda *shape: integers(-2, 3, *shape)),
    "equal": (exactly, False, lambda *shape: integers(-2, 3, *shape)),
}


def apart(shape: tuple[int, ...]) -> Maker:
    """As ``distinct``, but between its values: no tie with an array made by that."""
    return lambda rng: np.asarray(rng.integers(-8, 8, shape) / 8, np.float32)


def binary(op: str, id: str, a: tuple[int, ...], b: tuple[int, ...]) -> Case:
    error, differentiable, draw = BINARY[op]
    kink = op in ("maximum", "minimum")
    inputs = {"a": distinct(*a), "b": apart(b)} if kink else {"a": draw(*a), "b": draw(*b)}
    return Case(op, id, inputs, {}, error, elementwise, ("a", "b") * differentiable)


ARITHMETIC = [
    case
    for op in BINARY
    for case in [
        binary(op, "same-1", (1,), (1,)),
        binary(op, "channels", (2, 3, 3, 17), (17,)),
        *(binary(op, id, a, b) for id, a, b in BROADCASTS),
        Case(
            op,
            "special",
            {"a": array(SPECIAL), "b": array([[v] for v in SPECIAL])},
            {},
            BINARY[op][0],
        ),
    ]
] + [
    Case(op, "int64", {"a": array([1, 2, 2**62 + 1], "int64"), "b": array([2, 2, 2**62], "int64")})
    for op in ("greater", "equal")
]

SELECTION = [
    Case("where", id, {"condition": integers(0, 2, *c), "a": normal(*a), "b": normal(*b)}, {},
         exactly, elementwise, ("a", "b"))
    for id, c, a, b in [
        *((f"same-{n}", (n,), (n,), (n,)) for n in CHANNELS),
        ("rows", (3, 1), (3, 17), (17,)), ("scalar", (), (3, 4), (3, 1)),
        ("empty", (0, 3), (3,), ()), ("outer", (4, 1, 3), (1, 5, 1), ()),
        ("large", (40, 33, 17), (33, 1), (17,)),
    ]
] + [
    Case("where", f"no-b-{n}", {"condition": integers(-1, 2, n), "a": normal(n)}, {}, exactly,
         elementwise, ("a",))
    for n in CHANNELS
] + [
    Case("where", "special", {"condition": integers(0, 2, len(SPECIAL)), "a": array(SPECIAL),
                              "b": array([[v] for v in SPECIAL])}),
    Case("where", "special-condition", {"condition": array(SPECIAL), "a": normal(len(SPECIAL)),
                                        "b": normal(len(SPECIAL))}),
]  # fmt: skip

REAL = [
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
    "float32", "float64",
]  # fmt: skip

#: Around the ends of every integer type, and what is no number.
BEYOND = [
    0.0, -0.0, 0.99, -0.99, NAN, INF, -INF, 1e30, -1e30, 1e19, -1e19,
    *(sign * 2.0**bits + step for bits in (7, 8, 15, 16, 31, 32, 63, 64)
      for sign in (-1, 1) for step in (-1.5, -1.0, -0.5, 0.0, 0.5, 1.0)),
]  # fmt: skip
WIDE = [0, 1, -1, 127, 128, 255, 256, -129, 2**31, -(2**31) - 1, 2**32 + 5, 2**63 - 1, -(2**63)]

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
    *(
        Case("cast", f"{source}-beyond-{target}", {"x": array(BEYOND, source)}, {"dtype": target})
        for source in ("float32", "float64")
        for target in REAL if target not in ("float32", "float64")
    ),
    *(
        Case("cast", f"int64-wraps-{target}", {"x": array(WIDE, "int64")}, {"dtype": target})
        for target in REAL
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

CASES = [*FUNCTIONS, *ARITHMETIC, *SELECTION, *activation.CASES, *CONVERSIONS]

ERRORS = [
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
] + [
    Wrong("where", "dtype", {"condition": f32(2), "a": i64(1, 2), "b": f32(2)},
          (r"\ba\b", "int64", "float32"), TypeError),
    Wrong("where", "shapes", {"condition": f32(3), "a": f32(2), "b": f32(3)},
          ("broadcast", shape(3), shape(2))),
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
    *activation.ERRORS,
]  # fmt: skip
