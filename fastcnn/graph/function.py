"""Compiled graphs: what runs them, and what explains them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn.graph.aligned_array import LARGE, empty
from fastcnn.graph.graph import Graph
from fastcnn.graph.passes import run_passes
from fastcnn.graph.planning.derived import lasting_in
from fastcnn.graph.planning.lowering import PlannedStep, lower
from fastcnn.graph.tensor import Spec, Tensor
from fastcnn.messages import brief
from fastcnn.profiling import Event, Instruction, Operation, Plan, Profile

__all__ = ["Function", "compile"]


class Function:
    """A compiled graph. Calling it is one call into C++ with the GIL released; several threads
    may call it at once.

    Attributes:
        inputs, outputs: Types of the arrays it takes and returns.
    """

    def __init__(self, graph: Graph, *, without: Sequence[str] = ()) -> None:
        self.inputs = [tensor.spec for tensor in graph.inputs]
        self.outputs = [tensor.spec for tensor in graph.outputs]
        self._graph, self._without = graph, tuple(without)
        lowered = lower(run_passes(graph, without=without))
        self._program, self._steps = lowered.program, lowered.steps
        self._derived = lowered.derived
        self._empty = [
            (empty if spec.bytes >= LARGE else np.empty, spec.shape, np.dtype(spec.dtype))
            for spec in self.outputs
        ]

    def __call__(self, *arrays: npt.NDArray[Any], threads: int = 0) -> tuple[npt.NDArray[Any], ...]:
        """Runs on C-contiguous arrays of exactly the input types.

        Args:
            arrays: One for each input.
            threads: How many the call may use; 0 for :func:`fastcnn.runtime.num_threads`.

        Raises:
            TypeError, ValueError: An array of another dtype, shape or layout.
        """
        try:
            outputs = [make(shape, dtype) for make, shape, dtype in self._empty]
            self._program.run(arrays, outputs, threads)
        except MemoryError as error:
            raise MemoryError(f"a call needs {self.bytes:,} bytes, more than there are") from error
        return tuple(outputs)

    def run_into(
        self,
        arrays: Sequence[npt.NDArray[Any]],
        outputs: Sequence[npt.NDArray[Any]],
        threads: int = 0,
    ) -> None:
        """The same, writing into the caller's arrays."""
        self._program.run(arrays, outputs, threads)

    def profile(
        self,
        *arrays: npt.NDArray[Any],
        runs: int = 5,
        threads: int | None = None,
        title: str = "function",
    ) -> Profile:
        """Records where the time goes, in the fastest of several runs.

        Instructions run as in any other call: recording reads the clock twice for each of them and
        thread. Variables that the Function writes have their values of before again at the end.

        Args:
            arrays: As for a call.
            runs: How many.
            threads: None for :func:`fastcnn.runtime.num_threads`.
            title: What to call it.

        Raises:
            TypeError, ValueError: As for a call; or ``runs`` or ``threads`` is not 1 or more.
        """
        for name, number in (("runs", runs), ("threads", 1 if threads is None else threads)):
            if isinstance(number, bool) or not isinstance(number, int) or number < 1:
                raise ValueError(
                    f"profile: {name} must be an int of 1 or more, got {brief(number)}"
                )
        outputs = [make(shape, dtype) for make, shape, dtype in self._empty]
        written = {v: v.core.numpy() for step in self._steps for v in step.node.targets}
        try:
            records = [self._program.record(arrays, outputs, threads or 0) for _ in range(runs)]
        finally:
            for variable, value in written.items():
                variable.core.assign(value)
        team, nanoseconds, events = min(records, key=lambda record: record[1])
        return Profile(
            title,
            1e-9 * nanoseconds,
            team,
            self.instructions,
            tuple(map(Event._make, events)),
            runs,
        )

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """What the Program runs, in order."""
        return tuple(_instruction(step) for step in self._steps)

    def explain(self, *arrays: npt.NDArray[Any], title: str = "function") -> str:
        """The plan as text: the graph before the passes, what each of them leaves, the Program with
        the algorithm and the work of each instruction, and the memory it takes. When arrays to run
        on are given, also the times.

        Args:
            arrays: As for a call, or none.
            title: What to call it.
        """
        text = str(self.plan(title))
        return f"{text}\n\n{self.profile(*arrays, title=title)}" if arrays else text

    def plan(self, title: str = "function") -> Plan:
        """What :meth:`explain` tells, as data."""
        after: list[tuple[str, int]] = []
        run_passes(
            self._graph,
            without=self._without,
            watch=lambda name, graph: after.append((name, _in_every_run(graph))),
        )
        variables = {
            node.variable
            for node in self._graph.nodes()
            if node.op is None and node.variable is not None
        }
        variables |= {variable for step in self._steps for variable in step.node.targets}
        memory = {
            "inputs and outputs": sum(spec.bytes for spec in [*self.inputs, *self.outputs]),
            "arena: values of one run": self.arena_bytes,
            "variables and constants": sum(
                Spec(variable.shape, variable.dtype.name).bytes for variable in variables
            ),
            "derived from them and kept, such as packed filters": self.derived_bytes,
        }
        return Plan(
            title,
            _operations(self._graph),
            after,
            self.instructions,
            self._program.barriers,
            memory,
        )

    @property
    def arena_bytes(self) -> int:
        """Memory that one run needs beside inputs, outputs and variables."""
        return self._program.arena_bytes

    @property
    def derived_bytes(self) -> int:
        """Memory of what is kept beside the variables, such as packed filters. Functions that
        derive the same values share it.
        """
        return sum(value.bytes for value in self._derived)

    @property
    def bytes(self) -> int:
        """Memory that one run needs, outputs included."""
        return self.arena_bytes + sum(spec.bytes for spec in self.outputs)


def compile(
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    updates: Sequence[Tensor] = (),
    *,
    without: Sequence[str] = (),
) -> Function:
    """Turns a graph into a Function.

    Args:
        inputs: Placeholders, in the order in which arrays will be given.
        outputs: What the Function returns.
        updates: Results of update operations (:mod:`fastcnn.ops.optimizer.update`); they run last,
            in this order, and write their variables in place.
        without: Names of passes to leave out (:data:`fastcnn.graph.passes.PASSES`).

    Raises:
        ValueError: The graph needs a placeholder that is not among the inputs, or a step
            refuses its operands.
    """
    return Function(Graph(tuple(inputs), tuple(outputs), tuple(updates)), without=without)


def _instruction(step: PlannedStep) -> Instruction:
    node, operator = step.node, step.step
    return Instruction(
        op=node.op.name if node.op else node.name,
        origin=node.origin,
        fused=node.fused,
        inputs=tuple(tensor.shape for tensor in node.inputs),
        outputs=tuple(tuple(shape) for _, shape in step.operands),
        algorithm=operator.algorithm,
        flops=operator.flops,
        bytes=operator.bytes,
        packed_bytes=operator.packing_bytes if step.packed >= 0 or operator.packs_in_run else 0,
    )


def _in_every_run(graph: Graph) -> int:
    """How many operations are not computed once from the variables and kept."""
    lasting = lasting_in(graph)
    return sum(node.op is not None and node not in lasting for node in graph.nodes())


def _operations(graph: Graph) -> list[Operation]:
    return [
        Operation(
            node.op.name,
            node.origin,
            tuple(tensor.shape for tensor in node.inputs),
            tuple(
                spec.shape
                for spec in node.op.infer(*(tensor.spec for tensor in node.inputs), **node.attrs)
            ),
        )
        for node in graph.nodes()
        if node.op is not None
    ]
