"""Passes: small pure functions Graph -> Graph. Each can be left out by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from fastcnn.graph.chains import chain, elementwise_chains
from fastcnn.graph.fused import Conv2DMaxPool, MaxPool2DArgmaxGrad
from fastcnn.graph.lowering import Graph
from fastcnn.graph.tensor import Node, Tensor

__all__ = [
    "PASSES",
    "drop_slopes",
    "fuse_activation",
    "fuse_elementwise",
    "fuse_max_pool",
    "gate_pooled_gradient",
    "run_passes",
]

#: Makes the replacement of a node's outputs from its (already replaced) inputs, or None.
Rule = Callable[[Node, tuple[Tensor, ...]], "tuple[Tensor, ...] | None"]

_FUSABLE = {"relu", "sigmoid", "tanh"}
_FUSING = {"conv", "conv2d", "conv_transpose", "matmul"}


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
    return _made(tensor.node, name)


def _made(node: Node, name: str) -> bool:
    return node.op is not None and node.op.name == name


def drop_slopes(graph: Graph) -> Graph:
    """Values that carry a gradient rule of their own are those values: it has done its work."""

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        return inputs[:1] if _made(node, "with_slope") else None

    return _rewrite(graph, rule)


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
            or source.op.name not in _FUSING
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


def fuse_max_pool(graph: Graph) -> Graph:
    """Max-pooling with 2 x 2 windows of a convolution without padding is done while the results
    are still in registers. Neither the image before pooling nor its uncovered edge is ever made;
    the gradient needs one byte a window instead of it.
    """
    readers: dict[tuple[Node, int], list[Node]] = {}
    for node in graph.nodes():
        for tensor in node.inputs:
            readers.setdefault((tensor.node, tensor.index), []).append(node)
    wanted = {(tensor.node, tensor.index) for tensor in graph.outputs}

    # Gradients by the pooling they belong to.
    fusable: dict[Node, list[Node]] = {}
    for node in graph.nodes():
        if not _pools_pairs(node) or (image := node.inputs[0].node, 0) in wanted:
            continue
        others = [reader for reader in readers[image, 0] if reader is not node]
        if _poolable(image) and all(_gradient_of(reader, node) for reader in others):
            fusable[node] = others

    fused: dict[Node, tuple[Tensor, ...]] = {}

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if node in fusable:
            image = inputs[0].node
            op, attrs = Conv2DMaxPool(), {**image.attrs, "argmax": bool(fusable[node])}
            specs = op.infer(*(tensor.spec for tensor in image.inputs), **attrs)
            fused[node] = Node(op, image.inputs, attrs, outputs=len(specs)).tensors(*specs)
            return fused[node][:1]
        pool = node.inputs[1].node if _made(node, "max_pool2d_grad") else None
        if pool not in fused:
            return None
        shape = inputs[0].spec
        grad = Node(MaxPool2DArgmaxGrad(), (fused[pool][1], inputs[2]), {"shape": shape.shape})
        return grad.tensors(shape)

    return _rewrite(graph, rule)


def fuse_elementwise(graph: Graph) -> Graph:
    """Elementwise operations that read each other alone are one step, which takes memory through
    all of them a few kilobytes at a time: it is read once and written once.
    """
    groups = elementwise_chains(graph)
    now: dict[tuple[Node, int], Tensor] = {}

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        for old, new in zip(node.inputs, inputs, strict=True):
            now[old.node, old.index] = new
        return chain(groups[node], now) if node in groups else None

    return _rewrite(graph, rule) if groups else graph


def _pools_pairs(node: Node) -> bool:
    """Whether it is max-pooling with 2 x 2 windows that neither overlap nor are padded."""
    return (
        _made(node, "max_pool2d")
        and node.attrs["size"] == node.attrs["strides"] == (2, 2)
        and not any(node.attrs["padding"])
        and min(node.attrs["output"]) > 0
    )


def _poolable(image: Node) -> bool:
    return (
        _made(image, "conv2d")
        and not any(image.attrs["padding"])
        and image.attrs["activation"] in {"none", "relu"}
        # A filter for each channel has a step of its own.
        and image.attrs["groups"] < max(2, image.inputs[0].shape[3])
    )


def _gradient_of(node: Node, pool: Node) -> bool:
    """Whether it is the pooling's gradient and reads the image only as that."""
    return (
        _made(node, "max_pool2d_grad")
        and node.inputs[1].node is pool
        and node.inputs[0].node is pool.inputs[0].node
        and node.inputs[2].node is not pool.inputs[0].node
    )


#: All passes, in order, by name.
PASSES: dict[str, Callable[[Graph], Graph]] = {
    "drop_slopes": drop_slopes,
    "fuse_activation": fuse_activation,
    "gate_pooled_gradient": gate_pooled_gradient,
    "fuse_max_pool": fuse_max_pool,
    "fuse_elementwise": fuse_elementwise,
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
