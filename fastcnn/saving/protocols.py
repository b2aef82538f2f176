"""What files need of a model, so that models may import what writes them."""

from __future__ import annotations

from typing import Any, Protocol

from fastcnn.training.protocols import CompiledModel

__all__ = ["SavedModel"]


class SavedModel(CompiledModel, Protocol):
    """A :class:`~fastcnn.models.model.Model`, as what writes and reads it sees it."""

    metadata: dict[str, Any]
    shuffle_seed: int
    epochs_done: int

    @property
    def graph(self) -> object | None:
        """The calls it is made of; ``None`` for a class of the caller's own."""

    @property
    def build_shapes(self) -> Any:
        """Shapes of the first call, from which a model without a graph is built again."""

    def build_from_shapes(self, shapes: Any) -> None:
        """Make the weights by one symbolic call."""

    def get_config(self) -> dict[str, Any]:
        """The model as JSON data, without its weights."""

    def compile(
        self, optimizer: Any, *, loss: Any, loss_weights: Any, metrics: Any, weighted_metrics: Any
    ) -> None:
        """Say how it is to be trained and measured."""
