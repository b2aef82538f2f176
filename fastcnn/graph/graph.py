"""A graph as passes take and return it: inputs, outputs, updates."""

from __future__ import annotations

from dataclasses import dataclass

from fastcnn.graph.autodiff import ancestors
from fastcnn.graph.tensor import Node, Tensor

__all__ = ["Graph"]


@dataclass(frozen=True)
class Graph:
    """What is to be computed: outputs, and updates of variables, from inputs."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    updates: tuple[Tensor, ...] = ()

    def nodes(self) -> list[Node]:
        """All nodes in order of execution: updates last, in the order given.

        Reads of a variable thereby see its value from before the run.

        Raises:
            ValueError: A placeholder that is not among the inputs, or a use of the result of an
                update, which is not there before the run has ended.
        """
        last = {tensor.node: None for tensor in self.updates}
        nodes = ancestors([*self.outputs, *self.updates])
        known = {tensor.node for tensor in self.inputs}
        for node in nodes:
            if node.is_placeholder and node not in known:
                raise ValueError(
                    f"compile: the outputs depend on placeholder {node.name!r}, which is not "
                    "among the inputs; list it there"
                )
            for tensor in node.inputs:
                if tensor.node.targets:
                    raise ValueError(
                        f"compile: {node.op.name if node.op else node.name} reads the result of "
                        f"the update of {tensor.node.targets[0].name!r}; updates run last, so "
                        "compute from the value that is assigned instead"
                    )
            if node.targets and node not in last:
                raise ValueError(
                    f"compile: the update of {node.targets[0].name!r} is not among the updates; "
                    "list it there"
                )
        return [node for node in nodes if node not in last] + list(last)
