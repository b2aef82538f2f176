"""Passes: small pure functions Graph -> Graph. Each can be left out by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from fastcnn.graph.lowering import Graph
from fastcnn.graph.tensor import Node, Tensor

__all__ = ["PASSES", "fuse_activation", "gate_pooled_gradient", "run_passes"]

#: Makes the replacement of a node's outputs from its (already replaced) inputs, or None.
Rule = Callable[[Node, tuple[Tensor, ...]], "tuple[Tensor, ...] | None"]

_FUSABLE = {"relu", "sigmoid", "tanh"}


def _rewrite(graph: Graph, rule: Rule) -> Graph:
    """Rebuilds the graph node by node, with what ``rule`` puts in place of a node."""
    now: dict[tuple[Node, int], Tensor] = {}

    def current(tensor: Tensor) -> Tensor:
        return now.get((tensor.node, tensor.index), tensor)

    for node in graph.nodes():
        if node.op is None:
            continue
        inputs = tuple(current(tensor) for tensor in node.inputs)
        replaced = rule(node, inputs)
        if replaced is None:
            if inputs == node.inputs:
                continue
            copy = Node(
                node.op, inputs, node.attrs, node.targets, name=node.name, outputs=node.outputs
            )
            replaced = copy.tensors(*node.op.infer(*(t.spec for t in inputs), **node.attrs))
        for index, tensor in enumerate(replaced):
            now[node, index] = tensor
    return Graph(
        graph.inputs,
        tuple(current(tensor) for tensor in graph.outputs),
        tuple(current(tensor) for tensor in graph.updates),
    )


def _readers(graph: Graph) -> Counter[tuple[Node, int]]:
    counts: Counter[tuple[Node, int]] = Counter()
    for node in graph.nodes():
        counts.update((tensor.node, tensor.index) for tensor in node.inputs)
    counts.update((tensor.node, tensor.index) for tensor in graph.outputs)
    return counts


def _made_by(tensor: Tensor, name: str) -> bool:
    return tensor.node.op is not None and tensor.node.op.name == name


def fuse_activation(graph: Graph) -> Graph:
    """A ReLU, sigmoid or tanh that alone reads a convolution or product is computed before the
    result is first stored.
    """
    readers = _readers(graph)

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if node.op is None or node.op.name not in _FUSABLE:
            return None
        source, before = inputs[0].node, node.inputs[0]
        if (
            source.op is None
            or source.op.name not in {"conv2d", "matmul"}
            or source.attrs["activation"] != "none"
            or source.attrs.get("transpose_a", False)
            or readers[before.node, before.index] != 1
        ):
            return None
        fused = Node(source.op, source.inputs, {**source.attrs, "activation": node.op.name})
        return fused.tensors(inputs[0].spec)

    return _rewrite(graph, rule)


def gate_pooled_gradient(graph: Graph) -> Graph:
    """ReLU before max-pooling: the gradient is gated on the pooled side, a quarter of the work.

    The gradient of a window reaches only its maximum, and the pooled value is that maximum, so
    relu_grad(y, max_pool2d_grad(y, p, dp)) = max_pool2d_grad(y, p, relu_grad(p, dp)).
    """

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if node.op is None or node.op.name != "relu_grad":
            return None
        y, dy = inputs
        if not _made_by(dy, "max_pool2d_grad"):
            return None
        pool = dy.node
        image, pooled, pooled_grad = pool.inputs
        if (image.node, image.index) != (y.node, y.index):
            return None
        gated = Node(node.op, (pooled, pooled_grad)).tensors(pooled_grad.spec)[0]
        return Node(pool.op, (image, pooled, gated), pool.attrs).tensors(dy.spec)

    return _rewrite(graph, rule)


#: All passes, in order, by name.
PASSES: dict[str, Callable[[Graph], Graph]] = {
    "fuse_activation": fuse_activation,
    "gate_pooled_gradient": gate_pooled_gradient,
}


def run_passes(graph: Graph, *, without: Sequence[str] = ()) -> Graph:
    """Runs all passes but those named.

    Raises:
        ValueError: ``without`` names no pass.
    """
    for name in without:
        if name not in PASSES:
            raise ValueError(f"no pass is called {name!r}; there are {', '.join(PASSES)}")
    for name, transform in PASSES.items():
        if name not in without:
            graph = transform(graph)
    return graph
