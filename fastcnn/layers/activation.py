"""Activations as layers of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import activations, ops
from fastcnn.layers.layer import Layer

__all__ = ["Activation", "ReLU", "Softmax"]


class Activation(Layer):
    """Applies a function to each value.

    Args:
        activation: Name, e.g. ``"relu"``, or a function made of ``fastcnn.ops``.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        activation: Any,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.activation = activations.get(activation)

    def call(self, x: Any) -> Any:
        """``activation(x)``."""
        return self.activation(x)


class ReLU(Layer):
    """``max(x, 0)``, with Keras' three variations.

    Args:
        max_value: Upper bound, e.g. 6; ``None`` for none.
        negative_slope: Factor of values below ``threshold``.
        threshold: Values below it count as negative.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: A negative argument.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        settings = {
            "max_value": max_value,
            "negative_slope": negative_slope,
            "threshold": threshold,
        }
        for key, value in settings.items():
            if value is not None and value < 0:
                raise ValueError(f"ReLU: {key} cannot be negative, got {value}")
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold

    def call(self, x: Any) -> Any:
        """The rectified values."""
        threshold = self.threshold
        y = ops.multiply(x, ops.greater(x, threshold)) if threshold else ops.relu(x)
        if self.max_value is not None:
            y = ops.minimum(y, self.max_value)
        if self.negative_slope:
            below = ops.minimum(ops.subtract(x, self.threshold), 0.0)
            y = ops.add(y, ops.multiply(below, self.negative_slope))
        return y


class Softmax(Layer):
    """Positive numbers that sum to 1 along an axis.

    Args:
        axis: The axis.
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

    def call(self, x: Any) -> Any:
        """``softmax(x)``."""
        return ops.softmax(x, axis=self.axis)
