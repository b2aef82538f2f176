"""From a graph to a Program: prepares the steps, gives every value its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastcnn import _core
from fastcnn.graph.graph import Graph
from fastcnn.graph.memory_planner import ALIGNMENT, Buffer, assign_offsets
from fastcnn.graph.tensor import Node, Op, Spec, Tensor, VariableLike

__all__ = ["Copy", "PlannedStep", "lower"]


class Copy(Op):
    """Puts an output of a graph where the caller wants it, if it has a place already."""

    name = "copy"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        """The types of the inputs."""
        return inputs


@dataclass
class PlannedStep:
    """One step of the Program, for explaining it."""

    node: Node
    step: _core.Operator
    inputs: list[int]
    outputs: list[int]
    #: Dtype and shape of each output.
    operands: list[tuple[str, tuple[int, ...]]]
    scratch: Buffer | None = None


@dataclass
class _Values:
    """The Program's values as they are found, each with a place of its own or in the arena."""

    specs: list[Spec] = field(default_factory=list)
    places: list[tuple[str, int] | Buffer] = field(default_factory=list)

    def add(self, spec: Spec, where: tuple[str, int] | Buffer) -> int:
        self.specs.append(spec)
        self.places.append(where)
        return len(self.specs) - 1


def lower(graph: Graph) -> tuple[_core.Program, list[PlannedStep]]:
    """Prepares every operation and plans the arena.

    Returns:
        The Program, whose inputs and outputs are those of the graph, and its steps.

    Raises:
        ValueError: What a step refuses, or a placeholder that is not among the inputs.
    """
    nodes = graph.nodes()
    values = _Values()
    variables: dict[VariableLike, int] = {}
    ids: dict[tuple[Node, int], int] = {}
    steps: list[PlannedStep] = []

    def variable_place(variable: VariableLike) -> tuple[str, int]:
        return ("variable", variables.setdefault(variable, len(variables)))

    for index, tensor in enumerate(graph.inputs):
        ids[tensor.node, tensor.index] = values.add(tensor.spec, ("input", index))
    wanted: dict[tuple[Node, int], int] = {}
    for index, tensor in enumerate(graph.outputs):
        wanted.setdefault((tensor.node, tensor.index), index)

    specs = _output_specs(nodes, graph)
    written = {variable for node in nodes for variable in node.targets}
    uses = _last_uses(nodes, graph.outputs)
    for node in nodes:
        if node.op is None:
            if node.variable is not None:
                spec = Spec(node.variable.shape, node.variable.dtype.name)
                ids[node, 0] = values.add(spec, variable_place(node.variable))
            continue
        inputs = [ids[tensor.node, tensor.index] for tensor in node.inputs]
        if node.op.view:
            ids[node, 0] = values.add(specs[node][0], values.places[inputs[0]])
            continue
        now = len(steps)
        outputs = []
        for index, spec in enumerate(specs[node]):
            where: tuple[str, int] | Buffer
            if node.targets:
                where = variable_place(node.targets[index])
            elif (node, index) in wanted:
                where = ("output", wanted[node, index])
            else:
                where = _reused(node, inputs, spec, values, uses) or Buffer(spec.bytes, now, now)
            outputs.append(values.add(spec, where))
            ids[node, index] = outputs[-1]
        operands = [(spec.dtype, spec.shape) for spec in specs[node]]
        step = _core.Operator(
            node.op.name,
            [(values.specs[i].dtype, values.specs[i].shape) for i in inputs],
            operands,
            dict(node.op.core_attrs(*(tensor.spec for tensor in node.inputs), **node.attrs)),
            [at for at, i in enumerate(inputs) if _lasts(values.places[i], variables, written)],
        )
        steps.append(PlannedStep(node, step, inputs, outputs, operands))
        for i in inputs + outputs:
            _extend(values.places[i], now)
        _add_scratch(steps[-1], now, values, variables, written)

    for index, tensor in enumerate(graph.outputs):
        source = ids[tensor.node, tensor.index]
        if values.places[source] != ("output", index):
            _add_copy(steps, values, source, index, tensor.node.origin)

    buffers = {id(b): b for b in values.places if isinstance(b, Buffer)}
    scratches = {id(s.scratch): s.scratch for s in steps if s.scratch is not None}
    arena = assign_offsets([*buffers.values(), *scratches.values()])
    program = _core.Program(
        [
            (spec.dtype, spec.shape, *(("arena", w.offset) if isinstance(w, Buffer) else w))
            for spec, w in zip(values.specs, values.places, strict=True)
        ],
        [(s.step, s.inputs, s.outputs, s.scratch.offset if s.scratch else 0) for s in steps],
        [variable.core for variable in variables],
        arena,
    )
    return program, steps


