"""What convolutions and products do to a sum before they first store it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.graph.tensor import Node, Op, Spec, Tensor

__all__ = ["EpilogueOp"]


def _activated(node: Node) -> bool:
    return bool(node.attrs["activation"] != "none")


class EpilogueOp(Op):
    """An operation whose operator stores ``activation(sum + bias + residual)``
    (``csrc/ops/common/epilogue.h``).

    Inputs: two operands, maybe a bias with a number for each channel, maybe a residual like the
    result. Attributes: ``activation``, and ``residual`` where there is one. Passes append to both;
    a residual comes from them alone, after gradients have been taken.
    """

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        """The attributes, the absent residual said."""
        return {"residual": False, **attrs}

    def fuses_activation(self, node: Node, activation: str) -> bool:
        """Whether the node has none yet."""
        return not _activated(node)

    def fuses_residual(self, node: Node) -> bool:
        """Whether the node has none yet; an activation comes after it."""
        return not _activated(node) and not node.attrs.get("residual")

    def in_place_inputs(self, node: Node) -> tuple[int, ...]:
        """The residual: each number of it is read right before the result that takes its place."""
        return (len(node.inputs) - 1,) if node.attrs.get("residual") else ()

    def kernel_channel_axis(self, node: Node) -> int | None:
        """The axis of the second operand that has the result's channels; None if none has."""
        return -1

    def bias(self, node: Node) -> Tensor | None:
        """The bias of such a node, if it has one."""
        operands = node.inputs[2 : len(node.inputs) - bool(node.attrs.get("residual"))]
        return operands[0] if operands else None
