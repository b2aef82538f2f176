"""What a graph computes from nothing but variables that its runs leave alone: such a value is made
once, kept, and made again when a variable has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from fastcnn import _core
from fastcnn.graph.graph import Graph
from fastcnn.graph.tensor import Node, Op, Spec, Tensor, VariableLike

__all__ = ["Pack", "key_of", "lasting_in", "lasting_nodes"]

#: A value is kept if it takes no more than so many times the bytes of what it is made of, or few:
#: what is only spread out (a constant broadcast to the size of an image) is made in every run.
_MOST_GROWTH = 2
_FEW_BYTES = 1 << 16


class Pack(Op):
    """The form of a value that one operator reads, as bytes."""

    name = "pack"

    def __init__(self, reader: _core.Operator) -> None:
        self.packer = reader.packer()
        self.key = reader.packing_key
        self.bytes = reader.packing_bytes

    def infer(self, *inputs: Spec, **attrs: object) -> tuple[Spec, ...]:
        """Type of the bytes."""
        return (Spec((self.bytes,), "uint8"),)


def lasting_nodes(
    nodes: Sequence[Node], written: set[VariableLike], specs: dict[Node, list[Spec]]
) -> set[Node]:
    """The nodes whose results no run changes, with the variables among them.

    Args:
        nodes: In order of execution.
        written: The variables that a run writes.
        specs: Types of what the operations make.
    """
    sources: dict[Node, frozenset[VariableLike]] = {}
    for node in nodes:
        if node.variable is not None and node.op is None:
            if node.variable not in written:
                sources[node] = frozenset([node.variable])
            continue
        if node.op is None or node.targets or not node.inputs:
            continue
        if any(tensor.node not in sources for tensor in node.inputs):
            continue
        made_of = frozenset[VariableLike]().union(*(sources[t.node] for t in node.inputs))
        size = sum(Spec(v.shape, v.dtype.name).bytes for v in made_of)
        if all(s.bytes <= max(_MOST_GROWTH * size, _FEW_BYTES) for s in specs[node]):
            sources[node] = made_of
    return set(sources)


def lasting_in(graph: Graph) -> set[Node]:
    """The lasting nodes of a graph that passes may still rewrite."""
    nodes = graph.nodes()
    written = {variable for node in nodes for variable in node.targets}
    specs = {
        node: list(node.op.infer(*(t.spec for t in node.inputs), **node.attrs))
        for node in nodes
        if node.op is not None
    }
    return lasting_nodes(nodes, written, specs)


def key_of(tensor: Tensor) -> str:
    """A text that is equal for equal expressions of the same variables. Constants count by value,
    so that programs traced for different shapes share what they derive.
    """
    known: dict[Node, str] = {}

    def text(node: Node) -> str:
        if node not in known:
            known[node] = _leaf(node) if node.op is None else _operation(node)
        return known[node]

    def _operation(node: Node) -> str:
        assert node.op is not None
        name = f"pack for {node.op.key}" if isinstance(node.op, Pack) else node.op.name
        inputs = ", ".join(f"{text(t.node)}.{t.index}" for t in node.inputs)
        shapes = [(t.spec.shape, t.spec.dtype) for t in node.inputs]
        return sha256(
            f"{name} {sorted(node.attrs.items())} {shapes} ({inputs})".encode()
        ).hexdigest()

    return f"{text(tensor.node)}.{tensor.index}"


def _leaf(node: Node) -> str:
    variable = node.variable
    assert variable is not None
    if node.name != "constant":
        return f"variable {variable.core.id}"
    return sha256(variable.numpy().tobytes()).hexdigest() + f" {variable.shape} {variable.dtype}"
