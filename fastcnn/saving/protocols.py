"""What files need of a model, so that models may import what writes them."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fastcnn.training.protocols import CompiledModel

__all__ = ["SavedModel", "Stored"]


class Stored(Protocol):
    """A description and arrays, in a file or in memory.

    Attributes:
        path: Where they are, for messages.
        description: JSON data.
        shapes: Shape of each array by name.
        dtypes: NumPy dtype of each array by name.
    """

    path: str
    description: dict[str, Any]
    shapes: dict[str, tuple[int, ...]]
    dtypes: dict[str, np.dtype[Any]]

    def arrays(self, names: list[str]) -> list[NDArray[Any]]:
        """The arrays of these names."""


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
