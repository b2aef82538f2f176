"""Gradients as a transformation of the graph: every rule adds nodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastcnn.graph.tensor import Node, Tensor
from fastcnn.graph.trace_mode import origin
from fastcnn.graph.variable import Variable, constant

__all__ = ["ancestors", "gradients"]


def ancestors(tensors: Sequence[Tensor]) -> list[Node]:
    """All nodes that the tensors depend on, in order of execution."""
    seen: dict[Node, None] = {}
    pending = [tensor.node for tensor in tensors]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen[node] = None
            pending.extend(tensor.node for tensor in node.inputs)
    return sorted(seen, key=lambda node: node.serial)


def gradients(
    output: Tensor,
    wrt: Sequence[Tensor | Variable],
    output_gradient: Tensor | None = None,
) -> list[Tensor]:
    """Gradients of ``sum(output * output_gradient)``.

    Args:
        output: A float32 Tensor; a scalar unless ``output_gradient`` is given.
        wrt: Tensors (inputs, inner values) or Variables to differentiate with respect to.
        output_gradient: Weight of each element of the output; ones for a scalar.

    Returns:
        One Tensor for each of ``wrt``, of its shape; zeros where the output does not depend on it.
        Gradients have the origin (:attr:`Node.origin`) of what they are gradients of.

    Raises:
        TypeError: An output that is not a Tensor.
        ValueError: A non-scalar output without weights, or weights of another shape.
    """
    if not isinstance(output, Tensor):
        raise TypeError(
            f"gradients: output must be a Tensor, got {type(output).__name__}: operations on "
            "arrays and Variables alone run at once. Build it inside 'with fastcnn.tracing():', or "
            "take variable.tensor"
        )
    if output_gradient is None:
        if output.shape != ():
            raise ValueError(
                f"gradients: output has shape {output.shape}; reduce it to a scalar (ops.mean, "
                "ops.sum) or give output_gradient"
            )
        output_gradient = constant(np.ones((), np.float32))
    if output_gradient.shape != output.shape:
        raise ValueError(
            f"gradients: output_gradient must have shape {output.shape}, "
            f"got {output_gradient.shape}"
        )
    sources = [item if isinstance(item, Tensor) else item.tensor for item in wrt]
    nodes = ancestors([output])
    # Only nodes between a source and the output can carry a gradient that somebody wants.
    wanted = {tensor.node for tensor in sources}
    useful: set[Node] = set()
    for node in nodes:
        if node in wanted or any(tensor.node in useful for tensor in node.inputs):
            useful.add(node)

    # Gradient of each output of a node, as far as known.
    total: dict[Node, dict[int, Tensor]] = {output.node: {output.index: output_gradient}}
    for node in reversed(nodes):
        if node.op is None or node not in total or node not in useful:
            continue
        known = total[node]
        grads = [known.get(index) for index in range(node.outputs)]
        with origin(node.origin):
            parts = node.op.gradient(node, *grads)
        for tensor, grad in zip(node.inputs, parts, strict=True):
            if grad is None or tensor.node not in useful:
                continue
            sums = total.setdefault(tensor.node, {})
            before = sums.get(tensor.index)
            with origin(tensor.node.origin):
                sums[tensor.index] = grad if before is None else before + grad
    found = [total.get(tensor.node, {}).get(tensor.index) for tensor in sources]
    return [
        constant(np.zeros(tensor.shape, np.float32)) if grad is None else grad
        for tensor, grad in zip(sources, found, strict=True)
    ]
