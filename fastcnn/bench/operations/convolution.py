"""conv2d: images with filters, alone or with bias and activation, and the gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from fastcnn import graph, ops
from fastcnn.bench.operations import numpy_convolution, parsing
from fastcnn.bench.operations.geometry import Convolution
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
    roundings,
)
from fastcnn.graph.aligned_array import empty
from fastcnn.ops.convolution.checks import ALGORITHMS

__all__ = ["OPERATIONS"]

#: What each direction is given, and what it makes.
_GIVEN = {
    "forward": ("x", "kernel"),
    "input_gradient": ("dy", "kernel"),
    "filter_gradient": ("x", "dy"),
    "backward": ("x", "kernel", "dy"),
}
_MADE = {
    "forward": ("forward",),
    "input_gradient": ("input_gradient",),
    "filter_gradient": ("filter_gradient",),
    "backward": ("input_gradient", "filter_gradient"),
}


SETTINGS = {
    "x": Setting(parsing.shape),
    "kernel": Setting(parsing.shape),
    "stride": Setting(parsing.pair, 1),
    "padding": Setting(parsing.padding, "valid"),
    "dilation": Setting(parsing.pair, 1),
    "groups": Setting(parsing.number, 1),
    "bias": Setting(parsing.flag, False),
    "activation": Setting(parsing.choice("none", "relu"), "none"),
    "algorithm": Setting(parsing.choice(*ALGORITHMS), "auto"),
    "weights": Setting(parsing.choice("kept", "fresh"), "kept"),
}


class Conv2D(Operation):
    """Forward with filters that are packed once, as in a layer; gradients always take arrays."""

    name = "conv2d"
    example = "x=1x56x56x64 kernel=3x3x64x64 padding=same"
    batched = True
    settings = SETTINGS

    @property
    def directions(self) -> tuple[str, ...]:
        return tuple(_GIVEN)

    def check(self, case: Case) -> None:
        Convolution.of(case)
        if case["algorithm"] != "auto":
            tensors = {name: graph.placeholder(case[name]) for name in ("x", "kernel")}
            ops.conv2d(tensors["x"], tensors["kernel"], **_settings(case))

    def arrays(self, case: Case, direction: str) -> Arrays:
        shape, rng = Convolution.of(case), case.rng()
        sizes = {"x": shape.x, "kernel": shape.kernel, "dy": shape.y}
        arrays = {name: normal(rng, sizes[name]) for name in _GIVEN[direction]}
        if direction == "forward" and case["bias"]:
            arrays["bias"] = normal(rng, shape.y[3:])
        return arrays

    def answers(self, case: Case, direction: str, arrays: Arrays) -> list[Answer]:
        shape = Convolution.of(case)
        found = []
        for made in _MADE[direction]:
            first, second = (arrays[name] for name in _GIVEN[made])
            answer, bound = numpy_convolution.exact(made, shape, first, second)
            if "bias" in arrays:
                answer += arrays["bias"]
                # The bias is one more term of each sum, whose every rounding it may enlarge.
                bound += roundings(shape.terms(made) + 1, arrays["bias"].astype(np.float64))
                bound += roundings(1, answer)
            if direction == "forward" and case["activation"] == "relu":
                answer = np.maximum(answer, 0)  # has slope 1 at most
            if case["algorithm"] != "direct" and made != "filter_gradient":
                bound = _of_tiles(shape, bound)
            found.append(Answer(answer, bound))
        return found

    def flops(self, case: Case, direction: str) -> int:
        return Convolution.of(case).flops * len(_MADE[direction])

    def program(self, case: Case, direction: str, arrays: Arrays) -> Candidate:
        shape = Convolution.of(case)
        settings = _settings(case)
        activation = None if case["activation"] == "none" else case["activation"]

        def forward(t: Mapping[str, graph.Tensor]) -> Sequence[graph.Tensor]:
            y = ops.conv2d(t["x"], t["kernel"], t.get("bias"), activation=activation, **settings)
            return [y]

        def gradients(t: Mapping[str, graph.Tensor]) -> Sequence[graph.Tensor]:
            x = t.get("x", graph.placeholder(shape.x))
            kernel = t.get("kernel", graph.placeholder(shape.kernel))
            y = ops.conv2d(x, kernel, **settings)
            wanted = {"input_gradient": x, "filter_gradient": kernel}
            return graph.gradients(
                y, [wanted[made] for made in _MADE[direction]], output_gradient=t["dy"]
            )

        if direction == "forward":
            return compiled(
                arrays, forward, ("kernel", "bias") if case["weights"] == "kept" else ()
            )
        return compiled(arrays, gradients)

    def formulations(self, case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
        shape = Convolution.of(case)
        steps = [
            (
                numpy_convolution.candidates(made, shape),
                [arrays[name] for name in _GIVEN[made]],
                empty(shape.output_of(made)),
            )
            for made in _MADE[direction]
        ]
        after = _epilogue(arrays.get("bias"), case["activation"] == "relu")
        outputs = [out for _, _, out in steps]
        ways = dict.fromkeys(name for known, _, _ in steps for name in known)

        def run(way: str) -> None:
            for known, (first, second), out in steps:
                formulation = known.get(way) or next(iter(known.values()))
                formulation(shape, first, second, out)
            if direction == "forward":
                after(outputs[0])

        return {way: Candidate(partial(run, way), lambda _: outputs) for way in ways}


def _epilogue(bias: Array | None, relu: bool) -> Callable[[Array], None]:
    def apply(y: Array) -> None:
        if bias is not None:
            y += bias
        if relu:
            np.maximum(y, np.float32(0), out=y)

    return apply


def _settings(case: Case) -> dict[str, Any]:
    return {
        "strides": case["stride"],
        "padding": case["padding"],
        "dilation": case["dilation"],
        "groups": case["groups"],
        "algorithm": case["algorithm"],
    }


def _of_tiles(shape: Convolution, bound: Array) -> Array:
    """The bound where Winograd's algorithm may be used (docs/numerics.md).

    Its errors follow the largest numbers of a tile, not the element's own sums, and grow by what
    its transforms multiply them with. Its sums are nine times as short, so four times the direct
    algorithm's bound for the largest sum is more than its own.
    """
    square = shape.kernel[:2] == (3, 3) and shape.strides == shape.dilation == (1, 1)
    return np.maximum(bound, 4 * np.max(bound)) if square and shape.groups == 1 else bound


OPERATIONS: list[Operation] = [Conv2D()]
