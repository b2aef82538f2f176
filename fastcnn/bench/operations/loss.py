"""What works along rows of scores: softmax, sums, ranking and losses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

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
from fastcnn.bench.operations.plain import Plain, exactly

__all__ = ["OPERATIONS"]

Rng = np.random.Generator
X = {"x": Setting(parsing.shape)}
LOGITS = "x=4096x1000"
#: exp, log, the division and what is around them.
AROUND = 24
#: FLOPs of an exponential in float32: six multiply-adds, fewer than which we know no way. Two split
#: its argument into a step of a table and a rest, three make the polynomial of the rest, one joins.
EXPONENTIAL = 12


def _x(case: Case, rng: Rng) -> Arrays:
    return {"x": normal(rng, case["x"])}


def softmax(x: Array) -> Array:
    y: Array = x - x.max(axis=-1, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis=-1, keepdims=True)
    return y


def log_softmax(x: Array) -> Array:
    y: Array = x - x.max(axis=-1, keepdims=True)
    y -= np.log(np.exp(y).sum(axis=-1, keepdims=True))
    return y


def _softmax_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    # The rounding of x - max becomes a relative error, at most of the row's whole width.
    width = float(np.ptp(arrays["x"]))
    return [roundings(case["x"][-1] + width + AROUND, exact[0])]


def _softmax_derivative(case: Case, x: Array, y: Array, dy: Array) -> Array:
    product = y * dy
    product -= y * product.sum(axis=-1, keepdims=True)
    return product


def _log_softmax_derivative(case: Case, x: Array, y: Array, dy: Array) -> Array:
    dx = np.exp(y)
    dx *= -dy.sum(axis=-1, keepdims=True)
    dx += dy
    return dx


def _row_sums(terms: Callable[[Arrays], Array], own: Callable[[Arrays], Array]) -> Any:
    """Of gradients ``own - something * sum(terms)`` along the last axis."""

    def rule(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
        count = case["x"][-1] + AROUND
        sums = np.abs(terms(arrays)).sum(axis=-1, keepdims=True)
        scale = np.abs(arrays["y"]) if case.op == "softmax" else np.exp(arrays["y"])
        return [roundings(count, scale * sums + np.abs(own(arrays)))]

    return rule


def _log_softmax_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    return [roundings(4, exact[0]) + roundings(case["x"][-1] + AROUND, np.ones(()))]


def sparsemax(x: Array) -> Array:
    y: Array = x - x.max(axis=-1, keepdims=True)
    falling = -np.sort(-y, axis=-1)
    sums = falling.cumsum(axis=-1)
    sums -= 1
    count = (np.arange(1, x.shape[-1] + 1, dtype=x.dtype) * falling > sums).sum(axis=-1)[:, None]
    y -= np.take_along_axis(sums, count - 1, axis=-1) / count.astype(x.dtype)
    return np.maximum(y, 0, out=y)


def _sparsemax_derivative(case: Case, x: Array, y: Array, dy: Array) -> Array:
    above = y > 0
    dx: Array = above * dy
    dx -= above * (dx.sum(axis=-1, keepdims=True) / above.sum(axis=-1, keepdims=True))
    return dx


def _sparsemax_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    # NumPy sums all of a row in float32, along which differences from the largest grow.
    width = float(np.ptp(arrays["x"]))
    return [roundings(case["x"][-1] * (1 + width) + AROUND, np.ones(()))]


def _axis(case: Case) -> dict[str, Any]:
    last = case["axis"] == "last"
    return {"axis": -1 if last else tuple(range(len(case["x"]) - 1))}


def _total(x: Array, *, axis: int | Sequence[int]) -> Array:
    """Leading axes are one axis, which BLAS sums fastest."""
    if axis == -1:
        return np.asarray(x.sum(axis=-1))
    rows = x.reshape(-1, x.shape[-1])
    return np.asarray(np.ones(len(rows), x.dtype) @ rows)


def _mean(x: Array, *, axis: int | Sequence[int]) -> Array:
    y = _total(x, axis=axis)
    y *= np.float32(y.size / x.size)
    return y


def _sum_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    sizes = _total(np.abs(arrays["x"]), **_axis(case))
    count = arrays["x"].size / exact[0].size
    return [roundings(count + 1, sizes / (count if case.op == "mean" else 1))]


def _scores(truth: str) -> Callable[[Case, Rng], Arrays]:
    """Truth, then logits."""

    def draw(case: Case, rng: Rng) -> Arrays:
        shape = case["x"]
        scores = normal(rng, shape)
        labels = rng.integers(0, shape[-1], shape[0])
        if truth == "labels":
            return {"y_true": labels, "x": scores}
        if truth == "bits":
            return {"y_true": rng.integers(0, 2, shape).astype(np.float32), "x": scores}
        return {"y_true": np.eye(shape[-1], dtype=np.float32)[labels], "x": scores}

    return draw


def _mean_squared_error(y_true: Array, y_pred: Array) -> Array:
    difference = y_pred - y_true
    squares = np.einsum("ij,ij->i", difference, difference)
    return np.asarray(squares / y_pred.dtype.type(y_true.shape[-1]))


def _categorical(y_true: Array, y_pred: Array, *, from_logits: bool) -> Array:
    return np.asarray(-np.einsum("ij,ij->i", y_true, log_softmax(y_pred)))


def _sparse(y_true: Array, y_pred: Array, *, from_logits: bool) -> Array:
    picked = y_pred[np.arange(len(y_true)), y_true]
    largest = y_pred.max(axis=-1)
    powers = y_pred - largest[:, None]
    np.exp(powers, out=powers)
    return np.asarray(np.log(powers.sum(axis=-1)) + largest - picked)


def _sparse_derivative(case: Case, y_true: Array, x: Array, dy: Array) -> Array:
    dx: Array = softmax(x)
    dx[np.arange(len(y_true)), y_true] -= 1
    dx *= dy[:, None]
    return dx


def _categorical_derivative(case: Case, y_true: Array, x: Array, dy: Array) -> Array:
    dx: Array = softmax(x)
    # Rows of truth sum to 1.
    dx -= y_true
    dx *= dy[:, None]
    return dx


def _crossentropy_derivative_error(
    case: Case, arrays: Arrays, exact: Sequence[Array]
) -> Sequence[Any]:
    dy = np.abs(arrays["dy"])[:, None]
    return [roundings(2 * (case["x"][-1] + AROUND), np.abs(exact[0]) + dy)]


def _binary(y_true: Array, y_pred: Array, *, from_logits: bool) -> Array:
    losses = np.abs(y_pred)
    np.negative(losses, out=losses)
    np.exp(losses, out=losses)
    np.log1p(losses, out=losses)
    losses += np.maximum(y_pred, y_pred.dtype.type(0))
    losses -= y_pred * y_true
    return np.asarray(losses.mean(axis=-1))


def _loss_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    largest = np.max(np.abs(arrays["x"]), axis=-1)
    return [roundings(case["x"][-1] + AROUND, np.abs(exact[0]) + 2 * largest**2 + 1)]


def _in_top_k(y_true: Array, y_pred: Array, k: int) -> Array:
    above = y_pred > y_pred[np.arange(len(y_true)), y_true][:, None]
    return np.asarray(np.count_nonzero(above, axis=-1) < k, np.float32)


def _pairs(case: Case, rng: Rng) -> Arrays:
    # Of ones, as in a confusion matrix: sums do not round.
    numbers = [rng.integers(0, size, case["pairs"]) for size in case["size"]]
    return {
        "rows": numbers[0],
        "columns": numbers[1],
        "weights": np.ones(case["pairs"], np.float32),
    }


def _weighted_histogram_2d(
    rows: Array, columns: Array, weights: Array, size: tuple[int, int]
) -> Array:
    table = np.bincount(rows * size[1] + columns, weights, size[0] * size[1])
    return table.reshape(size).astype(np.float32)


def _from_logits(case: Case) -> dict[str, Any]:
    return {"from_logits": True}


AXIS = {**X, "axis": Setting(parsing.choice("last", "others"), "last")}

OPERATIONS: list[Operation] = [
    Plain("softmax", X, LOGITS, _x, _softmax_error, formulation=softmax,
          derivative=_softmax_derivative,
          derivative_error=_row_sums(lambda a: a["y"] * a["dy"], lambda a: a["y"] * a["dy"]),
          # Largest, difference, sum and scale; then product, sum, difference and product.
          flops_each=(EXPONENTIAL + 4, 4),
          saves=("y",), uncounted=("x",), batched=True),
    Plain("log_softmax", X, LOGITS, _x, _log_softmax_error, formulation=log_softmax,
          derivative=_log_softmax_derivative,
          derivative_error=_row_sums(lambda a: a["dy"], lambda a: a["dy"]),
          flops_each=(EXPONENTIAL + 4, EXPONENTIAL + 3),
          saves=("y",), uncounted=("x",), batched=True),
    Plain("sparsemax", X, LOGITS, _x, _sparsemax_error, formulation=sparsemax,
          derivative=_sparsemax_derivative,
          derivative_error=lambda case, arrays, exact: [
              roundings(case["x"][-1] + AROUND, np.max(np.abs(arrays["dy"]), initial=0) + 0 * y)
              for y in exact
          ],
          saves=("y",), uncounted=("x",), batched=True),
    Plain("argmax", X, LOGITS, _x, exactly, formulation=lambda x: np.argmax(x, axis=-1),
          batched=True),
    Plain("sum", AXIS, "x=32x56x56x64 axis=others", _x, _sum_error, _axis, _total, batched=True),
    Plain("mean", AXIS, "x=32x56x56x64 axis=others", _x, _sum_error, _axis, _mean, batched=True),
    Plain("mean_squared_error", X, LOGITS, _scores("bits"), _loss_error,
          formulation=_mean_squared_error, batched=True),
    Plain("categorical_crossentropy", X, LOGITS, _scores("rows"), _loss_error, _from_logits,
          _categorical, derivative=_categorical_derivative,
          derivative_error=_crossentropy_derivative_error,
          flops_each=(EXPONENTIAL + 6, EXPONENTIAL + 6),
          batched=True),
    Plain("sparse_categorical_crossentropy", X, LOGITS, _scores("labels"), _loss_error,
          _from_logits, _sparse, derivative=_sparse_derivative,
          derivative_error=_crossentropy_derivative_error,
          # Backward scales, too: it makes the probabilities of the logits again.
          flops_each=(EXPONENTIAL + 3, EXPONENTIAL + 4),
          batched=True),
    Plain("binary_crossentropy", X, LOGITS, _scores("bits"), _loss_error, _from_logits,
          _binary, batched=True),
    Plain("in_top_k", {**X, "k": Setting(parsing.number, 5)}, LOGITS, _scores("labels"),
          exactly, lambda case: {"k": case["k"]}, _in_top_k, batched=True),
    Plain("weighted_histogram_2d",
          {"pairs": Setting(parsing.number), "size": Setting(parsing.shape)},
          "pairs=1048576 size=21x21", _pairs, attributes=lambda case: {"size": case["size"]},
          formulation=_weighted_histogram_2d),
]  # fmt: skip
