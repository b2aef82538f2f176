"""Activations that are formulas, resizing, padding and normal numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import ops, reference
from fastcnn.bench.operations import parsing
from fastcnn.bench.operations.operation import (
    Array,
    Arrays,
    Case,
    Operation,
    Setting,
    normal,
    roundings,
)
from fastcnn.bench.operations.plain import Plain

__all__ = ["OPERATIONS"]

Rng = np.random.Generator
IMAGES = "x=32x56x56x64"
X = {"x": Setting(parsing.shape)}


def _sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def _gelu(x: Array) -> Array:
    return np.asarray(0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x))))


def _glu(x: Array) -> Array:
    first, second = np.split(x, 2, axis=-1)
    return np.asarray(first * _sigmoid(second))


#: Name, NumPy's formulation, and other arguments.
ROWS: list[tuple[str, Callable[[Array], Any], dict[str, Any]]] = [
    ("celu", lambda x: np.maximum(x, 0) + np.expm1(np.minimum(x, 0)), {}),
    ("elu", lambda x: np.maximum(x, 0) + np.expm1(np.minimum(x, 0)), {}),
    ("gelu", _gelu, {}),
    ("glu", _glu, {}),
    ("hard_shrink", lambda x: x * (np.abs(x) > 0.5), {}),
    ("hard_sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1), {}),
    ("hard_silu", lambda x: x * np.clip(x / 6 + 0.5, 0, 1), {}),
    ("hard_tanh", lambda x: np.clip(x, -1, 1), {}),
    ("leaky_relu", lambda x: np.maximum(x, x * x.dtype.type(0.2)), {}),
    ("log_sigmoid", lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))), {}),
    ("mish", lambda x: x * np.tanh(np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))), {}),
    ("relu6", lambda x: np.clip(x, 0, 6), {}),
    ("selu", lambda x: 1.05070098 * np.maximum(x, 0) + 1.75809934 * np.expm1(np.minimum(x, 0)), {}),
    ("silu", lambda x: x * _sigmoid(x), {}),
    ("soft_shrink", lambda x: np.maximum(x - 0.5, 0) + np.minimum(x + 0.5, 0), {}),
    ("softplus", lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), {}),
    ("softsign", lambda x: x / (1 + np.abs(x)), {}),
    ("sparse_plus", lambda x: np.square(np.clip(x, -1, 1) + 1) / 4 + np.maximum(x - 1, 0), {}),
    ("sparse_sigmoid", lambda x: (np.clip(x, -1, 1) + 1) / 2, {}),
    ("squareplus", lambda x: (x + np.sqrt(x * x + 4)) / 2, {}),
    ("tanh_shrink", lambda x: x - np.tanh(x), {}),
    ("threshold", lambda x: np.where(x > 0.5, x, x.dtype.type(-2)),
     {"threshold": 0.5, "default_value": -2.0}),
]  # fmt: skip


def _error(case: Case, arrays: Arrays, exact: Any) -> list[Any]:
    """Of formulas whose parts are as large as x, or 1."""
    largest = np.max(np.abs(arrays["x"]), initial=1)
    return [roundings(32, 1 + largest + np.abs(y)) for y in exact]


def _row(name: str, formulation: Any, settings: dict[str, Any]) -> Plain:
    return Plain(
        name, X, IMAGES, lambda case, rng: {"x": normal(rng, case["x"])}, _error,
        attributes=lambda case: settings,
        formulation=lambda x, **rest: formulation(x),
        batched=True,
    )  # fmt: skip


def _resize_error(case: Case, arrays: Arrays, exact: Any) -> list[Any]:
    return [roundings(64, np.max(np.abs(arrays["x"]), initial=0) + 0 * y) for y in exact]


def _numpy_resize(x: Array) -> Array:
    """Half the height and width: bilinear weights of a half, two rows and columns each."""
    n, h, w, c = x.shape
    rows = x.reshape(n, h // 2, 2, w, c)
    y = (rows[:, :, 0] + rows[:, :, 1]).reshape(n, h // 2, w // 2, 2, c)
    return np.asarray((y[..., 0, :] + y[..., 1, :]) * x.dtype.type(0.25))


def _half(x: Any, function: Callable[..., Any]) -> Any:
    return function(x, (x.shape[1] // 2, x.shape[2] // 2))


OPERATIONS: list[Operation] = [
    *(_row(*row) for row in ROWS),
    Plain("resize", X, "x=32x224x224x3", lambda case, rng: {"x": normal(rng, case["x"])},
          _resize_error, formulation=_numpy_resize, batched=True,
          build=lambda x: _half(x, ops.resize), in_float64=lambda x: _half(x, reference.resize)),
    Plain("pad", X, IMAGES, lambda case, rng: {"x": normal(rng, case["x"])},
          attributes=lambda case: {"pad_width": ((0, 0), (1, 1), (1, 1), (0, 0))},
          formulation=lambda x, pad_width: np.pad(x, pad_width), batched=True),
    Plain("random_normal", {"shape": Setting(parsing.shape)}, "shape=32x56x56x64",
          lambda case, rng: {"seed": np.array(1, np.uint64)},
          lambda case, arrays, exact: [1e-6 * (1 + np.abs(y)) for y in exact],
          attributes=lambda case: {"shape": case["shape"]},
          build=lambda seed, shape: ops.random_normal(shape, seed),
          in_float64=lambda seed, shape: reference.random_normal(shape, seed)),
]  # fmt: skip
