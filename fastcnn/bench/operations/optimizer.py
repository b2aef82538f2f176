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
    Candidate,
    Case,
    Operation,
    Setting,
    normal,
    roundings,
)
from fastcnn.graph.variable import Variable

__all__ = ["ADAM", "MOMENTUM", "OPERATIONS", "RATE"]

RATE = 1e-3
MOMENTUM = 0.9
#: beta_1, beta_2 and epsilon.
ADAM = (0.9, 0.999, 1e-7)
RHO = 0.9
LION = 0.99
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


def _scaled(w: Array, gradient: Array, divisor: Array, rate: float = RATE) -> None:
    step = gradient / divisor
    step *= w.dtype.type(rate)
    w -= step


def _rmsprop(w: Array, gradient: Array, v: Array) -> None:
    number = w.dtype.type
    v *= number(RHO)
    v += np.square(gradient) * number(1 - RHO)
    _scaled(w, gradient, np.sqrt(v + number(ADAM[2])))


def _adagrad(w: Array, gradient: Array, total: Array) -> None:
    total += np.square(gradient)
    _scaled(w, gradient, np.sqrt(total + w.dtype.type(ADAM[2])))


def _adadelta(w: Array, gradient: Array, v: Array, steps: Array) -> None:
    number = w.dtype.type
    v *= number(RHO)
    v += np.square(gradient) * number(1 - RHO)
    change = np.sqrt((steps + number(ADAM[2])) / (v + number(ADAM[2]))) * gradient
    steps *= number(RHO)
    steps += np.square(change) * number(1 - RHO)
    w -= change * number(RATE)


def _adamax(w: Array, gradient: Array, m: Array, norm: Array) -> None:
    number = w.dtype.type
    beta_1, beta_2, epsilon = ADAM
    m += (gradient - m) * number(1 - beta_1)
    norm *= number(beta_2)
    np.maximum(norm, np.abs(gradient), out=norm)
    _scaled(w, m, norm + number(epsilon), RATE / (1 - beta_1))


def _nadam(w: Array, gradient: Array, m: Array, v: Array) -> None:
    """Its first step."""
    number = w.dtype.type
    beta_1, beta_2, epsilon = ADAM
    now, later = (beta_1 * (1 - 0.5 * 0.96**step) for step in (1, 2))
    m += (gradient - m) * number(1 - beta_1)
    v += (np.square(gradient) - v) * number(1 - beta_2)
    mean = m * number(later / (1 - now * later))
    mean += gradient  # times (1 - now) / (1 - now)
    _scaled(w, mean, np.sqrt(v * number(1 / (1 - beta_2))) + number(epsilon))


def _ftrl(w: Array, gradient: Array, total: Array, linear: Array) -> None:
    rate = w.dtype.type(RATE)
    before = np.sqrt(total)
    total += np.square(gradient)
    root = np.sqrt(total)
    linear += gradient
    linear -= (root - before) / rate * w
    np.divide(-linear, root / rate, out=w)


def _lion(w: Array, gradient: Array, m: Array) -> None:
    number = w.dtype.type
    w -= np.sign(m * number(MOMENTUM) + gradient * number(1 - MOMENTUM)) * number(RATE)
    m *= number(LION)
    m += gradient * number(1 - LION)


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
        for name in {"v", "total", "steps", "norm"} & set(arrays):  # sums of squares or sizes
            arrays[name] = np.abs(arrays[name]) + np.float32(0.1)
        return arrays

    def answers(self, case: Case, direction: str, arrays: Arrays) -> list[Answer]:
        exact = {name: array.astype(np.float64) for name, array in arrays.items()}
        self._formulation(*exact.values())
        # Adam's step is at most about RATE * 30 * m / sqrt(v), small beside the weights.
        sizes = [np.abs(exact[name]) + np.abs(arrays[name]) for name in self._written()]
        gradient = np.abs(arrays["gradient"])
        state = 20 * (gradient + np.square(gradient))
        if "linear" in arrays:  # takes a difference over RATE
            state += np.sqrt(exact["total"]) / RATE * np.abs(arrays["w"])
        return [
            Answer(
                exact[name],
                roundings(TERMS, size + (RATE * 100 * (1 + gradient) if name == "w" else state)),
            )
            for name, size in zip(self._written(), sizes, strict=True)
        ]

    def program(self, case: Case, direction: str, arrays: Arrays) -> Candidate:
        variables = {name: Variable(arrays[name]) for name in self._written()}
        gradient = graph.placeholder(case["x"])
        rate, step = graph.placeholder(()), graph.placeholder((), "int64")
        update = self._build(
            variables["w"], gradient, *(variables[name] for name in self._state), rate, step
        )
        function = graph.compile([gradient, rate, step], [], [update])
        inputs = [arrays["gradient"], np.array(RATE, np.float32), np.array(1, np.int64)]
        return Candidate(
            lambda: function.run_into(inputs, []),
            lambda _: [variable.numpy() for variable in variables.values()],
        )

    def formulations(self, case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
        own = {name: array.copy() for name, array in arrays.items()}
        return {
            "in_place": Candidate(
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


def _rmsprop_step(w: Variable, gradient: Any, v: Variable, rate: Any, step: Any) -> Any:
    return ops.rmsprop_update(w, gradient, v, rate, rho=RHO, epsilon=ADAM[2])


def _adagrad_step(w: Variable, gradient: Any, total: Variable, rate: Any, step: Any) -> Any:
    return ops.adagrad_update(w, gradient, total, rate, epsilon=ADAM[2])


def _adadelta_step(
    w: Variable, gradient: Any, v: Variable, steps: Variable, rate: Any, step: Any
) -> Any:
    return ops.adadelta_update(w, gradient, v, steps, rate, rho=RHO, epsilon=ADAM[2])


def _adamax_step(
    w: Variable, gradient: Any, m: Variable, norm: Variable, rate: Any, step: Any
) -> Any:
    beta_1, beta_2, epsilon = ADAM
    return ops.adamax_update(
        w, gradient, m, norm, rate, step, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon
    )


def _nadam_step(w: Variable, gradient: Any, m: Variable, v: Variable, rate: Any, step: Any) -> Any:
    beta_1, beta_2, epsilon = ADAM
    return ops.nadam_update(
        w, gradient, m, v, rate, step, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon
    )


def _ftrl_step(
    w: Variable, gradient: Any, total: Variable, linear: Variable, rate: Any, step: Any
) -> Any:
    return ops.ftrl_update(w, gradient, total, linear, rate)


def _lion_step(w: Variable, gradient: Any, m: Variable, rate: Any, step: Any) -> Any:
    return ops.lion_update(w, gradient, m, rate, beta_1=MOMENTUM, beta_2=LION)


OPERATIONS: list[Operation] = [
    Update("sgd", (), _sgd, _sgd_step),
    Update("momentum", ("velocity",), _momentum, _momentum_step),
    Update("adam", ("m", "v"), _adam, _adam_step),
    Update("rmsprop", ("v",), _rmsprop, _rmsprop_step),
    Update("adagrad", ("total",), _adagrad, _adagrad_step),
    Update("adadelta", ("v", "steps"), _adadelta, _adadelta_step),
    Update("adamax", ("m", "norm"), _adamax, _adamax_step),
    Update("nadam", ("m", "v"), _nadam, _nadam_step),
    Update("ftrl", ("total", "linear"), _ftrl, _ftrl_step),
    Update("lion", ("m",), _lion, _lion_step),
]
