"""The sum of a residual block in the epilogue of its last convolution."""

from __future__ import annotations

from fastcnn.graph.graph import Graph
from fastcnn.graph.passes import count_readers, graph_pass, rewrite
from fastcnn.graph.tensor import Node, Tensor
from fastcnn.ops.elementwise.arithmetic import Add

__all__ = ["fuse_residual"]


@graph_pass
def fuse_residual(graph: Graph) -> Graph:
    """A value that is added to the result of a convolution or product, which nobody else reads, is
    added before the result is first stored. Usually the sum then takes the memory of that value.
    """
    readers = count_readers(graph)
    order = {node: place for place, node in enumerate(graph.nodes())}

    def fuses(old: Tensor, new: Tensor, residual: Tensor) -> bool:
        return (
            readers[old.node, old.index] == 1
            and new.node.op is not None
            and new.node.op.fuses_residual(new.node)
            and residual.spec == new.spec
        )

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if not isinstance(node.op, Add):
            return None
        pairs = list(zip(node.inputs, inputs, strict=True))
        # Of two convolutions the later one, when the result of the other is there.
        pairs.sort(key=lambda pair: order[pair[0].node])
        for (_, residual), (old, new) in (pairs, pairs[::-1]):
            if fuses(old, new, residual):
                source = new.node
                assert source.op is not None
                attrs = {**source.attrs, "residual": True}
                inputs = (*source.inputs, residual)
                return Node.fusing([source, node], source.op, inputs, attrs).tensors(new.spec)
        return None

    return rewrite(graph, rule)
