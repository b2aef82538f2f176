"""In which order a Program runs the nodes of a graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fastcnn.graph.graph import Graph
from fastcnn.graph.tensor import Node, Spec, Tensor, VariableLike

__all__ = ["peak_bytes", "schedule"]

#: Updates run last, so that a run can be given up until then without harm to a variable, unless
#: updates as early as possible take so much less memory.
_WORTHWHILE = 0.95


def schedule(graph: Graph, specs: Mapping[Node, Sequence[Spec]], free: set[Node]) -> list[Node]:
    """An order in which few bytes are live at a time, and always the same one.

    Every node follows its inputs, and what reads a variable comes before what writes it; updates
    that touch the same variable keep their order. Within this, each result is made shortly before
    it is read: a gradient of weights right when its operands are there, rather than when all
    gradients are.

    Args:
        graph: Its nodes' order of creation is among those that are compared.
        specs: Types of what the operations make.
        free: Nodes whose results take no memory of a run.
    """
    nodes = graph.nodes()
    orders = [nodes, _depth_first(graph, nodes, updates_last=True)]
    late = min(orders, key=lambda order: peak_bytes(graph, order, specs, free))
    if not graph.updates:
        return late
    early = _depth_first(graph, nodes, updates_last=False)
    limit = _WORTHWHILE * peak_bytes(graph, late, specs, free)
    return early if peak_bytes(graph, early, specs, free) < limit else late


def _depth_first(graph: Graph, nodes: Sequence[Node], *, updates_last: bool) -> list[Node]:
    """Each root in turn with what it needs and is not there yet, least deep roots first. Of what a
    node needs the deepest comes first: what is made quickly waits until it is needed.
    """
    updates = [tensor.node for tensor in graph.updates]
    before = _dependencies(nodes, updates)
    depth: dict[Node, int] = {}
    place = {node: index for index, node in enumerate(nodes)}
    for node in nodes:
        depth[node] = 1 + max((depth[other] for other in before[node]), default=0)

    def by_depth(some: Iterable[Node]) -> list[Node]:
        """The least deep ones first, of equals those that were created first."""
        return sorted(dict.fromkeys(some), key=lambda node: (depth[node], place[node]))

    def last_first(some: Iterable[Node]) -> list[Node]:
        """The deepest ones last, of equals those that were created first."""
        return sorted(dict.fromkeys(some), key=lambda node: (depth[node], -place[node]))

    outputs = [tensor.node for tensor in graph.outputs]
    if updates_last:
        operands = [other for node in updates for other in before[node] if not other.targets]
        roots = [*by_depth([*outputs, *operands]), *dict.fromkeys(updates)]
    else:
        roots = by_depth([*outputs, *updates])

    done: dict[Node, None] = {}
    for root in roots:
        pending = [root]
        while pending:
            node = pending[-1]
            missing = [other for other in before[node] if other not in done]
            if node in done or not missing:
                done[node] = None
                pending.pop()
            else:
                # The last one pushed is the first one made.
                pending.extend(last_first(missing))
    # Inputs that nothing reads.
    done.update(dict.fromkeys(nodes))
    return list(done)


def _dependencies(nodes: Sequence[Node], updates: Sequence[Node]) -> dict[Node, list[Node]]:
    """What has to run before each node, directly. ``nodes`` are in an order of execution."""
    before = {node: [tensor.node for tensor in node.inputs] for node in nodes}
    rank = {node: index for index, node in enumerate(updates)}
    readers: dict[VariableLike, list[Node]] = {}
    writers: dict[VariableLike, list[Node]] = {}
    for node in nodes:
        for variable in node.targets:
            writers.setdefault(variable, []).append(node)
        for tensor in node.inputs:
            variable_read = tensor.node.variable
            if variable_read is not None:
                readers.setdefault(variable_read, []).append(node)
    for variable, those in writers.items():
        touching = [*readers.get(variable, ()), *those]
        for writer in those:
            for other in touching:
                if other is writer:
                    continue
                if other not in rank or rank[other] < rank[writer]:
                    before[writer].append(other)
                else:
                    before[other].append(writer)
    return before


def peak_bytes(
    graph: Graph, order: Sequence[Node], specs: Mapping[Node, Sequence[Spec]], free: set[Node]
) -> int:
    """The most bytes that results of nodes take at a time, if each lives from the node that makes
    it to the last one that reads it. What the caller gets counts as well.
    """
    end = len(order)
    made: dict[tuple[Node, int], int] = {}
    last: dict[tuple[Node, int], int] = {}

    def root(tensor: Tensor) -> tuple[Node, int]:
        node = tensor.node
        while node.op is not None and node.op.view:
            tensor = node.inputs[0]
            node = tensor.node
        return node, tensor.index

    for now, node in enumerate(order):
        for tensor in node.inputs:
            last[root(tensor)] = now
        if node.op is None or node.op.view or node.targets or node in free:
            continue
        for index in range(len(specs[node])):
            made[node, index] = now
            last[node, index] = now
    for tensor in graph.outputs:
        last[root(tensor)] = end
    change = [0] * (end + 2)
    for (node, index), begin in made.items():
        size = specs[node][index].bytes
        change[begin] += size
        change[last[node, index] + 1] -= size
    live = most = 0
    for each in change:
        live += each
        most = max(most, live)
    return most
