"""Arithmetic, element by element, and what moves elements around."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import ops, reference
from fastcnn.bench.operations import parsing
from fastcnn.bench.operations.operation import Array, Arrays, Case, Operation, Setting, normal
from fastcnn.bench.operations.plain import Plain, exactly, rounds
from fastcnn.ops.elementwise import arithmetic

__all__ = ["OPERATIONS"]

Rng = np.random.Generator
IMAGES = "x=32x56x56x64"
X = {"x": Setting(parsing.shape)}
AB = {"a": Setting(parsing.shape), "b": Setting(parsing.shape)}

# exp, log, tanh and sigmoid err by a few units in the last place; the libraries' own may by four.
ELEMENTARY = 16


def _x(draw: Callable[[Rng, tuple[int, ...]], Array] = normal) -> Callable[[Case, Rng], Arrays]:
    return lambda case, rng: {"x": draw(rng, case["x"])}


def _above_zero(rng: Rng, shape: tuple[int, ...]) -> Array:
    return rng.uniform(0.5, 9, shape).astype(np.float32)


def _bytes(rng: Rng, shape: tuple[int, ...]) -> Array:
    return rng.integers(0, 256, shape, np.uint8)


def _ab(case: Case, rng: Rng) -> Arrays:
    a, b = normal(rng, case["a"]), normal(rng, case["b"])
    # Not near 0, for division.
    return {"a": a, "b": np.asarray(b + np.copysign(np.float32(0.5), b))}


def _sigmoid(x: Array) -> Array:
    y = np.negative(x)
    np.exp(y, out=y)
    y += 1
    return np.reciprocal(y, out=y)


# Name: NumPy's, rounding errors of the result, draw, gradient, and whether that is one of
# (dy, y), what forward has made, or of (dy, x). Functions without a row are measured forward only.
UNARY: list[tuple[str, Any, float, Callable[[Rng, tuple[int, ...]], Array], Any, bool]] = [
    ("relu", lambda x: np.maximum(x, np.float32(0)), 0, normal, lambda dy, y: dy * (y > 0), True),
    ("sigmoid", _sigmoid, ELEMENTARY, normal, lambda dy, y: dy * y * (1 - y), True),
    ("tanh", np.tanh, ELEMENTARY, normal, lambda dy, y: dy * (1 - y * y), True),
    ("exp", np.exp, ELEMENTARY, normal, lambda dy, y: dy * y, True),
    ("log", np.log, ELEMENTARY, _above_zero, lambda dy, x: dy / x, False),
    ("sqrt", np.sqrt, 2, _above_zero, lambda dy, y: dy / (2 * y), True),
    ("rsqrt", lambda x: 1 / np.sqrt(x), 3, _above_zero, lambda dy, x: -0.5 * dy * x**-1.5, False),
    ("square", np.square, 1, normal, lambda dy, x: 2 * dy * x, False),
    ("negative", np.negative, 0, normal, lambda dy, x: -dy, False),
    ("absolute", np.absolute, 0, normal, lambda dy, x: dy * np.sign(x), False),
]

BINARY: list[tuple[str, Any]] = [
    ("add", np.add),
    ("subtract", np.subtract),
    ("multiply", np.multiply),
    ("divide", np.divide),
    ("maximum", np.maximum),
    ("minimum", np.minimum),
    ("greater", lambda a, b: np.greater(a, b).astype(np.float32)),
    ("equal", lambda a, b: np.equal(a, b).astype(np.float32)),
]


def _of_one(case: Case, arrays: Arrays, exact: Any) -> Any:
    """Some libraries approximate to a few roundings of 1, not of the result."""
    return rounds(ELEMENTARY)(case, arrays, [np.ones(())])


def _unary(
    name: str, formulation: Any, terms: float, draw: Any, derivative: Any, of_result: bool
) -> Plain:
    def backward(case: Case, x: Array, dy: Array, y: Array | None = None) -> Array:
        return np.asarray(derivative(dy, y if of_result else x))

    def error(case: Case, arrays: Arrays, exact: Any) -> Any:
        # 1 - y * y and the like may cancel, so their error is relative to dy, too.
        return rounds(4)(case, arrays, [np.abs(arrays["dy"]) + np.abs(exact[0])])

    return Plain(
        name,
        X,
        IMAGES,
        _x(draw),
        _of_one if name in ("sigmoid", "tanh") else rounds(terms) if terms else exactly,
        formulation=formulation,
        derivative=backward,
        derivative_error=error,
        saves=("y",) if of_result else (),
        uncounted=("x",) if of_result or name == "negative" else (),
        batched=True,
    )


def _functions_without_a_row() -> list[Plain]:
    """The other functions of one array: against NumPy's of the same name, if it has one.

    Numbers are normal, and without sign where a function is undefined for half of them.
    """
    with_a_row = {row[0] for row in UNARY}
    return [
        Plain(
            name,
            X,
            IMAGES,
            _x(normal if np.isfinite(getattr(reference, name)(-4.0)) else _sizes),
            rounds(ELEMENTARY),
            formulation=getattr(np, name, None),
            batched=True,
        )
        for name in sorted(set(arithmetic.__all__) & set(ops.PUBLIC) - with_a_row)
        if list(inspect.signature(ops.PUBLIC[name]).parameters) == ["x"]
    ]


def _sizes(rng: Rng, shape: tuple[int, ...]) -> Array:
    return np.abs(normal(rng, shape))


#: Functions of one array whose results have its shape.
FUNCTIONS = [*(_unary(*row) for row in UNARY), *_functions_without_a_row()]


def _choice(case: Case, rng: Rng) -> Arrays:
    condition, a, b = (normal(rng, case["x"]) for _ in range(3))
    return {"condition": (condition > 0).astype(np.float32), "a": a, "b": b}


def _add_relu(a: Array, b: Array) -> Array:
    y = a + b
    return np.asarray(np.maximum(y, y.dtype.type(0), out=y))


def _scale_shift_relu(x: Array, scale: Array, shift: Array) -> Array:
    y = x * scale
    y += shift
    return np.asarray(np.maximum(y, y.dtype.type(0), out=y))


def _channels(case: Case, rng: Rng) -> Arrays:
    count = case["x"][-1:]
    return {"x": normal(rng, case["x"]), "scale": normal(rng, count), "shift": normal(rng, count)}


CHAINS: list[Operation] = [
    Plain(
        "add_relu", AB, "a=32x56x56x64 b=32x56x56x64", _ab, rounds(1),
        formulation=_add_relu,
        build=lambda a, b: ops.relu(ops.add(a, b)),
        in_float64=lambda a, b: reference.relu(reference.add(a, b)),
    ),
    Plain(
        "scale_shift_relu", X, IMAGES, _channels,
        lambda case, arrays, exact: rounds(3)(
            case, arrays, [abs(arrays["x"] * arrays["scale"]) + abs(arrays["shift"])]
        ),
        formulation=_scale_shift_relu,
        build=lambda x, scale, shift: ops.relu(ops.add(ops.multiply(x, scale), shift)),
        in_float64=lambda x, scale, shift: _scale_shift_relu(
            x.astype(np.float64), scale.astype(np.float64), shift.astype(np.float64)
        ),
        batched=True,
    ),
]  # fmt: skip


def axes(text: str) -> tuple[int, ...]:
    """``0x3x1x2``."""
    parts = text.split("x")
    if not all(part.isdecimal() for part in parts):
        raise ValueError("numbers with x between them, such as 0x3x1x2")
    return tuple(int(part) for part in parts)


def _slice(x: Array, start: tuple[int, ...], size: tuple[int, ...]) -> Array:
    box = tuple(slice(i, i + n) for i, n in zip(start, size, strict=True))
    return x[box].copy()


def _rescale(x: Array, scale: float) -> Array:
    return np.multiply(x, np.float32(scale), dtype=np.float32)


def _one_hot(labels: Array, depth: int) -> Array:
    y = np.zeros((len(labels), depth), np.float32)
    y[np.arange(len(labels)), labels] = 1
    return y


def _attributes(*names: str) -> Callable[[Case], dict[str, Any]]:
    return lambda case: {name: case[name] for name in names}


SHAPE = Setting(parsing.shape)
MOVING: list[Operation] = [
    Plain("reshape", {**X, "shape": SHAPE}, "x=32x56x56x64 shape=32x200704", _x(),
          attributes=_attributes("shape"), formulation=lambda x, shape: x.reshape(shape).copy()),
    Plain("flatten", X, "x=32x7x7x512", _x(), formulation=lambda x: x.reshape(len(x), -1).copy(),
          batched=True),
    Plain("transpose", {**X, "axes": Setting(axes)}, "x=32x56x56x64 axes=0x3x1x2", _x(),
          attributes=_attributes("axes"),
          formulation=lambda x, axes: np.ascontiguousarray(x.transpose(axes))),
    Plain("broadcast_to", {**X, "shape": SHAPE}, "x=64 shape=32x56x56x64", _x(),
          attributes=_attributes("shape"),
          formulation=lambda x, shape: np.broadcast_to(x, shape).copy()),
    Plain("slice", {**X, "start": Setting(axes), "size": SHAPE},
          "x=32x56x56x64 start=0x4x4x0 size=32x48x48x64", _x(),
          attributes=_attributes("start", "size"), formulation=_slice),
    Plain("concatenate", AB, "a=32x56x56x64 b=32x56x56x64", _ab,
          formulation=lambda a, b: np.concatenate([a, b], axis=-1),
          build=lambda a, b: ops.concatenate([a, b], axis=-1),
          in_float64=lambda a, b: reference.concatenate([a, b], axis=-1)),
    Plain("stop_gradient", X, IMAGES, _x(), formulation=np.copy, batched=True),
    Plain("cast", X, "x=32x224x224x3", _x(_bytes), attributes=lambda case: {"dtype": "float32"},
          formulation=lambda x, dtype: x.astype(dtype), batched=True),
    Plain("rescale", X, "x=32x224x224x3", _x(_bytes), rounds(2),
          attributes=lambda case: {"scale": 1 / 255}, formulation=_rescale, batched=True),
    Plain("one_hot", {"labels": Setting(parsing.number), "depth": Setting(parsing.number)},
          "labels=4096 depth=1000",
          lambda case, rng: {"labels": rng.integers(0, case["depth"], case["labels"])},
          attributes=_attributes("depth"), formulation=_one_hot),
    Plain("dropout", X, IMAGES,
          lambda case, rng: {"x": normal(rng, case["x"]), "seed": np.array(1, np.uint64)},
          rounds(2),
          build=lambda x, seed: ops.dropout(x, 0.5, seed),
          in_float64=lambda x, seed: reference.dropout(x, 0.5, seed), batched=True),
    # Seeds are no larger in real networks: what is measured is the price of a call.
    Plain("fold_seed", {}, "",
          lambda case, rng: {name: np.array(n, np.int64)
                             for name, n in (("seed", 12345), ("step", 1000), ("layer", 3))},
          build=lambda seed, step, layer: ops.fold_seed(seed, [step, layer]),
          in_float64=lambda seed, step, layer: reference.fold_seed(seed, [step, layer])),
]  # fmt: skip

OPERATIONS: list[Operation] = [
    *FUNCTIONS,
    *(
        Plain(name, AB, "a=32x56x56x64 b=32x56x56x64", _ab, rounds(1), formulation=formulation)
        for name, formulation in BINARY
    ),
    Plain("where", X, IMAGES, _choice, batched=True,
          formulation=lambda condition, a, b: np.where(condition != 0, a, b)),
    *CHAINS,
    *MOVING,
]  # fmt: skip
