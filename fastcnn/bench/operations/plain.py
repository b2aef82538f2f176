"""Operations that need no class of their own: a row of functions each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from fastcnn import graph, ops, reference
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
from fastcnn.graph.tensor import Node, Tensor

__all__ = ["exactly", "rounds", "saved"]

#: ``(case, arrays in float64, exact outputs)`` to the largest error of each output.
Rule = Callable[[Case, Arrays, Sequence[Array]], Sequence[Any]]


def exactly(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
    """Nothing rounds."""
    return [0.0 for _ in exact]


def rounds(count: float) -> Rule:
    """So many operations on numbers as large as the result."""

    def rule(case: Case, arrays: Arrays, exact: Sequence[Array]) -> Sequence[Any]:
        return [roundings(count, y) for y in exact]

    return rule


@dataclass(frozen=True)
class Plain(Operation):
    """A row.

    Attributes:
        name, settings, example: See :class:`Operation`.
        draw: Makes the inputs, in the order of the operation's signature.
        error: Rule for the results.
        attributes: The operation's other arguments.
        formulation: The same in NumPy, on arrays of any float type; None for none.
        build: The outputs in a graph; None for :mod:`fastcnn.ops`.
        in_float64: The outputs in float64; None for :mod:`fastcnn.reference`.
        slope: Gradients in NumPy, of the inputs, ``dy`` and what ``saves`` names; None for none.
        slope_error: Rule for them.
        wrt: Inputs that get a gradient.
        saves: Names of the outputs, where backward reads them: what forward has kept.
        flops_each: FLOPs for each element of ``x``, forward and backward, where bytes alone do
            not say how long it must take.
        uncounted, twice, batched: See :class:`Operation`.
    """

    name: str
    settings: Mapping[str, Setting]
    example: str
    draw: Callable[[Case, np.random.Generator], Arrays]
    error: Rule = exactly
    attributes: Callable[[Case], dict[str, Any]] = field(default=lambda case: {})
    formulation: Callable[..., Any] | None = None
    build: Callable[..., Any] | None = None
    in_float64: Callable[..., Any] | None = None
    derivative: Callable[..., Any] | None = None
    derivative_error: Rule = exactly
    wrt: tuple[str, ...] = ("x",)
    saves: tuple[str, ...] = ()
    flops_each: tuple[int, int] = (0, 0)
    uncounted: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    batched: bool = False

    @property
    def directions(self) -> tuple[str, ...]:
        """Backward where there is a formula to hold it to."""
        return ("forward", "backward") if self.derivative else ("forward",)

    def flops(self, case: Case, direction: str) -> int:
        each = self.flops_each[direction == "backward"]
        return each * math.prod(case["x"]) if each else 0

    def arrays(self, case: Case, direction: str) -> Arrays:
        rng = case.rng()
        inputs = self.draw(case, rng)
        if direction == "forward":
            return inputs
        outputs = self._exact(case, inputs)
        kept = {
            name: y.astype(np.float32) for name, y in zip(self.saves, outputs, strict=False) if name
        }
        return {**inputs, **kept, "dy": normal(rng, outputs[0].shape)}

    def answers(self, case: Case, direction: str, arrays: Arrays) -> list[Answer]:
        if direction == "forward":
            exact, rule = self._exact(case, arrays), self.error
        else:
            assert self.derivative is not None
            exact, rule = _several(self.derivative(case, **_doubles(arrays))), self.derivative_error
        bounds = rule(case, _doubles(arrays), exact)
        return [Answer(y, bound) for y, bound in zip(exact, bounds, strict=True)]

    def program(self, case: Case, direction: str, arrays: Arrays) -> Candidate:
        attributes = self.attributes(case)
        apply = self.build or getattr(ops, self.name)

        def forward(t: Mapping[str, graph.Tensor]) -> Sequence[graph.Tensor]:
            return _several(apply(*t.values(), **attributes))

        def backward(t: Mapping[str, graph.Tensor]) -> Sequence[graph.Tensor]:
            inputs = [t[name] for name in t if name not in (*self.saves, "dy")]
            outputs = _several(apply(*inputs, **attributes))
            wanted = [t[name] for name in self.wrt]
            found = graph.gradients(outputs[0], wanted, output_gradient=t["dy"])
            kept = {
                (y.node, y.index): t[name]
                for name, y in zip(self.saves, outputs, strict=False)
                if name
            }
            return saved(found, kept)

        return compiled(arrays, forward if direction == "forward" else backward)

    def formulations(self, case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
        if direction == "backward":
            assert self.derivative is not None
            return {"numpy": Candidate(partial(self.derivative, case, **arrays), _several)}
        if self.formulation is None:
            return {}
        call = partial(self.formulation, *arrays.values(), **self.attributes(case))
        return {"numpy": Candidate(call, _several)}

    def _exact(self, case: Case, inputs: Arrays) -> list[Array]:
        in_float64 = self.in_float64 or getattr(reference, self.name)
        return _several(in_float64(*inputs.values(), **self.attributes(case)))


def saved(wanted: Sequence[Tensor], kept: Mapping[tuple[Node, int], Tensor]) -> Sequence[Tensor]:
    """The same results where some inner values are given instead of computed.

    Gradients read what forward has computed; in a Program of their own they would compute it again.
    """
    made: dict[Node, Node] = {}

    def tensor(old: Tensor) -> Tensor:
        if (old.node, old.index) in kept:
            return kept[old.node, old.index]
        return Tensor(old.spec, node(old.node), old.index)

    def node(old: Node) -> Node:
        if old.op is None or not old.inputs:
            return old
        if old not in made:
            inputs = tuple(tensor(value) for value in old.inputs)
            made[old] = Node(old.op, inputs, old.attrs, name=old.name, outputs=old.outputs)
        return made[old]

    return [tensor(value) for value in wanted]


def _several(y: Any) -> list[Any]:
    return list(y) if isinstance(y, list | tuple) else [y]


def _doubles(arrays: Arrays) -> Arrays:
    """Floats in float64, the rest as they are."""
    return {
        name: array.astype(np.float64) if array.dtype == np.float32 else array
        for name, array in arrays.items()
    }
