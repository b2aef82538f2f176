"""Layers that join several inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from fastcnn import ops
from fastcnn.layers.layer import Layer

__all__ = ["Add", "Concatenate"]


class Add(Layer):
    """Sum of a list of inputs of one shape; sizes of 1 are broadcast."""

    def build(self, input_shape: Any) -> None:
        """Check that there are several inputs."""
        _check_several(self, input_shape)

    def call(self, x: Any) -> Any:
        """``x[0] + x[1] + ...``."""
        return reduce(ops.add, x)


class Concatenate(Layer):
    """A list of inputs, one after the other along an axis.

    Args:
        axis: The axis; sizes along all others must agree.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        axis: int = -1,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Check that there are several inputs."""
        _check_several(self, input_shape)

    def call(self, x: Any) -> Any:
        """The inputs side by side."""
        return ops.concatenate(list(x), axis=self.axis)


def _check_several(layer: Layer, input_shape: Any) -> None:
    if not isinstance(input_shape, list | tuple) or not isinstance(input_shape[0], list | tuple):
        raise ValueError(
            f"layer {layer.name!r}: {type(layer).__name__} takes a list of inputs, e.g. "
            f"{type(layer).__name__}()([a, b]); got one input of shape {input_shape}"
        )
