"""What the helpers of a layer need of it, so that they need not import the class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from fastcnn.graph.variable import Variable

__all__ = ["LayerLike"]


class LayerLike(Protocol):
    """A :class:`~fastcnn.layers.base.layer.Layer`, as what it calls sees it."""

    name: str
    built: bool
    takes_uint8: bool
    activity_regularizer: Callable[[Any], Any] | None
    trainable: bool

    # What the class keeps and tracking reads.
    _trainable: bool
    _weights: list[Variable]

    @property
    def sublayers(self) -> Sequence[LayerLike]:
        """Layers that this one keeps."""

    @property
    def trainable_weights(self) -> list[Variable]:
        """The Variables that training changes."""

    def prediction_program(self, x: Any) -> Callable[[Any], Any] | None:
        """What computes the outputs for this array, where the layer has it for other purposes."""

    def __call__(self, x: Any, *, training: bool | None = None) -> Any:
        """Apply the layer."""
