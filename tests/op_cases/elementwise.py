"""Rows of what takes one element and gives one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from op_cases.bounds import ELEMENTARY, ForwardRule, elementwise, exactly, rounded_once, ulps
from op_cases.case import (
    CHANNELS,
    SPECIAL,
    Case,
    Maker,
    array,
    distinct,
    integers,
    normal,
    uniform,
)

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
    "square": (rounded_once, True, normal),
    "negative": (exactly, True, normal),
    "absolute": (exactly, True, distinct),
}


def unary(op: str, id: str, shape: tuple[int, ...]) -> Case:
    error, differentiable, draw = UNARY[op]
    return Case(op, id, {"x": draw(*shape)}, {}, error, elementwise, ("x",) * differentiable)


ELEMENTWISE_UNARY = [
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


ELEMENTWISE_BINARY = [
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
