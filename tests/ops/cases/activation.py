"""Activations that are formulas of several steps, for ``elementwise``."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.testing import EPSILON, TINY
from ops.cases.bounds import ELEMENTARY, Inputs, elementwise, smooth
from ops.cases.case import NAN, Case, Maker, array, distinct, normal
from ops.cases.wrong import Wrong, f32, number, shape

# What formulas of several roundings may be off: of their largest part, which is x or 1.
STEPS = 4 * ELEMENTARY


def of_the_input(case: Case, inputs: Inputs, exact: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
    """A few roundings of the largest part of the formula."""
    (y,) = exact
    sizes = abs(np.asarray(inputs["x"], np.float64)) if y.shape == inputs["x"].shape else 0
    return (np.nan_to_num(STEPS * EPSILON * (1 + sizes + abs(y))) + TINY,)


def steep(case: Case, inputs: Inputs, dys: tuple[np.ndarray, ...], name: str) -> Any:
    """Slopes of which parts are as large as the input."""
    plain = elementwise(case, inputs, dys, name)
    largest = 1 + np.max(abs(np.asarray(inputs["x"], np.float64)), initial=0)
    return lambda direction: 4 * float(largest) * plain(direction)


#: Names and further settings.
ACTIVATIONS: list[tuple[str, dict[str, Any]]] = [
    ("celu", {}),
    ("celu", {"alpha": 0.5}),
    ("elu", {}),
    ("elu", {"alpha": -0.5}),
    ("gelu", {}),
    ("gelu", {"approximate": False}),
    ("hard_shrink", {}),
    ("hard_shrink", {"threshold": 1.0}),
    ("hard_sigmoid", {}),
    ("hard_silu", {}),
    ("hard_tanh", {}),
    ("leaky_relu", {}),
    ("leaky_relu", {"negative_slope": -1.5}),
    ("log_sigmoid", {}),
    ("mish", {}),
    ("relu6", {}),
    ("selu", {}),
    ("silu", {}),
    ("soft_shrink", {}),
    ("soft_shrink", {"threshold": 0.25}),
    ("softplus", {}),
    ("softsign", {}),
    ("sparse_plus", {}),
    ("sparse_sigmoid", {}),
    ("squareplus", {}),
    ("squareplus", {"b": 0.5}),
    ("tanh_shrink", {}),
    ("threshold", {"threshold": 0.5, "default_value": -2.0}),
    ("threshold", {"threshold": -1.0, "default_value": 3.0}),
]
SHAPES: list[tuple[str, tuple[int, ...]]] = [
    ("33", (33,)),
    ("scalar", ()),
    ("empty", (0, 3)),
    ("rank-4", (2, 3, 2, 5)),
]
# Away from kinks, some of them far.
SPREAD = np.r_[np.linspace(-7.03, 6.97, 57), -97.3, 88.9, -15000.5, 15000.5, NAN, 0.0, -0.0]


def activation(op: str, id: str, x: Maker, settings: dict[str, Any]) -> Case:
    return Case(op, id, {"x": x}, settings, of_the_input, steep, ("x",))


def named(settings: dict[str, Any]) -> str:
    return "".join(f"-{value}" for value in settings.values())


CASES = [
    case
    for op, settings in ACTIVATIONS
    for case in [
        *(activation(op, id + named(settings), distinct(*shape), settings) for id, shape in SHAPES),
        Case(op, "spread" + named(settings), {"x": array(SPREAD)}, settings, of_the_input),
    ]
] + [
    Case("glu", id, {"x": normal(*shape)}, {"axis": axis}, of_the_input, smooth(16), ("x",))
    for id, shape, axis in [
        ("last", (3, 34), -1), ("first", (4, 5), 0), ("middle", (2, 6, 3), 1), ("empty", (0, 2), 1),
    ]
]  # fmt: skip

ERRORS = [
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
]  # fmt: skip
