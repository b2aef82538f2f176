"""conv of sequences and volumes, and conv_transpose: forward and both gradients."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from fastcnn import graph, ops
from fastcnn.bench.operations import parsing
from fastcnn.bench.operations.operation import (
    Answer,
    Array,
    Arrays,
    Candidate,
    Case,
    Operation,
    Setting,
    compiled,
    normal,
)
from fastcnn.graph.aligned_array import empty
from fastcnn.reference.window import pad_amounts, per_axis, transposed_extent, window_count

__all__ = ["OPERATIONS", "Places"]

SETTINGS = {
    "x": Setting(parsing.shape),
    "kernel": Setting(parsing.shape),
    "stride": Setting(parsing.axes, 1),
    "padding": Setting(parsing.padding, "valid"),
    "dilation": Setting(parsing.axes, 1),
}

#: What each direction is given; the array that it makes is the third of x, kernel and dy.
GIVEN = {
    "forward": ("x", "kernel"),
    "input_gradient": ("dy", "kernel"),
    "filter_gradient": ("x", "dy"),
}


@dataclass(frozen=True)
class Places:
    """Which pixels of a small and of a large image each tap of the filters connects.

    The small image is what a convolution makes, and what a transposed one is given.

    Attributes:
        large, small: Shapes of the images ``(batch, *extent, channels)``.
        kernel: Shape of the filters ``(*window, channels of large, channels of small)``.
        strides, dilation: An entry for each axis.
        edges: Padding of the large image, (before, after) for each axis.
    """

    large: tuple[int, ...]
    small: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    edges: tuple[tuple[int, int], ...]

    @staticmethod
    def of(case: Case) -> Places:
        """The places that a line describes.

        Raises:
            ValueError: Its shapes do not fit each other.
        """
        x, kernel = case["x"], case["kernel"]
        if not 3 <= len(x) == len(kernel) <= 5:
            raise ValueError("x and kernel must have 1 to 3 axes and two more sizes each")
        rank = len(x) - 2
        strides, dilation = (per_axis(case[name], rank) for name in ("stride", "dilation"))
        reach = [(k - 1) * gap + 1 for k, gap in zip(kernel, dilation, strict=False)]
        wanted = kernel[-2] if case.op == "conv" else kernel[-1]
        if x[-1] != wanted:
            raise ValueError(f"kernel expects {wanted} channels, x has {x[-1]}")
        if case.op == "conv":
            edges = pad_amounts(case["padding"], x[1:-1], reach, strides)
            padded = [size + sum(edge) for size, edge in zip(x[1:-1], edges, strict=True)]
            made = tuple(map(window_count, padded, reach, strides))
        else:
            cuts = transposed_extent(case["padding"], None, x[1:-1], reach, strides)
            made = tuple(extent for _, extent in cuts)
            full = [(n - 1) * s + r for n, s, r in zip(x[1:-1], strides, reach, strict=True)]
            edges = tuple(
                (before, max(0, end - before - extent))
                for (before, extent), end in zip(cuts, full, strict=True)
            )
        if min(made) < 1:
            raise ValueError(f"windows of {reach} pixels leave nothing of {x[1:-1]}")
        if case.op == "conv":
            small = (x[0], *made, kernel[-1])
            return Places(x, small, kernel, strides, dilation, edges)
        large = (x[0], *made, kernel[-2])
        return Places(large, x, kernel, strides, dilation, edges)

    @property
    def flops(self) -> int:
        """Multiplications and additions, those with padding included; in all directions."""
        return 2 * int(np.prod(self.small[:-1])) * int(np.prod(self.kernel))

    def blank(self, dtype: Any) -> Array:
        """Zeros as large as the large image with its padding, and with all that taps reach."""
        extent = []
        for axis, (before, after) in enumerate(self.edges):
            reach = (self.kernel[axis] - 1) * self.dilation[axis] + 1
            full = (self.small[1 + axis] - 1) * self.strides[axis] + reach
            extent.append(max(self.large[1 + axis] + before + after, full))
        return np.zeros((self.large[0], *extent, self.large[-1]), dtype)

    def inside(self, whole: Array) -> Array:
        """The large image in its padding."""
        extents = zip(self.edges, self.large[1:-1], strict=True)
        return whole[(slice(None), *(slice(b, b + size) for (b, _), size in extents))]

    def padded(self, image: Array) -> Array:
        """The large image with its padding."""
        whole = self.blank(image.dtype)
        self.inside(whole)[...] = image
        return whole

    def taps(self, whole: Array) -> Iterator[tuple[tuple[int, ...], Array]]:
        """Each tap, and the pixels of the padded large image that it connects to the small."""
        for tap in itertools.product(*map(range, self.kernel[:-2])):
            firsts = [i * gap for i, gap in zip(tap, self.dilation, strict=True)]
            places = zip(firsts, self.strides, self.small[1:-1], strict=True)
            yield (
                tap,
                whole[(slice(None), *(slice(f, f + (n - 1) * s + 1, s) for f, s, n in places))],
            )


def gathered(places: Places, large: Array, kernel: Array, small: Array) -> None:
    """A product for every tap, summed: forward, and the input gradient of the transposed."""
    small[...] = 0
    for tap, pixels in places.taps(places.padded(large)):
        small += pixels @ kernel[tap]


def gathered_columns(places: Places, large: Array, kernel: Array, small: Array) -> None:
    """All windows copied into the rows of one matrix, then one product (im2col)."""
    whole = places.padded(large)
    columns = np.stack([pixels for _, pixels in places.taps(whole)], axis=-2)
    matrix = kernel.reshape(-1, kernel.shape[-1])
    np.matmul(columns.reshape(-1, len(matrix)), matrix, out=small.reshape(-1, small.shape[-1]))


def scattered(places: Places, small: Array, kernel: Array, large: Array) -> None:
    """A product for every tap, added to the pixels that it connects."""
    whole = places.blank(large.dtype)
    for tap, pixels in places.taps(whole):
        pixels += small @ kernel[tap].T
    large[...] = places.inside(whole)


def filters(places: Places, large: Array, small: Array, kernel: Array) -> None:
    """The gradient of the filters: a product for every tap."""
    flat = small.reshape(-1, small.shape[-1])
    for tap, pixels in places.taps(places.padded(large)):
        np.matmul(pixels.reshape(-1, pixels.shape[-1]).T, flat, out=kernel[tap])


Formulation = Callable[[Places, Array, Array, Array], None]


class Spatial(Operation):
    """Forward with filters that are packed once, as in a layer; gradients always take arrays."""

    batched = True
    settings = SETTINGS
    transposed: bool

    @property
    def directions(self) -> tuple[str, ...]:
        return tuple(GIVEN)

    def check(self, case: Case) -> None:
        Places.of(case)

    def _sizes(self, case: Case) -> dict[str, tuple[int, ...]]:
        places = Places.of(case)
        x, y = places.large, places.small
        if self.transposed:
            x, y = y, x
        return {"x": x, "kernel": places.kernel, "dy": y}

    def arrays(self, case: Case, direction: str) -> Arrays:
        sizes, rng = self._sizes(case), case.rng()
        return {name: normal(rng, sizes[name]) for name in GIVEN[direction]}

    def _ways(self, direction: str) -> dict[str, Formulation]:
        if direction == "filter_gradient":
            return {"taps": filters}
        if (direction == "forward") == self.transposed:
            return {"taps": scattered}
        return {"taps": gathered, "columns": gathered_columns}

    def _operands(self, direction: str, arrays: Arrays) -> list[Array]:
        """In the order of the formulations: the large image comes before the small."""
        found = [arrays[name] for name in GIVEN[direction]]
        if direction == "filter_gradient" and self.transposed:
            found.reverse()
        return found

    def _made(self, case: Case, direction: str) -> tuple[int, ...]:
        (made,) = {"x", "kernel", "dy"} - set(GIVEN[direction])
        return self._sizes(case)[made]

    def answers(self, case: Case, direction: str, arrays: Arrays) -> list[Answer]:
        places = Places.of(case)
        first, second = (a.astype(np.float64) for a in self._operands(direction, arrays))
        answer, sizes = (np.empty(self._made(case, direction)) for _ in range(2))
        way = self._ways(direction)["taps"]
        way(places, first, second, answer)
        way(places, np.abs(first), np.abs(second), sizes)
        summed = places.small[:-1] if direction == "filter_gradient" else places.kernel
        terms = int(np.prod(summed))
        if direction != "filter_gradient":
            terms //= answer.shape[-1]
        bound = (terms + 1) * 2.0**-24 * sizes
        # Where Winograd's algorithm may be used, as for conv2d.
        plain = set(places.strides) == set(places.dilation) == {1}
        if plain and places.kernel[:-2][-2:] == (3, 3):
            bound = np.maximum(bound, 4 * np.max(bound))
        return [Answer(answer, bound)]

    def flops(self, case: Case, direction: str) -> int:
        return Places.of(case).flops

    def program(self, case: Case, direction: str, arrays: Arrays) -> Candidate:
        sizes = self._sizes(case)
        function = getattr(ops, self.name)

        def outputs(t: Mapping[str, graph.Tensor]) -> Sequence[graph.Tensor]:
            x, kernel = (t.get(name, graph.placeholder(sizes[name])) for name in ("x", "kernel"))
            y = function(
                x,
                kernel,
                strides=case["stride"],
                padding=case["padding"],
                dilation=case["dilation"],
            )
            if direction == "forward":
                return [y]
            wanted = x if direction == "input_gradient" else kernel
            return graph.gradients(y, [wanted], output_gradient=t["dy"])

        return compiled(arrays, outputs, ("kernel",) if direction == "forward" else ())

    def formulations(self, case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
        places = Places.of(case)
        first, second = self._operands(direction, arrays)
        out = empty(self._made(case, direction))
        return {
            name: Candidate(partial(way, places, first, second, out), lambda _: [out])
            for name, way in self._ways(direction).items()
        }


class Conv(Spatial):
    """Convolution of images with one to three axes."""

    name = "conv"
    example = "x=1x16x56x56x16 kernel=3x3x3x16x16 padding=same"
    transposed = False


class ConvTranspose(Spatial):
    """Transposed convolution; ``kernel`` is ``(*window, filters, channels)``."""

    name = "conv_transpose"
    example = "x=8x28x28x64 kernel=2x2x32x64 stride=2"
    transposed = True


OPERATIONS: list[Operation] = [Conv(), ConvTranspose()]
