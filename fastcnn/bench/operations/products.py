"""Matrix products and dense layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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
    roundings,
)
from fastcnn.graph.aligned_array import empty

__all__ = ["OPERATIONS"]


def product_error(a: Array, b: Array) -> Array:
    """Of float32 sums of products, in whatever order they are taken."""
    return roundings(a.shape[1] + 1, np.abs(a) @ np.abs(b))


class Matmul(Operation):
    """Two arrays, both given with every call; either may be stored transposed."""

    name = "matmul"
    example = "a=1024x1024 b=1024x1024"
    settings: Mapping[str, Setting] = {
        "a": Setting(parsing.shape),
        "b": Setting(parsing.shape),
        "transpose_a": Setting(parsing.flag, False),
        "transpose_b": Setting(parsing.flag, False),
    }

    def check(self, case: Case) -> None:
        for name in ("a", "b"):
            if len(case[name]) != 2:
                raise ValueError(f"{name} must be ROWSxCOLUMNS, as in {self.example}")
        inner = (
            case["a"][0 if case["transpose_a"] else 1],
            case["b"][1 if case["transpose_b"] else 0],
        )
        if inner[0] != inner[1]:
            raise ValueError(
                f"a and b do not fit: {inner[0]} columns meet {inner[1]} rows; transpose_a=yes "
                "says that a is stored as COLUMNSxROWS"
            )

    def arrays(self, case: Case, direction: str) -> Arrays:
        rng = case.rng()
        return {name: normal(rng, case[name]) for name in ("a", "b")}

    def answers(self, case: Case, direction: str, arrays: Arrays) -> list[Answer]:
        a, b = (m.astype(np.float64) for m in self._read(case, arrays))
        return [Answer(a @ b, product_error(a, b))]

    def flops(self, case: Case, direction: str) -> int:
        columns = case["b"][0 if case["transpose_b"] else 1]
        return int(2 * np.prod(case["a"]) * columns)

    def program(self, case: Case, direction: str, arrays: Arrays) -> Candidate:
        def build(t: Mapping[str, graph.Tensor]) -> Sequence[graph.Tensor]:
            transposed = {name: case[name] for name in ("transpose_a", "transpose_b")}
            return [ops.matmul(t["a"], t["b"], **transposed)]

        return compiled(arrays, build)

    def formulations(self, case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
        a, b = self._read(case, arrays)
        out = empty((len(a), b.shape[1]))
        return {"matmul": Candidate(lambda: np.matmul(a, b, out=out), lambda _: [out])}

    @staticmethod
    def _read(case: Case, arrays: Arrays) -> tuple[Array, Array]:
        a, b = arrays["a"], arrays["b"]
        return a.T if case["transpose_a"] else a, b.T if case["transpose_b"] else b


class Dense(Operation):
    """A layer: weights that are kept, a bias; backward gives all three gradients."""

    name = "dense"
    example = "x=32x4096 units=1024"
    batched = True
    settings: Mapping[str, Setting] = {
        "x": Setting(parsing.shape),
        "units": Setting(parsing.number),
        "activation": Setting(parsing.choice("none", "relu"), "none"),
    }

    @property
    def directions(self) -> tuple[str, ...]:
        return ("forward", "backward")

    def check(self, case: Case) -> None:
        if len(case["x"]) != 2:
            raise ValueError(f"x must be BATCHxINPUTS, as in {self.example}")

    def arrays(self, case: Case, direction: str) -> Arrays:
        rng = case.rng()
        batch, inputs = case["x"]
        arrays = {"x": normal(rng, case["x"]), "kernel": normal(rng, (inputs, case["units"]))}
        if direction == "forward":
            return {**arrays, "bias": normal(rng, (case["units"],))}
        return {**arrays, "dy": normal(rng, (batch, case["units"]))}

    def answers(self, case: Case, direction: str, arrays: Arrays) -> list[Answer]:
        d = {name: array.astype(np.float64) for name, array in arrays.items()}
        if direction == "forward":
            y = d["x"] @ d["kernel"] + d["bias"]
            bound = product_error(d["x"], d["kernel"])
            bound += roundings(case["x"][1] + 1, d["bias"]) + roundings(1, y)
            return [Answer(np.maximum(y, 0) if case["activation"] == "relu" else y, bound)]
        return [
            Answer(d["dy"] @ d["kernel"].T, product_error(d["dy"], d["kernel"].T)),
            Answer(d["x"].T @ d["dy"], product_error(d["x"].T, d["dy"])),
            Answer(d["dy"].sum(axis=0), roundings(len(d["dy"]), np.abs(d["dy"]).sum(axis=0))),
        ]

    def flops(self, case: Case, direction: str) -> int:
        batch, inputs = case["x"]
        return int(2 * batch * inputs * case["units"] * (1 if direction == "forward" else 2))

    def program(self, case: Case, direction: str, arrays: Arrays) -> Candidate:
        activation = None if case["activation"] == "none" else case["activation"]

        def forward(t: Mapping[str, graph.Tensor]) -> Sequence[graph.Tensor]:
            return [ops.dense(t["x"], t["kernel"], t["bias"], activation=activation)]

        def backward(t: Mapping[str, graph.Tensor]) -> Sequence[graph.Tensor]:
            bias = graph.placeholder((case["units"],))
            y = ops.dense(t["x"], t["kernel"], bias)
            return graph.gradients(y, [t["x"], t["kernel"], bias], output_gradient=t["dy"])

        if direction == "forward":
            return compiled(arrays, forward, ("kernel", "bias"))
        return compiled(arrays, backward)

    def formulations(self, case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
        x, kernel = arrays["x"], arrays["kernel"]
        if direction == "forward":
            y = empty((len(x), case["units"]))

            def forward() -> None:
                np.matmul(x, kernel, out=y)
                np.add(y, arrays["bias"], out=y)
                if case["activation"] == "relu":
                    np.maximum(y, np.float32(0), out=y)

            return {"matmul": Candidate(forward, lambda _: [y])}
        dy = arrays["dy"]
        dx, dk, db = empty(x.shape), empty(kernel.shape), empty((case["units"],))

        def backward() -> None:
            np.matmul(dy, kernel.T, out=dx)
            np.matmul(x.T, dy, out=dk)
            np.sum(dy, axis=0, out=db)

        return {"matmul": Candidate(backward, lambda _: [dx, dk, db])}


OPERATIONS: list[Operation] = [Matmul(), Dense()]
