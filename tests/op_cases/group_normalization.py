"""Rows of normalisation of each example: layers, mean squares, groups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from fastcnn.testing import EPSILON, TINY
from op_cases.bounds import ELEMENTARY, smooth
from op_cases.case import CHANNELS, NAN, Case, array, normal, uniform


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
