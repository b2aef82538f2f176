"""What the parts of training need of a model, so that they need not import the class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from fastcnn.graph.variable import Variable
from fastcnn.layers.base.protocols import LayerLike
from fastcnn.optimizers import Optimizer
from fastcnn.training.compiled_losses import CompileLossAndMetrics

__all__ = ["CompiledModel"]


class CompiledModel(LayerLike, Protocol):
    """A :class:`~fastcnn.training.trainer.Trainer`, as what makes a step for it sees it."""

    optimizer: Optimizer | None
    objective: CompileLossAndMetrics | None

    @property
    def named_outputs(self) -> Any:
        """Names of the outputs in their structure; ``None`` while they are not known."""

    def name_outputs(self, count: int) -> list[str]:
        """Names for outputs that have none."""

    def on_tensors(self, tensors: Sequence[Any]) -> Any:
        """The model's outputs for graph Tensors, one per input."""

    @property
    def weights(self) -> list[Variable]:
        """All Variables."""

    def get_weights(self) -> list[NDArray[Any]]:
        """Copies of all weights."""

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Replace all weights."""
