"""How passes rewrite a graph, and the passes that traits of operations suffice for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from fastcnn.graph.graph import Graph
from fastcnn.graph.passes.pipeline import graph_pass
from fastcnn.graph.tensor import Node, Tensor
from fastcnn.graph.trace_mode import origin

__all__ = ["Rule", "count_readers", "drop_custom_gradients", "fuse_activation", "rewrite"]

#: Makes the replacement of a node's outputs from its (already replaced) inputs, or None.
Rule = Callable[[Node, tuple[Tensor, ...]], "tuple[Tensor, ...] | None"]


def rewrite(graph: Graph, rule: Rule, now: dict[tuple[Node, int], Tensor] | None = None) -> Graph:
    """Rebuilds the graph node by node, with what ``rule`` puts in place of a node.

    ``now``, for the rule to read, is filled with what outputs of nodes have become, where they are
    no longer the same.

    Nodes that the rule makes have the origin of the one they replace, unless it says otherwise, as
    with :meth:`~fastcnn.graph.tensor.Node.fusing`.
    """
    now = {} if now is None else now

    def current(tensor: Tensor) -> Tensor:
        return now.get((tensor.node, tensor.index), tensor)

    for node in graph.nodes():
        if node.op is None:
            continue
        inputs = tuple(current(tensor) for tensor in node.inputs)
        with origin(node.origin):
            replaced = rule(node, inputs)
        if replaced is None:
            if inputs == node.inputs:
                continue
            copy = Node(
                node.op,
                inputs,
                node.attrs,
                node.targets,
                name=node.name,
                outputs=node.outputs,
                origin=node.origin,
                fused=node.fused,
            )
            replaced = copy.tensors(*node.op.infer(*(t.spec for t in inputs), **node.attrs))
        for index, tensor in enumerate(replaced):
            now[node, index] = tensor
    return Graph(
        graph.inputs,
        tuple(current(tensor) for tensor in graph.outputs),
        tuple(current(tensor) for tensor in graph.updates),
    )


def count_readers(graph: Graph) -> Counter[tuple[Node, int]]:
    """How many nodes, and outputs of the graph, read each output of each node."""
    counts: Counter[tuple[Node, int]] = Counter()
    for node in graph.nodes():
        counts.update((tensor.node, tensor.index) for tensor in node.inputs)
    counts.update((tensor.node, tensor.index) for tensor in graph.outputs)
    return counts


@graph_pass
def drop_custom_gradients(graph: Graph) -> Graph:
    """Values that carry a gradient rule of their own are those values: it has done its work."""

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        return inputs[:1] if node.op is not None and node.op.custom_gradient else None

    return rewrite(graph, rule)


@graph_pass
def fuse_activation(graph: Graph) -> Graph:
    """An activation that alone reads a convolution or product is computed before the result is
    first stored.
    """
    readers = count_readers(graph)

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if node.op is None or not node.op.epilogue_activation:
            return None
        source, before = inputs[0].node, node.inputs[0]
        if (
            source.op is None
            or not source.op.fuses_activation(source, node.op.epilogue_activation)
            or readers[before.node, before.index] != 1
        ):
            return None
        attrs = {**source.attrs, "activation": node.op.epilogue_activation}
        fused = Node.fusing([source, node], source.op, source.inputs, attrs)
        return fused.tensors(inputs[0].spec)

    return rewrite(graph, rule)
