"""Optimizers: one step of all weights, in place."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastcnn import graph, ops
from fastcnn.bench.operations import parsing
from fastcnn.bench.operations.operation import (
    Answer,
    Array,
    Arrays,
    Case,
    Contestant,
    Operation,
    Setting,
    normal,
    roundings,
)
from fastcnn.variable import Variable

__all__ = ["ADAM", "MOMENTUM", "OPERATIONS", "RATE"]

RATE = 1e-3
MOMENTUM = 0.9
#: beta_1, beta_2 and epsilon.
ADAM = (0.9, 0.999, 1e-7)
#: Weights on which the largest operation of each step has one rounding.
TERMS = 8


def _sgd(w: Array, gradient: Array) -> None:
    w -= gradient * w.dtype.type(RATE)


def _momentum(w: Array, gradient: Array, velocity: Array) -> None:
    velocity *= w.dtype.type(MOMENTUM)
    velocity -= gradient * w.dtype.type(RATE)
    w += velocity


def _adam(w: Array, gradient: Array, m: Array, v: Array) -> None:
    """Its first step."""
    number = w.dtype.type
    beta_1, beta_2, epsilon = ADAM
    m += (gradient - m) * number(1 - beta_1)
    v += (np.square(gradient) - v) * number(1 - beta_2)
    rate = RATE * np.sqrt(1 - beta_2) / (1 - beta_1)
    step = np.sqrt(v)
    step += number(epsilon)
    np.divide(m, step, out=step)
    step *= number(rate)
    w -= step


class Update(Operation):
    """A step of one optimizer on one large array.

    Args:
        name: What lines call it.
        state: Names of the arrays that it keeps beside the weights.
        formulation: The step in NumPy, on weights, gradient and state.
        build: The same as an operation of a graph.
    """

    settings: Mapping[str, Setting] = {"x": Setting(parsing.shape)}
    example = "x=25557032"

    def __init__(
        self,
        name: str,
        state: Sequence[str],
        formulation: Callable[..., None],
        build: Callable[..., graph.Tensor],
    ) -> None:
        self.name, self._state = name, tuple(state)
        self._formulation, self._build = formulation, build

    def arrays(self, case: Case, direction: str) -> Arrays:
        rng = case.rng()
        arrays = {name: normal(rng, case["x"]) for name in ("w", "gradient", *self._state)}
        if "v" in arrays:  # a mean of squares
            arrays["v"] = np.abs(arrays["v"]) + np.float32(0.1)
        return arrays

    def answers(self, case: Case, direction: str, arrays: Arrays) -> list[Answer]:
        exact = {name: array.astype(np.float64) for name, array in arrays.items()}
        self._formulation(*exact.values())
        # Adam's step is at most about RATE * 30 * m / sqrt(v), small beside the weights.
        sizes = [np.abs(exact[name]) + np.abs(arrays[name]) for name in self._written()]
        gradient = np.abs(arrays["gradient"])
        extra = [RATE * 100 * (1 + gradient), gradient, np.square(gradient)]
        return [
            Answer(exact[name], roundings(TERMS, size + more))
            for name, size, more in zip(self._written(), sizes, extra, strict=False)
        ]

    def program(self, case: Case, direction: str, arrays: Arrays) -> Contestant:
        variables = {name: Variable(arrays[name]) for name in self._written()}
        gradient = graph.placeholder(case["x"])
        rate, step = graph.placeholder(()), graph.placeholder((), "int64")
        update = self._build(
            variables["w"], gradient, *(variables[name] for name in self._state), rate, step
        )
        function = graph.compile([gradient, rate, step], [], [update])
        inputs = [arrays["gradient"], np.array(RATE, np.float32), np.array(1, np.int64)]
        return Contestant(
            lambda: function.run_into(inputs, []),
            lambda _: [variable.numpy() for variable in variables.values()],
        )

    def formulations(self, case: Case, direction: str, arrays: Arrays) -> dict[str, Contestant]:
        own = {name: array.copy() for name, array in arrays.items()}
        return {
            "in_place": Contestant(
                lambda: self._formulation(*own.values()),
                lambda _: [own[name] for name in self._written()],
            )
        }

    def _written(self) -> tuple[str, ...]:
        return ("w", *self._state)


def _sgd_step(w: Variable, gradient: Any, rate: Any, step: Any) -> graph.Tensor:
    return ops.sgd_update(w, gradient, None, rate)


def _momentum_step(w: Variable, gradient: Any, velocity: Variable, rate: Any, step: Any) -> Any:
    return ops.sgd_update(w, gradient, velocity, rate, MOMENTUM)


def _adam_step(w: Variable, gradient: Any, m: Variable, v: Variable, rate: Any, step: Any) -> Any:
    beta_1, beta_2, epsilon = ADAM
    return ops.adam_update(
        w, gradient, m, v, rate, step, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon
    )


OPERATIONS: list[Operation] = [
    Update("sgd", (), _sgd, _sgd_step),
    Update("momentum", ("velocity",), _momentum, _momentum_step),
    Update("adam", ("m", "v"), _adam, _adam_step),
]
