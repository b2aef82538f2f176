"""Batch normalisation with known statistics in the filters of the convolution before it."""

from __future__ import annotations

import numpy as np

from fastcnn.graph.graph import Graph
from fastcnn.graph.passes import count_readers, graph_pass, rewrite
from fastcnn.graph.planning.derived import lasting_in
from fastcnn.graph.tensor import Node, Tensor
from fastcnn.ops.common.epilogue import EpilogueOp
from fastcnn.ops.elementwise.arithmetic import add, divide, multiply, sqrt, subtract
from fastcnn.ops.movement.shaping import reshape
from fastcnn.ops.normalization.batch import BatchNormalization

__all__ = ["fold_batch_norm"]


@graph_pass
def fold_batch_norm(graph: Graph) -> Graph:
    """Normalising with known mean and variance scales and shifts each channel, which scaled filters
    and another bias of the convolution or product before it do as well (Jacob et al., 2018, section
    3.2). They depend on variables alone, so they are computed again only when one of these changes.
    """
    readers = count_readers(graph)
    lasting = lasting_in(graph)

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if not isinstance(node.op, BatchNormalization):
            return None
        before = node.inputs[0]
        source = before.node
        if (
            not isinstance(source.op, EpilogueOp)
            or readers[before.node, before.index] != 1
            or source.attrs["activation"] != "none"
            or source.attrs.get("residual")
            or not all(t.node in lasting for t in (*source.inputs[1:], *node.inputs[1:]))
        ):
            return None
        axis = source.op.kernel_channel_axis(source)
        if axis is None:
            return None
        _, gamma, beta, mean, variance = inputs
        scale = divide(gamma, sqrt(add(variance, np.float32(node.attrs["epsilon"]))))
        now = inputs[0].node
        x, kernel = now.inputs[:2]
        bias = source.op.bias(now)
        middle = mean if bias is None else subtract(mean, bias)
        along = [1] * kernel.ndim
        along[axis] = scale.shape[0]
        folded = (
            x,
            multiply(kernel, reshape(scale, along)),
            subtract(beta, multiply(middle, scale)),
        )
        made = Node.fusing([now, node], source.op, folded, source.attrs)
        return made.tensors(inputs[0].spec)

    return rewrite(graph, rule)
