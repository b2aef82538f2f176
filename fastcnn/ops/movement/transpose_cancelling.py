"""Transpositions moved towards the outputs until they cancel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.graph.graph import Graph
from fastcnn.graph.passes import graph_pass, rewrite
from fastcnn.graph.tensor import Node, Tensor
from fastcnn.ops.common.public_operation import apply
from fastcnn.ops.movement.shaping import Transpose, reshaped

__all__ = ["cancel_transposes"]


@graph_pass
def cancel_transposes(graph: Graph) -> Graph:
    """An operation that treats all axes alike, or can be told other ones, works on what was there
    before its inputs were transposed, and its result is transposed instead. Two transpositions in a
    row are one, or none: a network written for channels first, whose convolutions transpose there
    and back, keeps channels last from its first convolution to its last.
    """
    if not any(isinstance(node.op, Transpose) for node in graph.nodes()):
        return graph

    def rule(node: Node, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...] | None:
        if isinstance(node.op, Transpose):
            return _composed(node, inputs[0])
        axes = {t.node.attrs["axes"] for t in inputs if _is_transposed(t)}
        if len(axes) != 1 or node.op is None or node.targets or node.outputs != 1:
            return None
        (order,) = axes
        attrs = node.op.moved(node, order)
        sources = [_before(tensor, order) for tensor in inputs]
        if attrs is None or any(source is None for source in sources):
            return None
        return (_after(node, tuple(s for s in sources if s is not None), attrs, order),)

    return rewrite(graph, rule)


def _is_transposed(tensor: Tensor) -> bool:
    return isinstance(tensor.node.op, Transpose)


def _composed(node: Node, x: Tensor) -> tuple[Tensor, ...] | None:
    """A transposition of a transposed tensor as one of what was there before, and as none where it
    moves nothing but axes of size 1.
    """
    axes = node.attrs["axes"]
    if _is_transposed(x):
        inner = x.node.attrs["axes"]
        x = x.node.inputs[0]
        axes = tuple(inner[axis] for axis in axes)
    shape = tuple(x.shape[axis] for axis in axes)
    if _keeps_order(shape, axes):
        return (reshaped(x, shape),)
    return None if x is node.inputs[0] else apply(Transpose(), x, axes=axes)


def _before(tensor: Tensor, order: tuple[int, ...]) -> Tensor | None:
    """What, transposed by ``order``, is the tensor, if that costs nothing."""
    if _is_transposed(tensor) and tensor.node.attrs["axes"] == order:
        return tensor.node.inputs[0]
    if tensor.spec.elements == 1:
        return reshaped(tensor, (1,) * len(order)) if tensor.ndim else tensor
    if tensor.ndim > len(order):
        return None
    # An operand that is spread over the others, such as a number for each channel, where only axes
    # of size 1 move.
    shape = (1,) * (len(order) - tensor.ndim) + tensor.shape
    if not _keeps_order(shape, order):
        return None
    back = [0] * len(order)
    for axis, source in enumerate(order):
        back[source] = shape[axis]
    return reshaped(tensor, back)


def _keeps_order(shape: tuple[int, ...], order: tuple[int, ...]) -> bool:
    """Whether a transposition by ``order`` to this shape leaves the elements where they are."""
    sources = [source for source, size in zip(order, shape, strict=True) if size > 1]
    return sources == sorted(sources)


def _after(
    node: Node, sources: tuple[Tensor, ...], attrs: Mapping[str, Any], order: tuple[int, ...]
) -> Tensor:
    assert node.op is not None
    made = Node(node.op, sources, attrs, origin=node.origin, fused=node.fused)
    (spec,) = node.op.infer(*(source.spec for source in sources), **attrs)
    (y,) = made.tensors(spec)
    return apply(Transpose(), y, axes=order)[0]
