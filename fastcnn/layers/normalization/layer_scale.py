"""A learned factor for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import initializers
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.layers.base.layer import Layer

__all__ = ["LayerScale"]


class LayerScale(Layer):
    """Multiplies each channel by a number that is learned, small at first (Touvron et al., 2021).

    At the end of a residual branch it lets a deep network begin close to the identity.

    Args:
        init_values: First value of ``gamma``, a number for each channel (the last axis).
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        Any with a known last axis, and the same.

    Example:
        >>> LayerScale(1e-6).compute_output_shape((None, 7, 7, 96))
        (None, 7, 7, 96)
    """

    def __init__(
        self,
        init_values: float = 1e-6,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.init_values = checked_float32("LayerScale", "init_values", init_values)

    def build(self, input_shape: Any) -> None:
        """Make ``gamma`` for the channels of ``input_shape``."""
        if not input_shape or input_shape[-1] is None:
            raise ValueError(
                f"layer {self.name!r}: LayerScale must know the size of the last axis, got shape "
                f"{tuple(input_shape)}"
            )
        self.gamma = self.add_weight(
            (input_shape[-1],), initializers.Constant(self.init_values), name="gamma"
        )

    def call(self, x: Any) -> Any:
        """``x * gamma``."""
        return x * self.gamma
