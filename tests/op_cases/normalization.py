"""Rows of batch normalisation and dropout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from op_cases.bounds import (
    ELEMENTARY,
    batch_normalization_error,
    batch_statistics_error,
    scaled,
    smooth,
    ulps,
)
from op_cases.case import (
    CHANNELS,
    INF,
    NAN,
    Case,
    Maker,
    array,
    arrays,
    normal,
    uniform,
)


def batch_normalization(
    id: str, shape: tuple[int, ...], *, offset: float = 0.0, **attributes: Any
) -> Case:
    channels = shape[-1]

    def conditioning(inputs: Mapping[str, Any]) -> float:
        i = {k: abs(np.asarray(v, np.float64)) for k, v in inputs.items()}
        scale = 1 / np.sqrt(i["variance"] + attributes.get("epsilon", 1e-3))
        largest = (np.max(i["x"], initial=0) + np.max(i["mean"], initial=0)) * scale
        return float(1 + np.max(largest, initial=0) * (1 + np.max(scale**2, initial=0)))

    inputs = {
        "x": normal(*shape, offset=offset),
        "gamma": uniform(0.5, 2, channels),
        "beta": normal(channels),
        "mean": normal(channels, offset=offset),
        "variance": uniform(0.5, 2, channels),
    }
    return Case(
        "batch_normalization",
        id,
        inputs,
        attributes,
        batch_normalization_error,
        smooth(int(np.prod(shape[:-1])) + 4 * ELEMENTARY, conditioning),
        tuple(inputs),
    )


def batch_statistics(
    id: str,
    shape: tuple[int, ...],
    *,
    offset: float = 0.0,
    differentiable: bool = True,
    **attributes: Any,
) -> Case:
    channels = shape[-1]

    def conditioning(inputs: Mapping[str, Any]) -> float:
        x = np.asarray(inputs["x"], np.float64)
        axes = tuple(range(x.ndim - 1))
        scale = 1 / np.sqrt(x.var(axis=axes) + attributes.get("epsilon", 1e-3))
        largest = abs(x).max(axis=axes) * scale
        # (x - mean) * scale enters squared, and gamma * scale multiplies the whole.
        return float(np.max((1 + largest) * (1 + abs(inputs["gamma"]) * scale), initial=1))

    return Case(
        "batch_normalization_training",
        id,
        {
            "x": normal(*shape, offset=offset),
            "gamma": uniform(0.5, 2, channels),
            "beta": normal(channels),
        },
        attributes,
        batch_statistics_error,
        smooth(2 * (int(np.prod(shape[:-1])) + 4 * ELEMENTARY), conditioning),
        ("x", "gamma", "beta") * differentiable,
    )


NORMALIZATION = [
    batch_normalization("images", (2, 3, 4, 5)),
    batch_normalization("features", (6, 4)),
    batch_normalization("rank-1", (5,)),
    batch_normalization("one-pixel", (1, 1, 1, 3)),
    batch_normalization("epsilon", (4, 3), epsilon=0.5),
    batch_normalization("offset", (4, 3), offset=100.0),
    batch_normalization("empty-batch", (0, 3, 3, 4)),
    batch_normalization("no-channels", (2, 3, 0)),
    *(batch_normalization(f"channels-{n}", (3, n)) for n in CHANNELS),
    batch_normalization("large", (4, 8, 3, 2)),
    batch_statistics("images", (2, 3, 4, 3)),
    batch_statistics("features", (6, 4)),
    batch_statistics("epsilon", (6, 3), epsilon=0.5),
    batch_statistics("one-value", (1, 3)),
    batch_statistics("offset", (40, 3), offset=100.0),
    batch_statistics("far-offset", (40, 17), offset=1000.0, differentiable=False),
    batch_statistics("far-offset-blocks", (600, 17), offset=1000.0, differentiable=False),
    batch_statistics("no-channels", (2, 3, 0)),
    *(batch_statistics(f"channels-{n}", (3, n)) for n in CHANNELS),
    batch_statistics("large", (8, 20, 20, 20), differentiable=False),
    Case(
        "batch_normalization_training",
        "empty-batch",
        {"x": normal(0, 4, 4, 3), "gamma": normal(3), "beta": normal(3)},
        {},
        batch_statistics_error,
    ),
]  # fmt: skip


def dropout(id: str, x: Maker, rate: float, seed: int, dtype: str = "uint64") -> Case:
    return Case(
        "dropout",
        id,
        {"x": x, "seed": array(seed, dtype)},
        {"rate": rate},
        ulps(2),
        scaled(1 / (1 - rate)),
        ("x",),
    )


def fold_seed(id: str, seed: int, dtype: str, *numbers: int) -> Case:
    return Case(
        "fold_seed",
        id,
        {"seed": array(seed, dtype), "numbers": arrays(*(array(n, "int64") for n in numbers))},
    )


RANDOM = [
    dropout("half", normal(3, 5), 0.5, 1),
    dropout("quarter", normal(4, 9), 0.25, 12345),
    dropout("third", normal(4, 9), 1 / 3, 7),
    dropout("nearly-all", normal(50), 0.99, 3),
    dropout("none", normal(3, 5), 0.0, 9),
    dropout("scalar", normal(), 0.5, 0),
    dropout("empty", normal(0, 4), 0.5, 0),
    dropout("seed-zero", normal(9), 0.5, 0),
    dropout("seed-high-bits", normal(33), 0.5, 5 << 32),
    dropout("seed-largest", normal(33), 0.5, 2**64 - 1),
    dropout("seed-int64", normal(33), 0.5, 17, "int64"),
    dropout("seed-negative", normal(33), 0.5, -17, "int64"),
    *(dropout(f"size-{n}", normal(n), 0.5, n) for n in CHANNELS),
    dropout("large", normal(3, 33, 33, 16), 0.4, 2**40 + 3),
    fold_seed("one", 0, "int64", 0),
    # Seeds are no larger in real networks: what is measured is the price of a call.
    fold_seed("several", 12345, "int64", 1, 2**40, 3),
    fold_seed("uint64", 2**64 - 1, "uint64", 7),
    fold_seed("negative", -5, "int64", -1, -(2**63)),
    Case("dropout", "special", {"x": array([NAN, INF, -INF, 1.0] * 4), "seed": array(5, "uint64")},
         {"rate": 0.5}, ulps(2)),
]  # fmt: skip
