"""From a graph to a Program: prepares the steps, gives every value its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from fastcnn import _core
from fastcnn.graph.graph import Graph
from fastcnn.graph.planning.derived import Pack, key_of, lasting_nodes
from fastcnn.graph.planning.memory_planner import ALIGNMENT, Buffer, assign_offsets
from fastcnn.graph.planning.scheduling import schedule
from fastcnn.graph.tensor import Node, Op, Spec, Tensor, VariableLike

__all__ = ["Copy", "Lowered", "PlannedStep", "lower"]


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
    #: Which derived value is its packed input; -1 for none.
    packed: int = -1


@dataclass
class _Values:
    """The Program's values as they are found, each with a place of its own or in the arena."""

    specs: list[Spec] = field(default_factory=list)
    places: list[tuple[str, int] | Buffer] = field(default_factory=list)

    def add(self, spec: Spec, where: tuple[str, int] | Buffer) -> int:
        self.specs.append(spec)
        self.places.append(where)
        return len(self.specs) - 1


@dataclass
class Lowered:
    """A Program, whose inputs and outputs are those of the graph, and what explains it."""

    program: _core.Program
    steps: list[PlannedStep]
    #: What the Program keeps beside its variables.
    derived: list[_core.DerivedValue]


def lower(graph: Graph) -> Lowered:
    """Prepares every operation and plans the arena.

    Raises:
        ValueError: What a step refuses, or a placeholder that is not among the inputs.
    """
    return _Lowering(graph, derives=True).result()