def _output_specs(nodes: Sequence[Node], graph: Graph) -> dict[Node, list[Spec]]:
    specs: dict[Node, list[Spec]] = {}
    for node in nodes:
        if node.op is not None:
            specs[node] = list(node.op.infer(*(t.spec for t in node.inputs), **node.attrs))
    return specs


def _last_uses(
    nodes: Sequence[Node], outputs: Sequence[Tensor]
) -> dict[tuple[Node, int], Node | None]:
    """The last node that reads each value; reading an alias reads what it stands for.

    None for outputs of the graph: the caller reads them after all nodes.
    """
    root: dict[tuple[Node, int], tuple[Node, int]] = {}
    uses: dict[tuple[Node, int], Node | None] = {}
    for node in nodes:
        for tensor in node.inputs:
            key = (tensor.node, tensor.index)
            uses[root.get(key, key)] = node
        if node.op is not None and node.op.view:
            source = (node.inputs[0].node, node.inputs[0].index)
            root[node, 0] = root.get(source, source)
    for tensor in outputs:
        key = (tensor.node, tensor.index)
        uses[root.get(key, key)] = None
    return uses


def _reused(
    node: Node,
    inputs: Sequence[int],
    spec: Spec,
    values: _Values,
    uses: dict[tuple[Node, int], Node | None],
) -> Buffer | None:
    """Memory of an input that ends here and that the operation may overwrite."""
    assert node.op is not None
    for position in node.op.in_place:
        if position >= len(inputs):
            continue
        tensor = node.inputs[position]
        where = values.places[inputs[position]]
        if (
            isinstance(where, Buffer)
            and where.bytes == spec.bytes
            # Wider elements of fewer numbers fill the same bytes, but not in step.
            and tensor.spec.dtype == spec.dtype
            # An alias' buffer may be read under its other name.
            and uses.get((tensor.node, tensor.index)) is node
            and not (tensor.node.op is not None and tensor.node.op.view)
            and sum(values.places[i] is where for i in inputs) == 1
        ):
            return where
    return None


def _extend(where: tuple[str, int] | Buffer, step: int) -> None:
    if isinstance(where, Buffer):
        where.last = max(where.last, step)


def _lasts(
    where: tuple[str, int] | Buffer, variables: dict[VariableLike, int], written: set[VariableLike]
) -> bool:
    """Whether it is a variable that no run of the Program writes."""
    if isinstance(where, Buffer) or where[0] != "variable":
        return False
    return list(variables)[where[1]] not in written


def _add_scratch(
    planned: PlannedStep,
    now: int,
    values: _Values,
    variables: dict[VariableLike, int],
    written: set[VariableLike],
) -> None:
    """Memory for the step alone. The packed form of a variable that the run leaves alone is kept
    with the variable; any other is made again in the arena (see Program::packs_in_run).
    """
    size = planned.step.scratch_bytes
    source = planned.step.packing_input
    if source >= 0 and not _lasts(values.places[planned.inputs[source]], variables, written):
        size = -(-size // ALIGNMENT) * ALIGNMENT + planned.step.packing_bytes
    if size > 0:
        planned.scratch = Buffer(size, now, now)


def _add_copy(
    steps: list[PlannedStep],
    values: _Values,
    source: int,
    output: int,
    origin: tuple[str, ...],
) -> None:
    spec = values.specs[source]
    target = values.add(spec, ("output", output))
    operand = (spec.dtype, spec.shape)
    copy = Copy()
    step = _core.Operator(copy.name, [operand], [operand], {})
    _extend(values.places[source], len(steps))
    steps.append(PlannedStep(Node(copy, origin=origin), step, [source], [target], [operand]))
