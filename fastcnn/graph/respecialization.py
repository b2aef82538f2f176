"""The same graph for inputs of other sizes, without tracing what made it."""

from __future__ import annotations

from collections.abc import Sequence

from fastcnn.graph.graph import Graph
from fastcnn.graph.tensor import Node, Spec, Tensor, placeholder

__all__ = ["respecialize"]


def respecialize(graph: Graph, inputs: Sequence[Spec]) -> Graph:
    """A graph that computes the same for another batch or image size.

    Every node is made again with the types that follow from those of its inputs. It is for graphs
    without gradients: their nodes have sizes of the forward part among their attributes.

    Args:
        graph: A traced or imported graph, before passes.
        inputs: Types of its inputs, of the same dtypes.

    Raises:
        ValueError: The number of inputs or a dtype differs, or an operation's attributes hold for
            the old sizes alone; names it and says which.
    """
    if len(inputs) != len(graph.inputs):
        count = len(graph.inputs)
        raise ValueError(f"respecialize: the graph has {count} inputs, got {len(inputs)}")
    now: dict[tuple[Node, int], Tensor] = {}
    made = []
    for tensor, spec in zip(graph.inputs, inputs, strict=True):
        if tensor.spec.dtype != spec.dtype:
            raise ValueError(
                f"respecialize: input {tensor.node.name!r} is {tensor.spec.dtype}, got {spec.dtype}"
            )
        made.append(placeholder(spec.shape, spec.dtype, tensor.node.name))
        now[tensor.node, tensor.index] = made[-1]

    def current(tensor: Tensor) -> Tensor:
        return now.get((tensor.node, tensor.index), tensor)

    for node in graph.nodes():
        if node.op is None:
            continue
        operands = tuple(current(tensor) for tensor in node.inputs)
        if operands == node.inputs:
            continue
        specs = [tensor.spec for tensor in operands]
        try:
            attrs = node.op.attrs_for(node, *specs)
            results = node.op.infer(*specs, **attrs)
        except ValueError as error:
            where = f" of {', '.join(node.origin)}" if node.origin else ""
            raise ValueError(f"respecialize: {node.op.name}{where}: {error}") from error
        copy = Node(
            node.op,
            operands,
            attrs,
            node.targets,
            name=node.name,
            outputs=node.outputs,
            origin=node.origin,
            fused=node.fused,
        )
        for index, tensor in enumerate(copy.tensors(*results)):
            now[node, index] = tensor
    return Graph(
        tuple(made),
        tuple(current(tensor) for tensor in graph.outputs),
        tuple(current(tensor) for tensor in graph.updates),
    )