class _Lowering:
    """One graph on its way to a Program.

    Args:
        graph: What to lower.
        derives: Whether values that last are derived, by programs of their own. In those they are
            computed like any other.
    """

    def __init__(self, graph: Graph, *, derives: bool) -> None:
        self._graph = graph
        nodes = graph.nodes()
        self._values = _Values()
        self._variables: dict[VariableLike, int] = {}
        self._derived: dict[str, int] = {}
        self._derived_values: list[_core.DerivedValue] = []
        self._ids: dict[tuple[Node, int], int] = {}
        self._steps: list[PlannedStep] = []
        self._specs = _output_specs(nodes)
        written = {variable for node in nodes for variable in node.targets}
        self._lasting = lasting_nodes(nodes, written, self._specs)
        self._hoisted = {n for n in self._lasting if n.op is not None} if derives else set()
        self._nodes = schedule(graph, self._specs, self._hoisted)
        self._uses = _last_uses(self._nodes, graph.outputs)
        self._derives = derives
        self._wanted: dict[tuple[Node, int], int] = {}
        for index, tensor in enumerate(graph.outputs):
            self._wanted.setdefault((tensor.node, tensor.index), index)

    def result(self) -> Lowered:
        """The Program."""
        for index, tensor in enumerate(self._graph.inputs):
            self._ids[tensor.node, tensor.index] = self._values.add(tensor.spec, ("input", index))
        for node in self._nodes:
            if node.op is None or node in self._hoisted:
                continue
            if node.op.view:
                source = self._id(node.inputs[0])
                spec = self._specs[node][0]
                self._ids[node, 0] = self._values.add(spec, self._values.places[source])
            else:
                self._add_step(node)
        for index, tensor in enumerate(self._graph.outputs):
            source = self._id(tensor)
            if self._values.places[source] != ("output", index):
                self._add_copy(source, index, tensor.node.origin)

        values, steps = self._values, self._steps
        buffers = {id(b): b for b in values.places if isinstance(b, Buffer)}
        scratches = {id(s.scratch): s.scratch for s in steps if s.scratch is not None}
        arena = assign_offsets([*buffers.values(), *scratches.values()])
        program = _core.Program(
            [
                (spec.dtype, spec.shape, *(("arena", w.offset) if isinstance(w, Buffer) else w))
                for spec, w in zip(values.specs, values.places, strict=True)
            ],
            [
                (s.step, s.inputs, s.outputs, s.scratch.offset if s.scratch else 0, s.packed)
                for s in steps
            ],
            [variable.core for variable in self._variables],
            arena,
            self._derived_values,
        )
        return Lowered(program, steps, self._derived_values)

    def _variable_place(self, variable: VariableLike) -> tuple[str, int]:
        return ("variable", self._variables.setdefault(variable, len(self._variables)))

    def _id(self, tensor: Tensor) -> int:
        """The value of a tensor; variables and derived values get theirs when first asked for."""
        key = (tensor.node, tensor.index)
        if key not in self._ids:
            node = tensor.node
            if node.variable is not None and node.op is None:
                place = self._variable_place(node.variable)
            else:
                place = ("derived", self._derive(tensor))
            self._ids[key] = self._values.add(tensor.spec, place)
        return self._ids[key]

    def _derive(self, tensor: Tensor) -> int:
        """The derived value that holds a tensor, made by a Program of its own."""
        key = key_of(tensor)
        if key not in self._derived:
            made = _Lowering(Graph((), (tensor,)), derives=False)
            program = made.result().program
            # Runs keep the sources from changing, so they are variables of this Program as well.
            for variable in made._variables:
                self._variable_place(variable)
            self._derived[key] = len(self._derived_values)
            self._derived_values.append(_core.derived_value(key, program))
        return self._derived[key]

    def _add_step(self, node: Node) -> None:
        assert node.op is not None
        values = self._values
        specs = self._specs[node]
        operands = [(spec.dtype, spec.shape) for spec in specs]
        lasting = [at for at, t in enumerate(node.inputs) if t.node in self._lasting]
        if isinstance(node.op, Pack):
            step = node.op.packer
        else:
            step = _core.Operator(
                node.op.name,
                [(tensor.spec.dtype, tensor.spec.shape) for tensor in node.inputs],
                operands,
                dict(node.op.core_attrs(*(tensor.spec for tensor in node.inputs), **node.attrs)),
                lasting if self._derives else [],
            )
        packed = -1
        inputs = []
        for at, tensor in enumerate(node.inputs):
            if self._derives and at == step.packing_input and at in lasting:
                form = Node(Pack(step), (tensor,)).tensors(Spec((step.packing_bytes,), "uint8"))
                packed = self._derive(form[0])
                inputs.append(values.add(tensor.spec, ("nowhere", 0)))
            else:
                inputs.append(self._id(tensor))
        now = len(self._steps)
        outputs = []
        for index, spec in enumerate(specs):
            where: tuple[str, int] | Buffer
            if node.targets:
                where = self._variable_place(node.targets[index])
            elif (node, index) in self._wanted:
                where = ("output", self._wanted[node, index])
            else:
                reused = None if index else _reused(node, inputs, spec, values, self._uses)
                where = reused or Buffer(spec.bytes, now, now)
            outputs.append(values.add(spec, where))
            self._ids[node, index] = outputs[-1]
        planned = PlannedStep(node, step, inputs, outputs, operands, packed=packed)
        # A packed form that does not last is made in the run, after the step's own scratch.
        size = step.scratch_bytes
        if packed < 0 and step.packs_in_run:
            size = -(-size // ALIGNMENT) * ALIGNMENT + step.packing_bytes
        if size > 0:
            planned.scratch = Buffer(size, now, now)
        self._steps.append(planned)
        for i in inputs + outputs:
            _extend(values.places[i], now)

    def _add_copy(self, source: int, output: int, origin: tuple[str, ...]) -> None:
        spec = self._values.specs[source]
        target = self._values.add(spec, ("output", output))
        operand = (spec.dtype, spec.shape)
        copy = Copy()
        step = _core.Operator(copy.name, [operand], [operand], {})
        _extend(self._values.places[source], len(self._steps))
        self._steps.append(
            PlannedStep(Node(copy, origin=origin), step, [source], [target], [operand])
        )


def _output_specs(nodes: Sequence[Node]) -> dict[Node, list[Spec]]:
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
    for position in node.op.in_place_inputs(node):
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
