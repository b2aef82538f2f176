"""Gradients of gradients, for steps whose own gradient is rare: by differentiating a formula."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastcnn.graph.autodiff import gradients
from fastcnn.graph.tensor import Node, Tensor
from fastcnn.ops.movement.shaping import stop_gradient

__all__ = ["by_formula"]


def by_formula(
    node: Node,
    grads: Sequence[Tensor | None],
    formula: Callable[..., Tensor | tuple[Tensor, ...]],
) -> list[Tensor | None]:
    """Gradients of a node's inputs, found by differentiating ``formula``.

    The forward pass keeps its one step; only who asks for this gradient computes what the formula
    says.

    Args:
        node: The use of an operation.
        grads: Gradients of its outputs.
        formula: The same function of the float32 inputs in operations that have gradient rules.
            Other inputs are handed to it as they are.
    """
    # Copies, so that what an input depends on is not differentiated here.
    copies: list[Tensor] = [
        stop_gradient(x) if x.spec.dtype == "float32" else x for x in node.inputs
    ]
    results = formula(*copies)
    results = results if isinstance(results, tuple) else (results,)
    wanted = [k for k, x in enumerate(node.inputs) if x.spec.dtype == "float32"]
    total: list[Tensor | None] = [None] * len(copies)
    for result, grad in zip(results, grads, strict=True):
        if grad is None:
            continue
        found = gradients(result, [copies[k] for k in wanted], grad)
        for k, part in zip(wanted, found, strict=True):
            before = total[k]
            total[k] = part if before is None else before + part
    return total
