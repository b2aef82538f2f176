"""Batch normalisation: with given statistics, with those of the batch, and backward."""

from __future__ import annotations

from collections.abc import Sequence
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
from fastcnn.bench.operations.plain import Plain

__all__ = ["OPERATIONS"]

Rng = np.random.Generator
EPSILON = 1e-3
X = {"x": Setting(parsing.shape)}
IMAGES = "x=32x56x56x64"


def _draw(case: Case, rng: Rng) -> Arrays:
    channels = case["x"][-1:]
    return {
        "x": normal(rng, case["x"]),
        "gamma": rng.uniform(0.5, 2, channels).astype(np.float32),
        "beta": normal(rng, channels),
    }


def _draw_given(case: Case, rng: Rng) -> Arrays:
    channels = case["x"][-1:]
    return {
        **_draw(case, rng),
        "mean": normal(rng, channels),
        "variance": rng.uniform(0.5, 2, channels).astype(np.float32),
    }


def _inference(x: Array, gamma: Array, beta: Array, mean: Array, variance: Array) -> Array:
    scale = gamma / np.sqrt(variance + variance.dtype.type(EPSILON))
    y = x * scale
    y += beta - mean * scale
    return np.asarray(y)


def _training(x: Array, gamma: Array, beta: Array) -> list[Array]:
    rows = x.reshape(-1, x.shape[-1])
    count = x.dtype.type(len(rows))
    mean = np.ones(len(rows), x.dtype) @ rows / count
    y = rows - mean
    variance = np.einsum("ij,ij->j", y, y) / count
    y *= gamma / np.sqrt(variance + x.dtype.type(EPSILON))
    y += beta
    return [y.reshape(x.shape), mean, variance]


def _derivative(
    case: Case, x: Array, gamma: Array, beta: Array, mean: Array, variance: Array, dy: Array
) -> list[Array]:
    rows, gradients = x.reshape(-1, x.shape[-1]), dy.reshape(-1, x.shape[-1])
    count = x.dtype.type(len(rows))
    deviation = 1 / np.sqrt(variance + x.dtype.type(EPSILON))
    normalised = rows - mean
    normalised *= deviation
    dgamma = np.einsum("ij,ij->j", gradients, normalised)
    dbeta = np.ones(len(rows), x.dtype) @ gradients
    normalised *= -dgamma / count
    normalised += gradients
    normalised -= dbeta / count
    normalised *= gamma * deviation
    return [normalised.reshape(x.shape), dgamma, dbeta]


def _inference_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    scale = arrays["gamma"] / np.sqrt(arrays["variance"] + EPSILON)
    sizes = (np.abs(arrays["x"]) + np.abs(arrays["mean"])) * scale + np.abs(arrays["beta"])
    return [roundings(16, sizes)]


def _training_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    """The mean is off by ``count`` roundings of the mean size, and the rest by what follows."""
    x = arrays["x"].reshape(-1, arrays["x"].shape[-1])
    variance = exact[2]
    mean_error = roundings(len(x) + 4, np.abs(x).mean(axis=0))
    variance_error = roundings(len(x) + 4, variance) + mean_error**2
    deviation = np.sqrt(variance + EPSILON)
    scale = np.abs(arrays["gamma"]) / deviation
    widths = np.abs(arrays["x"]) * scale
    y_error = (
        roundings(16, widths + np.abs(arrays["beta"]))
        + scale * mean_error
        + widths * variance_error / deviation**2
    )
    return [y_error, mean_error, variance_error]


def _derivative_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    """Sums over all rows, of which each element gets its share."""
    x, dy = (arrays[name].reshape(-1, case["x"][-1]) for name in ("x", "dy"))
    deviation = 1 / np.sqrt(arrays["variance"] + EPSILON)
    normalised = (np.abs(x) + np.abs(arrays["mean"])) * deviation
    sums = np.einsum("ij,ij->j", np.abs(dy), normalised)
    plain = np.abs(dy).sum(axis=0)
    sizes = np.abs(dy) + plain / len(x) + normalised * sums / len(x)
    # Of an element the sums are two terms, but each carries the error of all its rows.
    shared = roundings(len(x) + 16, (plain + normalised * sums) / len(x))
    dx = roundings(16, sizes) + shared
    dx *= np.abs(arrays["gamma"]) * deviation
    return [
        dx.reshape(case["x"]),
        roundings(len(x) + 16, sums),
        roundings(len(x) + 4, plain),
    ]


OPERATIONS: list[Operation] = [
    Plain("batch_normalization", X, IMAGES, _draw_given, _inference_error, formulation=_inference,
          batched=True),
    Plain("batch_normalization_training", X, IMAGES, _draw, _training_error, formulation=_training,
          derivative=_derivative, derivative_error=_derivative_error, wrt=("x", "gamma", "beta"),
          saves=("", "mean", "variance"), twice=("x", "dy"), batched=True),
]  # fmt: skip
