"""Normalisation of each example, of rows or of groups of channels, and backward."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from fastcnn.graph.tensor import Tensor

__all__ = ["OPERATIONS"]

EPSILON = 1e-3


def _draw(case: Case, rng: np.random.Generator) -> Arrays:
    channels = case["x"][-1:]
    return {
        "x": normal(rng, case["x"]),
        "gamma": rng.uniform(0.5, 2, channels).astype(np.float32),
        "beta": normal(rng, channels),
    }


def _split(x: Array, groups: int | None) -> Array:
    """What is normalised together lies along axes 1 and 3. Without groups that is a row."""
    channels = x.shape[-1]
    if groups is None:
        return x.reshape(-1, 1, 1, channels)
    return x.reshape(len(x), -1, groups, channels // groups)


def _means(split: Array) -> Array:
    share = split.dtype.type(1 / (split.shape[1] * split.shape[3]))
    return np.asarray(split.sum(axis=(1, 3)) * share)


def _wide(statistic: Array) -> Array:
    """It broadcasts with what ``_split`` gives."""
    return statistic[:, None, :, None]


def _attributes(case: Case) -> dict[str, Any]:
    groups = {"groups": case["groups"]} if "groups" in case.values else {}
    return {**groups, "epsilon": EPSILON}


def _forward(
    x: Array, gamma: Array, beta: Array, *, epsilon: float, groups: int | None = None
) -> list[Array]:
    split = _split(x, groups)
    mean = _means(split)
    y = split - _wide(mean)
    variance = np.einsum("nsgc,nsgc->ng", y, y) / x.dtype.type(y.shape[1] * y.shape[3])
    y *= _wide(1 / np.sqrt(variance + x.dtype.type(epsilon)))
    y = y.reshape(x.shape)
    y *= gamma
    y += beta
    return [y, mean, variance]


def _derivative(
    case: Case, x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, dy: Array
) -> list[Array]:
    groups = case.values.get("groups")
    inverse = _wide(1 / np.sqrt(variance + x.dtype.type(EPSILON)))
    position = _split(x, groups) - _wide(mean)
    position *= inverse
    rows, gradients = position.reshape(-1, x.shape[-1]), dy.reshape(-1, x.shape[-1])
    dgamma = np.einsum("ij,ij->j", gradients, rows)
    dbeta = np.ones(len(rows), x.dtype) @ gradients
    dx = _split(dy * gamma, groups)
    weighted = np.einsum("nsgc,nsgc->ng", dx, position)
    position *= _wide(weighted / x.dtype.type(dx.shape[1] * dx.shape[3]))
    position += _wide(_means(dx))
    dx -= position
    dx *= inverse
    return [dx.reshape(x.shape), dgamma, dbeta]


def _error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    """The mean is off by ``count`` roundings of the mean size, and the rest by what follows."""
    x = np.abs(_split(arrays["x"], case.values.get("groups")))
    count = x.shape[1] * x.shape[3]
    mean_error = roundings(count + 4, _means(x))
    variance_error = roundings(count + 4, exact[2]) + mean_error**2
    deviation = np.sqrt(exact[2] + EPSILON)
    widths = x / _wide(deviation)
    positions = roundings(16, widths) + _wide(mean_error / deviation)
    positions += widths * _wide(variance_error / deviation**2)
    y_error = positions.reshape(case["x"]) * np.abs(arrays["gamma"])
    return [y_error + roundings(16, arrays["beta"]), mean_error, variance_error]


def _derivative_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    """Of an element the means are two terms, but each carries the error of all their numbers."""
    groups = case.values.get("groups")
    x = np.abs(_split(arrays["x"], groups))
    count = x.shape[1] * x.shape[3]
    deviation = _wide(np.sqrt(arrays["variance"] + EPSILON))
    positions = (x + np.abs(_wide(arrays["mean"]))) / deviation
    gradients = np.abs(arrays["dy"])
    scaled = _split(gradients * np.abs(arrays["gamma"]), groups)
    shared = _wide(_means(scaled)) + positions * _wide(_means(scaled * positions))
    dx = (roundings(16, scaled + shared) + roundings(count + 16, shared)) / deviation
    rows = positions.reshape(-1, case["x"][-1])
    gradients = gradients.reshape(rows.shape)
    return [
        dx.reshape(case["x"]),
        roundings(len(rows) + 16, np.einsum("ij,ij->j", gradients, rows)),
        roundings(len(rows) + 4, gradients.sum(axis=0)),
    ]


class _EachExample(Plain):
    """Its statistics are results too, because backward reads what forward has kept of them."""

    def check(self, case: Case) -> None:
        groups = case.values.get("groups")
        if groups is not None and (len(case["x"]) < 2 or case["x"][-1] % groups):
            raise ValueError(f"groups={groups} must divide the channels of x {case['x']}")


def _row(name: str, settings: Mapping[str, Setting], example: str) -> Operation:
    def build(*inputs: Tensor, **attributes: Any) -> list[Tensor]:
        node = getattr(ops, name)(*inputs, **attributes).node
        specs = node.op.infer(*(tensor.spec for tensor in inputs), **node.attrs)
        return [Tensor(spec, node, index) for index, spec in enumerate(specs)]

    def in_float64(*inputs: Array, **attributes: Any) -> list[Array]:
        _, *statistics = _forward(*(x.astype(np.float64) for x in inputs), **attributes)
        return [getattr(reference, name)(*inputs, **attributes), *statistics]

    return _EachExample(
        name, settings, example, _draw, _error, _attributes, _forward, build, in_float64,
        _derivative,
        _derivative_error, ("x", "gamma", "beta"), ("", "mean", "variance"), batched=True,
    )  # fmt: skip


def _draw_rows(case: Case, rng: np.random.Generator) -> Arrays:
    drawn = _draw(case, rng)
    return {"x": drawn["x"], "gamma": drawn["gamma"]}


def _rms(x: Array, gamma: Array, *, epsilon: float) -> Array:
    share = x.dtype.type(1 / x.shape[-1])
    squares = np.einsum("...i,...i->...", x, x)[..., None] * share
    y = x * (1 / np.sqrt(squares + x.dtype.type(epsilon)))
    y *= gamma
    return np.asarray(y)


def _rms_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    return [roundings(case["x"][-1] + 16, exact[0])]


X = {"x": Setting(parsing.shape)}
OPERATIONS: list[Operation] = [
    Plain("rms_normalization", X, "x=3136x96", _draw_rows, _rms_error, _attributes, _rms,
          batched=True),
    _row("layer_normalization", X, "x=3136x96"),
    _row("group_normalization", {**X, "groups": Setting(parsing.number, 32)}, "x=8x28x28x256"),
]  # fmt: skip
