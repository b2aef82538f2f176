"""Pooling of images with any number of axes, of whole images and of cells: forward."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from fastcnn import reference
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
from fastcnn.reference.window import pad_amounts, per_axis, window_count

__all__ = ["OPERATIONS"]

X = {"x": Setting(parsing.shape)}
WINDOW = {
    **X,
    "size": Setting(parsing.axes),
    "stride": Setting(parsing.axes, None),
    "padding": Setting(parsing.padding, "valid"),
}
CELLS = {**X, "output": Setting(parsing.axes)}


def _x(case: Case, rng: np.random.Generator) -> Arrays:
    return {"x": normal(rng, case["x"])}


def _window(case: Case) -> dict[str, Any]:
    strides = case["stride"] or case["size"]
    return {"size": case["size"], "strides": strides, "padding": case["padding"]}


def _cells(case: Case) -> dict[str, Any]:
    return {"output_size": case["output"]}


def _taps(x: Array, size: Any, strides: Any, padding: Any, fill: float) -> Iterator[Array]:
    """For each place in a window the pixels that stand there."""
    rank = x.ndim - 2
    size, strides = per_axis(size, rank), per_axis(strides, rank)
    edges = pad_amounts(padding, x.shape[1:-1], size, strides)
    if any(map(any, edges)):
        x = np.pad(x, [(0, 0), *edges, (0, 0)], constant_values=fill)
    counts = list(map(window_count, x.shape[1:-1], size, strides))
    for tap in itertools.product(*map(range, size)):
        places = (
            slice(i, i + count * step, step)
            for i, count, step in zip(tap, counts, strides, strict=True)
        )
        yield x[(slice(None), *places)][(slice(None), *map(slice, counts))]


def _max(x: Array, size: Any, *, strides: Any, padding: Any) -> Array:
    pixels = _taps(x, size, strides, padding, -np.inf)
    y = next(pixels).copy()
    for here in pixels:
        np.maximum(y, here, out=y)
    return y


def _average(x: Array, size: Any, *, strides: Any, padding: Any) -> Array:
    pixels = _taps(x, size, strides, padding, 0)
    y = next(pixels).copy()
    for here in pixels:
        y += here
    inside = np.ones((1, *x.shape[1:-1], 1), x.dtype)
    covered: Any = sum(_taps(inside, size, strides, padding, 0))
    y /= covered
    return y


def _axes(x: Array) -> tuple[int, ...]:
    return tuple(range(1, x.ndim - 1))


def _in_cells(joined: Callable[..., Array], x: Array, output_size: Any) -> Array:
    for axis, cells in enumerate(per_axis(output_size, x.ndim - 2), 1):
        n = x.shape[axis]
        parts = [
            joined(x.take(range(i * n // cells, -(-(i + 1) * n // cells)), axis), axis=axis)
            for i in range(cells)
        ]
        x = np.stack(parts, axis=axis)
    return x


def _average_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    taps = math.prod(per_axis(case["size"], len(case["x"]) - 2))
    return [roundings(taps + 3, reference.average_pool(np.abs(arrays["x"]), **_window(case)))]


def _global_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    x = arrays["x"]
    return [roundings(math.prod(x.shape[1:-1]) + 3, np.abs(x).mean(axis=_axes(x)))]


def _cells_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    sizes = reference.adaptive_average_pool(np.abs(arrays["x"]), **_cells(case))
    extent = case["x"][1:-1]
    cells = per_axis(case["output"], len(extent))
    largest = math.prod(n // m + 2 for n, m in zip(extent, cells, strict=True))
    return [roundings(largest + 3, sizes)]


class _Pool(Plain):
    """A row whose image has one to three axes that the window fits."""

    def check(self, case: Case) -> None:
        shape = case["x"]
        if not 3 <= len(shape) <= 5:
            raise ValueError("x must be BATCHx(1 to 3 axes)xCHANNELS, as in x=8x16x56x56x64")
        rank = len(shape) - 2
        for name in ("size", "stride", "output"):
            value = case.values.get(name)
            if isinstance(value, tuple) and len(value) != rank:
                raise ValueError(f"{name} must be one number or {rank}, as x has {rank} axes")
        if "size" not in case.values:
            return
        size = per_axis(case["size"], rank)
        edges = pad_amounts(case["padding"], shape[1:-1], size, per_axis(case["stride"] or 1, rank))
        for pixels, edge, reach in zip(shape[1:-1], edges, size, strict=True):
            if pixels + sum(edge) < reach:
                raise ValueError(
                    f"a window of {reach} pixels does not fit in {pixels}; "
                    "make x larger, or add padding=same"
                )


OPERATIONS: list[Operation] = [
    _Pool("max_pool", WINDOW, "x=4x16x56x56x64 size=2", _x, exactly, _window, _max, batched=True),
    _Pool("average_pool", WINDOW, "x=4x16x56x56x64 size=2", _x, _average_error, _window, _average,
          batched=True),
    _Pool("global_max_pool", X, "x=32x7x7x2048", _x, exactly,
          formulation=lambda x: x.max(axis=_axes(x)), batched=True),
    _Pool("global_average_pool", X, "x=32x500x256", _x, _global_error,
          formulation=lambda x: x.mean(axis=_axes(x)), batched=True),
    _Pool("adaptive_max_pool", CELLS, "x=32x13x13x256 output=6", _x, exactly, _cells,
          partial(_in_cells, np.max), batched=True),
    _Pool("adaptive_average_pool", CELLS, "x=32x13x13x256 output=6", _x, _cells_error, _cells,
          partial(_in_cells, np.mean), batched=True),
]  # fmt: skip
