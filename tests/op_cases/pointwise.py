"""Rows of activations that are formulas, of resizing, padding and normal numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.testing import EPSILON, TINY
from op_cases.bounds import ELEMENTARY, Inputs, elementwise, exactly, smooth, without_rounding
from op_cases.case import NAN, Case, Maker, array, distinct, normal

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


POINTWISE = [
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


def normal_numbers(id: str, shape: tuple[int, ...], seed: int, dtype: str = "uint64") -> Case:
    def error(case: Case, inputs: Inputs, exact: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
        # What the kernel's comment promises.
        return (1e-6 * (1 + abs(exact[0])),)

    return Case("random_normal", id, {"seed": array(seed, dtype)}, {"shape": shape}, error)


NORMAL_NUMBERS = [
    normal_numbers("33", (33,), 5),
    normal_numbers("image", (2, 3, 5, 7), 2**63 + 9),
    normal_numbers("int64", (17,), -3, "int64"),
    normal_numbers("empty", (0, 4), 1),
    normal_numbers("scalar", (), 8),
    normal_numbers("several-items", (3, 8191), 77),
]

POINTWISE += [*RESIZING, *PADDING, *NORMAL_NUMBERS]
