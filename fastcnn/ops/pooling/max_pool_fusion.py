"""Max-pooling in the epilogue of a convolution: the operations, and the passes that make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.graph.graph import Graph
from fastcnn.graph.passes import graph_pass, rewrite
from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.convolution.convolution import Conv
from fastcnn.ops.elementwise.activation import ReluGrad
from fastcnn.ops.pooling.pooling import MaxPool, MaxPoolGrad

__all__ = ["ConvMaxPool", "MaxPoolArgmaxGrad", "fuse_max_pool", "gate_pooled_gradient"]


class ConvMaxPool(Op):
    """Convolution and 2 x 2 max-pooling: what is pooled away is never stored.

    Inputs and attributes are those of a convolution with two axes; with ``argmax`` a second output
    says which pixel of its window each number comes from.
    """

    name = "conv2d_max_pool"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        """Types of the pooled image, and of the pixels chosen."""
        height, width = Conv().window(*inputs, **attrs).output
        shape = (inputs[0].shape[0], height // 2, width // 2, inputs[1].shape[3])
        return (Spec(shape), Spec(shape, "uint8"))[: 2 if attrs["argmax"] else 1]

    def macs(self, *inputs: Spec, **attrs: Any) -> int:
        """Those of the convolution."""
        return Conv().macs(*inputs, **attrs)

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        """Those of the convolution; ``output`` is the extent before pooling."""
        window = Conv().window(*inputs, **attrs)
        return {"residual": False, **attrs, "padding": window.padding, "output": window.output}


class MaxPoolArgmaxGrad(Op):
    """Gradient of 2 x 2 max-pooling from argmax and dy; ``shape`` is that of the image."""

    name = "max_pool2d_argmax_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        """Type of the image's gradient."""
        return (Spec(tuple(attrs["shape"])),)


@graph_pass
def gate_pooled_gradient(graph: Graph) -> Graph:
    """ReLU before max-pooling: the gradient is gated on the pooled side, a quarter of the work.

    The gradient of a window reaches only its maximum, and the pooled value is that maximum, so
    relu_grad(y, max_pool_grad(y, p, dp)) = max_pool_grad(y, p, relu_grad(p, dp)).
    """

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if not isinstance(node.op, ReluGrad):
            return None
        y, dy = inputs
        if not isinstance(dy.node.op, MaxPoolGrad):
            return None
        pool = dy.node
        image, pooled, pooled_grad = pool.inputs
        if (image.node, image.index) != (y.node, y.index):
            return None
        gated = Node(node.op, (pooled, pooled_grad)).tensors(pooled_grad.spec)[0]
        spread = Node(pool.op, (image, pooled, gated), pool.attrs, origin=pool.origin)
        return spread.tensors(dy.spec)

    return rewrite(graph, rule)


@graph_pass
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
            op, attrs = ConvMaxPool(), {**image.attrs, "argmax": bool(fusable[node])}
            specs = op.infer(*(tensor.spec for tensor in image.inputs), **attrs)
            both = Node.fusing([image, node], op, image.inputs, attrs, len(specs))
            fused[node] = both.tensors(*specs)
            return fused[node][:1]
        pool = node.inputs[1].node if isinstance(node.op, MaxPoolGrad) else None
        if pool is None or pool not in fused:
            return None
        shape = inputs[0].spec
        grad = Node(MaxPoolArgmaxGrad(), (fused[pool][1], inputs[2]), {"shape": shape.shape})
        return grad.tensors(shape)

    return rewrite(graph, rule)


def _pools_pairs(node: Node) -> bool:
    """Whether it is max-pooling with 2 x 2 windows that neither overlap nor are padded."""
    if not isinstance(node.op, MaxPool) or node.attrs["size"] != (2, 2):
        return False
    window = node.op.window(node.inputs[0].spec, **node.attrs)
    return (
        window.strides == (2, 2)
        and window.dilation == (1, 1)
        and not any(window.padding)
        and min(window.output) > 0
    )


def _poolable(image: Node) -> bool:
    if not isinstance(image.op, Conv) or image.inputs[0].ndim != 4:
        return False
    window = image.op.window(*(tensor.spec for tensor in image.inputs), **image.attrs)
    return (
        not any(window.padding)
        and image.attrs["activation"] in {"none", "relu"}
        and not image.attrs.get("residual")
        # A filter for each channel has a step of its own.
        and image.attrs["groups"] < max(2, image.inputs[0].shape[3])
    )


def _gradient_of(node: Node, pool: Node) -> bool:
    """Whether it is the pooling's gradient and reads the image only as that."""
    return (
        isinstance(node.op, MaxPoolGrad)
        and node.inputs[1].node is pool
        and node.inputs[0].node is pool.inputs[0].node
        and node.inputs[2].node is not pool.inputs[0].node
    )
