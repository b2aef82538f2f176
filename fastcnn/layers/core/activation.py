"""Activations as layers of their own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastcnn import activations, constraints, initializers, ops, regularizers
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.layers.base.axes import along_last, axes_of
from fastcnn.layers.base.layer import Layer

__all__ = ["ELU", "Activation", "LeakyReLU", "PReLU", "ReLU", "Softmax"]


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
            if value is not None and not (key == "max_value" and value == math.inf):
                checked_float32("ReLU", key, value)
        self.max_value = max_value
        self.negative_slope = negative_slope
        self.threshold = threshold

    def call(self, x: Any) -> Any:
        """The rectified values."""
        return activations.relu(
            x,
            negative_slope=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )


class Softmax(Layer):
    """Positive numbers that sum to 1 along an axis.

    Args:
        axis: The axis, or a list of axes along all of which together they sum to 1.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.axis = list(axis) if isinstance(axis, Sequence) else axis

    def call(self, x: Any) -> Any:
        """``softmax(x)``."""
        if isinstance(self.axis, int):
            return ops.softmax(x, axis=self.axis)
        axes = axes_of(self, self.axis, x.ndim)

        def along_all(moved: Any) -> Any:
            kept = moved.shape[: moved.ndim - len(axes)]
            flat = ops.reshape(moved, (*kept, -1))
            return ops.reshape(ops.softmax(flat), moved.shape)

        return along_last(x, axes, along_all)


class LeakyReLU(Layer):
    """``x`` above 0, ``negative_slope * x`` elsewhere.

    Args:
        negative_slope: At least 0.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: A negative slope.
    """

    def __init__(
        self,
        negative_slope: float = 0.3,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        if negative_slope is None or not negative_slope >= 0:
            raise ValueError(
                f"LeakyReLU: negative_slope must be a number of at least 0, got {negative_slope}"
            )
        self.negative_slope = checked_float32("LeakyReLU", "negative_slope", negative_slope)

    def call(self, x: Any) -> Any:
        """The leaky values."""
        return ops.leaky_relu(x, self.negative_slope)


class ELU(Layer):
    """``x`` above 0, ``alpha * (exp(x) - 1)`` elsewhere.

    Args:
        alpha: Minus what large negative numbers become.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.alpha = checked_float32("ELU", "alpha", alpha)

    def call(self, x: Any) -> Any:
        """The smooth values."""
        return ops.elu(x, self.alpha)


class PReLU(Layer):
    """``x`` above 0, ``alpha * x`` elsewhere, where alpha is learned (He et al., 2015).

    Args:
        alpha_initializer: First value of ``alpha``, a number for each place of an example.
        alpha_regularizer: Penalty on ``alpha``, see :mod:`fastcnn.regularizers`.
        alpha_constraint: What ``alpha`` is brought to after each update, see
            :mod:`fastcnn.constraints`.
        shared_axes: Axes whose places have one alpha in common: ``[1, 2]`` for images.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: An axis that is none of an example.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if axes is None else list(axes)

    def build(self, input_shape: Any) -> None:
        """Make ``alpha``."""
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if not 1 <= axis < len(input_shape):
                raise ValueError(
                    f"layer {self.name!r}: PReLU cannot share axis {axis} of an input of shape "
                    f"{tuple(input_shape)}: axes go from 1 to {len(input_shape) - 1}"
                )
            shape[axis - 1] = 1
        self.alpha = self.add_weight(
            shape,
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )

    def call(self, x: Any) -> Any:
        """The leaky values."""
        below = ops.negative(ops.relu(ops.negative(x)))
        return ops.add(ops.relu(x), ops.multiply(below, self.alpha))
