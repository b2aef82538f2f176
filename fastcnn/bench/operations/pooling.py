"""Pooling of images, and backward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from fastcnn.reference.window import pad_amounts, pair, window_count

__all__ = ["OPERATIONS"]

Rng = np.random.Generator
X = {"x": Setting(parsing.shape)}
POOL = {
    **X,
    "size": Setting(parsing.pair),
    "stride": Setting(parsing.pair, None),
    "padding": Setting(parsing.padding, "valid"),
}


def _x(case: Case, rng: Rng) -> Arrays:
    return {"x": normal(rng, case["x"])}


def _attributes(case: Case) -> dict[str, Any]:
    strides = case["stride"] or case["size"]
    return {"size": case["size"], "strides": strides, "padding": case["padding"]}


def _edges(extent: Sequence[int], size: Any, strides: Any, padding: Any) -> Any:
    return pad_amounts(padding, (extent[0], extent[1]), pair(size), pair(strides))


def taps(x: Array, size: Any, strides: Any, padding: Any, fill: float) -> Iterator[Array]:
    """For each place in a window the pixels that stand there; views, where nothing is padded."""
    edges = _edges(x.shape[1:3], size, strides, padding)
    if any(map(any, edges)):
        x = np.pad(x, [(0, 0), *edges, (0, 0)], constant_values=fill)
    yield from places(x, size, strides)


def places(x: Array, size: Any, strides: Any) -> Iterator[Array]:
    """Those of a padded image."""
    (high, wide), (down, right) = pair(size), pair(strides)
    rows, columns = window_count(x.shape[1], high, down), window_count(x.shape[2], wide, right)
    for i in range(high):
        for j in range(wide):
            yield x[:, i::down, j::right][:, :rows, :columns]


def _max(x: Array, size: Any, *, strides: Any, padding: Any) -> Array:
    pixels = taps(x, size, strides, padding, -np.inf)
    y = next(pixels).copy()
    for here in pixels:
        np.maximum(y, here, out=y)
    return y


def _pixels_covered(shape: Sequence[int], size: Any, strides: Any, padding: Any) -> Array:
    """How many pixels inside the image each window has: ``(1, rows, columns, 1)``."""
    inside = np.ones((1, *shape[1:3], 1), np.float32)
    return np.asarray(sum(taps(inside, size, strides, padding, 0)))


def _average(x: Array, size: Any, *, strides: Any, padding: Any) -> Array:
    pixels = taps(x, size, strides, padding, 0)
    y = next(pixels).copy()
    for here in pixels:
        y += here
    y *= 1 / _pixels_covered(x.shape, size, strides, padding).astype(x.dtype)
    return y


def _with_border(case: Case, dtype: Any) -> tuple[Array, tuple[slice, ...]]:
    """Zeros to add gradients to, and where the image lies in them."""
    batch, height, width, channels = case["x"]
    settings = _attributes(case)
    vertical, horizontal = _edges((height, width), **settings)
    blank = np.zeros((batch, height + sum(vertical), width + sum(horizontal), channels), dtype)
    top, left = vertical[0], horizontal[0]
    return blank, (slice(None), slice(top, top + height), slice(left, left + width))


def _max_derivative(case: Case, x: Array, y: Array, dy: Array) -> Array:
    """To the first maximum of each window, in row-major order."""
    settings = _attributes(case)
    dx, inside = _with_border(case, x.dtype)
    free = np.ones(y.shape, bool)
    pixels = taps(x, settings["size"], settings["strides"], settings["padding"], -np.inf)
    for here, there in zip(pixels, places(dx, settings["size"], settings["strides"]), strict=True):
        hit = free & (here == y)
        there += dy * hit
        free &= ~hit
    return np.ascontiguousarray(dx[inside])


def _average_derivative(case: Case, x: Array, dy: Array) -> Array:
    settings = _attributes(case)
    dx, inside = _with_border(case, x.dtype)
    share = dy / _pixels_covered(case["x"], **settings).astype(x.dtype)
    for there in places(dx, settings["size"], settings["strides"]):
        there += share
    return np.ascontiguousarray(dx[inside])


def _overlaps(case: Case) -> int:
    size, strides = pair(case["size"]), pair(case["stride"] or case["size"])
    return (-(-size[0] // strides[0])) * (-(-size[1] // strides[1]))


def _max_derivative_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    """A pixel sums what the windows that it wins give it."""
    if _overlaps(case) == 1:
        return [0.0]
    sizes = _max_derivative(case, arrays["x"], arrays["y"], np.abs(arrays["dy"]))
    return [roundings(_overlaps(case), sizes)]


def _average_derivative_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    sizes = _average_derivative(case, arrays["x"], np.abs(arrays["dy"]))
    return [roundings(_overlaps(case) + 3, sizes)]


def _average_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    size = pair(case["size"])
    sizes = reference.average_pool2d(np.abs(arrays["x"]), **_attributes(case))
    return [roundings(size[0] * size[1] + 3, sizes)]


def _global_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    _, height, width, _ = case["x"]
    return [roundings(height * width + 3, np.abs(arrays["x"]).mean(axis=(1, 2)))]


def _global_derivative(case: Case, x: Array, dy: Array) -> Array:
    _, height, width, _ = case["x"]
    share = dy * x.dtype.type(1 / (height * width))
    return np.broadcast_to(share[:, None, None], case["x"]).copy()


def _global_derivative_error(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    return [roundings(3, exact[0])]


class _Pool(Plain):
    """A row whose image and window have to fit."""

    def check(self, case: Case) -> None:
        if len(case["x"]) != 4:
            raise ValueError("x must be BATCHxHEIGHTxWIDTHxCHANNELS, as in x=32x112x112x64")
        size, strides = pair(case.values.get("size", 1)), pair(case.values.get("stride") or 1)
        edges = _edges(case["x"][1:3], size, strides, case.values.get("padding", "valid"))
        for axis in (0, 1):
            if case["x"][1 + axis] + sum(edges[axis]) < size[axis]:
                raise ValueError(
                    f"a window of {size[axis]} pixels does not fit in {case['x'][1 + axis]}; "
                    "make x larger, or add padding=same"
                )


OPERATIONS: list[Operation] = [
    _Pool("max_pool2d", POOL, "x=32x112x112x64 size=2", _x, exactly, _attributes,
          _max, derivative=_max_derivative, derivative_error=_max_derivative_error,
          saves=("y",), uncounted=("y",), batched=True),
    _Pool("average_pool2d", POOL, "x=32x112x112x64 size=2", _x, _average_error, _attributes,
          _average, derivative=_average_derivative,
          derivative_error=_average_derivative_error, uncounted=("x",), batched=True),
    _Pool("global_average_pool2d", X, "x=32x7x7x2048", _x, _global_error,
          formulation=lambda x: x.mean(axis=(1, 2)),
          derivative=_global_derivative, derivative_error=_global_derivative_error,
          uncounted=("x",), batched=True),
]  # fmt: skip
