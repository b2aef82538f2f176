"""Elementwise operations in a row as one operator: the operation, and the pass that makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastcnn.graph.graph import Graph
from fastcnn.graph.passes import graph_pass, rewrite
from fastcnn.graph.tensor import Node, Op, Spec, Tensor

__all__ = ["FusedElementwise", "fuse_elementwise"]

#: Limits of the core (``csrc/ops/elementwise/fused.cpp``), and a bound for what one step reads.
_LONGEST_PERIOD = 4096
_MAX_OPS = 24


class FusedElementwise(Op):
    """Elementwise operations in a row; their intermediate results stay in registers.

    ``ops`` names them with spaces between, ``operands`` has two numbers for each: input k as k,
    the result of operation k as ``-1 - k``. ``shape`` is that of the last result, the output.
    """

    name = "fused_elementwise"
    # Memory is reused only where it has the output's size, and then a group of vectors is
    # read before it is written.
    in_place = tuple(range(64))

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        """Type of the output."""
        return (Spec(tuple(attrs["shape"])),)

    def attrs_for(self, node: Node, *inputs: Spec) -> Mapping[str, Any]:
        """The shape is that over which all inputs spread."""
        return {**node.attrs, "shape": np.broadcast_shapes(*(spec.shape for spec in inputs))}


@graph_pass
def fuse_elementwise(graph: Graph) -> Graph:
    """Elementwise operations that read each other alone are one step, which takes memory through
    all of them a few kilobytes at a time: it is read once and written once.
    """
    groups = _groups(graph)
    now: dict[tuple[Node, int], Tensor] = {}

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        for old, new in zip(node.inputs, inputs, strict=True):
            now[old.node, old.index] = new
        return _fused(groups[node], now) if node in groups else None

    return rewrite(graph, rule) if groups else graph


def _groups(graph: Graph) -> dict[Node, list[Node]]:
    """Groups of elementwise operations that can be one step each.

    All results of a group have one shape, and all but the last are read inside the group alone.

    Returns:
        The members of each group of two and more, in order, by the last.
    """
    nodes = graph.nodes()
    readers: dict[Node, list[Node]] = {}
    for node in nodes:
        for tensor in node.inputs:
            readers.setdefault(tensor.node, []).append(node)
    wanted = {tensor.node for tensor in (*graph.outputs, *graph.updates)}

    last: dict[Node, Node] = {}
    groups: dict[Node, list[Node]] = {}
    for node in reversed(nodes):
        shape = _shape(node)
        if shape is None:
            continue
        ends = {last.get(reader) for reader in readers.get(node, ())}
        end = ends.pop() if len(ends) == 1 and node not in wanted else None
        if end is None or _shape(end) != shape or len(groups[end]) == _MAX_OPS:
            end = node
        last[node] = end
        groups.setdefault(end, []).insert(0, node)
    return {end: members for end, members in groups.items() if len(members) > 1}


def _fused(members: list[Node], current: dict[tuple[Node, int], Tensor]) -> tuple[Tensor, ...]:
    """The members of a group as one node; ``current`` says what outputs of nodes have become."""
    results = {node: -1 - index for index, node in enumerate(members)}
    inputs: dict[tuple[Node, int], tuple[int, Tensor]] = {}
    operands: list[int] = []
    for node in members:
        # A unary operation has its operand twice.
        for tensor in (node.inputs * 2)[:2]:
            if tensor.node in results:
                operands.append(results[tensor.node])
                continue
            now = current[tensor.node, tensor.index]
            operands.append(inputs.setdefault((now.node, now.index), (len(inputs), now))[0])
    shape = _shape(members[-1])
    assert shape is not None
    names = " ".join(node.op.name for node in members if node.op)
    attrs = {"ops": names, "operands": tuple(operands), "shape": shape}
    arrays = tuple(tensor for _, tensor in inputs.values())
    return Node.fusing(members, FusedElementwise(), arrays, attrs).tensors(Spec(shape))


def _shape(node: Node) -> tuple[int, ...] | None:
    """The shape of its result, if it can be a member of a group."""
    if node.op is None or node.targets or not node.op.elementwise:
        return None
    (spec,) = node.op.infer(*(tensor.spec for tensor in node.inputs), **node.attrs)
    fits = spec.elements > 0 and all(_repeats(t.spec, spec) for t in node.inputs)
    whole = any(tensor.spec.elements == spec.elements for tensor in node.inputs)
    return spec.shape if fits and whole else None


def _repeats(operand: Spec, result: Spec) -> bool:
    """Whether it has the result's elements, or one, or repeats along the result's first axes."""
    if operand.dtype != "float32":
        return False
    if operand.elements in (1, result.elements):
        return True
    shape = operand.shape
    while shape and shape[0] == 1:
        shape = shape[1:]
    return (
        operand.elements <= _LONGEST_PERIOD
        and len(shape) <= len(result.shape)
        and result.shape[len(result.shape) - len(shape) :] == shape
    )
