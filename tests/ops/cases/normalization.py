"""Normalization over a batch, and of each example: layers, mean squares, groups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastcnn.testing import EPSILON, TINY
from ops.cases.bounds import ELEMENTARY, batch_normalization_error, batch_statistics_error, smooth
from ops.cases.case import CHANNELS, NAN, Case, array, normal, uniform
from ops.cases.wrong import SCALAR, Wrong, f32, i64, number, shape


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


BATCH = [
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


def grouped(x: Any, inputs: Mapping[str, Any], groups: int | None) -> np.ndarray:
    """What is normalised together lies along axes 1 and 3."""
    x = np.asarray(x, np.float64)
    if groups is None:
        leading = x.ndim - np.ndim(inputs["gamma"])
        return x.reshape(math.prod(x.shape[:leading]), 1, 1, math.prod(x.shape[leading:]))
    return x.reshape(x.shape[0], math.prod(x.shape[1:-1]), groups, x.shape[-1] // groups)


def normalization(
    op: str,
    id: str,
    shape: tuple[int, ...],
    *,
    axes: int = 1,
    offset: float = 0.0,
    differentiable: bool = True,
    **attributes: Any,
) -> Case:
    """``axes``: how many are normalised together, where there are no groups."""
    groups = attributes.get("groups")
    weights = shape[len(shape) - axes :]
    centered = op != "rms_normalization"
    epsilon = attributes.get("epsilon", 1e-3 if centered else 1e-6)

    def statistics(inputs: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray, float]:
        """Groups of x, what each deviates by, and the error of each mean."""
        x = grouped(inputs["x"], inputs, groups)
        count = max(1, x.shape[1] * x.shape[3])
        rounding = (count + ELEMENTARY) * EPSILON

        def mean(x: np.ndarray) -> np.ndarray:
            return np.asarray(x.sum(axis=(1, 3), keepdims=True) / count)

        center = mean(x) * centered
        deviation = np.sqrt(mean(np.square(x - center)) + epsilon)
        mean_error = rounding * mean(abs(x)) * centered
        return x, deviation, mean_error

    def error(case: Case, inputs: Mapping[str, Any], exact: tuple[Any, ...]) -> tuple[Any, ...]:
        if exact[0].size == 0:
            return (TINY,)
        x, deviation, mean_error = statistics(inputs)
        count = x.shape[1] * x.shape[3]
        variance_error = (count + ELEMENTARY) * EPSILON * deviation**2 + mean_error**2
        beta = inputs["beta"] if centered else 0 * inputs["gamma"]
        positions = (
            4 * ELEMENTARY * EPSILON * abs(x) / deviation
            + mean_error / deviation
            + 2 * abs(x) / deviation * variance_error / deviation**2
        ).reshape(exact[0].shape)
        sizes = abs(exact[0]) + abs(np.asarray(beta, np.float64))
        bound = positions * abs(inputs["gamma"]) + 4 * ELEMENTARY * EPSILON * sizes
        return (np.nan_to_num(bound) + TINY,)

    def conditioning(inputs: Mapping[str, Any]) -> float:
        x, deviation, _ = statistics(inputs)
        gamma = np.max(abs(inputs["gamma"]), initial=0)
        with np.errstate(invalid="ignore"):
            largest = (1 + abs(x) / deviation) * (1 + gamma / deviation)
        return float(np.max(largest, initial=1)) ** 2

    count = math.prod(weights) if groups is None else math.prod(shape[1:]) // groups
    inputs = {"x": normal(*shape, offset=offset), "gamma": uniform(0.5, 2, *weights)}
    if centered:
        inputs["beta"] = normal(*weights)
    return Case(
        op, id, inputs, attributes, error, smooth(2 * (count + 4 * ELEMENTARY), conditioning),
        tuple(inputs) * differentiable,
    )  # fmt: skip


def layer(id: str, shape: tuple[int, ...], **how: Any) -> list[Case]:
    return [
        normalization(op, id, shape, **how) for op in ("layer_normalization", "rms_normalization")
    ]


def group(id: str, shape: tuple[int, ...], groups: int, **how: Any) -> Case:
    return normalization("group_normalization", id, shape, groups=groups, **how)


EACH_EXAMPLE = [
    *layer("features", (6, 5)),
    *layer("rank-1", (9,)),
    *layer("images", (2, 3, 4, 5)),
    *layer("several-axes", (3, 4, 5, 6), axes=3),
    *layer("all-axes", (4, 5), axes=2),
    *layer("epsilon", (4, 7), epsilon=0.5),
    *layer("offset", (5, 40), offset=100.0),
    *layer("far-offset", (5, 400), offset=1000.0, differentiable=False),
    *layer("empty-batch", (0, 5)),
    *layer("no-columns", (3, 0)),
    *(case for n in CHANNELS for case in layer(f"columns-{n}", (3, n))),
    # Rows of whole blocks and what is left of them; cut into several work items.
    *(case for rows in (1, 2, 5, 7) for case in layer(f"rows-{rows}", (rows, 24))),
    *layer("large", (700, 96), differentiable=False),
    *layer("streamed", (2100, 2000), differentiable=False),
    Case("layer_normalization", "special",
         {"x": array([[NAN, 1.0, 2.0], [3.0, 4.0, 5.0]]), "gamma": uniform(0.5, 2, 3),
          "beta": normal(3)}, {}, lambda case, inputs, exact: (1e-5,)),
    group("images", (2, 4, 5, 6), 3),
    group("one-group", (2, 4, 5, 6), 1),
    group("of-one-channel", (2, 4, 5, 6), 6),
    group("features", (5, 8), 2),
    group("volumes", (2, 3, 2, 4, 6), 2),
    group("epsilon", (2, 4, 6), 3, epsilon=0.5),
    group("offset", (2, 9, 8), 2, offset=100.0),
    group("far-offset", (3, 50, 8), 2, offset=1000.0, differentiable=False),
    group("empty-batch", (0, 4, 6), 3),
    group("no-places", (3, 0, 6), 3),
    group("no-channels", (3, 4, 0), 3),
    *(group(f"channels-{n}", (2, 3, n), 1) for n in CHANNELS),
    group("many-examples", (20, 3, 6), 3),
    group("cut", (2, 30, 30, 20), 5, differentiable=False),
    group("cut-far-offset", (2, 40, 40, 24), 4, offset=1000.0, differentiable=False),
    group("large", (20, 20, 20, 32), 8, differentiable=False),
]  # fmt: skip

CASES = [*BATCH, *EACH_EXAMPLE]

STATISTICS = {"gamma": f32(3), "beta": f32(3), "mean": f32(3), "variance": f32(3)}
ERRORS = [
    *(
        Wrong("batch_normalization", name, {"x": f32(2, 3), **STATISTICS, name: f32(4)},
              (name, number(3), shape(4)))
        for name in STATISTICS
    ),
    *(
        Wrong("batch_normalization_training", name,
              {"x": f32(2, 3), "gamma": f32(3), "beta": f32(3), name: f32(1, 3)},
              (name, number(3), shape(1, 3)))
        for name in ("gamma", "beta")
    ),
    *(
        Wrong("layer_normalization", f"{name}-{id}",
              {"x": f32(2, 3), "gamma": f32(3), "beta": f32(3), name: wrong}, (name, found))
        for name in ("gamma", "beta")
        for id, wrong, found in [("size", f32(4), shape(4)), ("rank", f32(1, 2, 3), shape(1, 2, 3))]
    ),
    Wrong("layer_normalization", "scalar", {"x": f32(), "gamma": f32(3), "beta": f32(3)},
          ("gamma", SCALAR)),
    Wrong("layer_normalization", "epsilon",
          {"x": f32(2, 3), "gamma": f32(3), "beta": f32(3), "epsilon": -1e-3},
          ("epsilon", r"-0\.001")),
    Wrong("layer_normalization", "dtype",
          {"x": i64(2, 3), "gamma": f32(3), "beta": f32(3)}, ("x", "float32", "int64"), TypeError),
    Wrong("rms_normalization", "gamma", {"x": f32(2, 3), "gamma": f32(4)}, ("gamma", shape(4))),
    Wrong("rms_normalization", "epsilon",
          {"x": f32(2, 3), "gamma": f32(3), "epsilon": float("inf")}, ("epsilon", "inf")),
    *(
        Wrong("group_normalization", name,
              {"x": f32(2, 3), "gamma": f32(3), "beta": f32(3), "groups": 3, name: f32(4)},
              (name, shape(3), shape(4)))
        for name in ("gamma", "beta")
    ),
    *(
        Wrong("group_normalization", f"groups-{groups}",
              {"x": f32(2, 6), "gamma": f32(6), "beta": f32(6), "groups": groups},
              ("groups", number(6), number(groups)))
        for groups in (4, 0, -1)
    ),
    Wrong("group_normalization", "groups-float",
          {"x": f32(2, 6), "gamma": f32(6), "beta": f32(6), "groups": 2.0},
          ("groups", r"2\.0"), TypeError),
    Wrong("group_normalization", "rank",
          {"x": f32(6), "gamma": f32(6), "beta": f32(6), "groups": 2}, (r"\bx\b", shape(6))),
    Wrong("group_normalization", "epsilon",
          {"x": f32(2, 6), "gamma": f32(6), "beta": f32(6), "groups": 2, "epsilon": float("nan")},
          ("epsilon", "nan")),
    Wrong("batch_normalization", "scalar", {"x": f32(), **STATISTICS}, (r"\bx\b", SCALAR)),
    Wrong("batch_normalization_training", "scalar",
          {"x": f32(), "gamma": f32(3), "beta": f32(3)}, (r"\bx\b", SCALAR)),
    Wrong("batch_normalization", "epsilon", {"x": f32(2, 3), **STATISTICS, "epsilon": -1e-3},
          ("epsilon", r"-0\.001")),
    Wrong("batch_normalization_training", "epsilon",
          {"x": f32(2, 3), "gamma": f32(3), "beta": f32(3), "epsilon": float("nan")},
          ("epsilon", "nan")),
]  # fmt: skip
