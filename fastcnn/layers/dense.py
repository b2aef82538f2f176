"""Fully connected layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn import activations, initializers, ops
from fastcnn.config import refuse
from fastcnn.layers.arguments import positive_int
from fastcnn.layers.layer import Layer

__all__ = ["Dense"]


class Dense(Layer):
    """``activation(x @ kernel + bias)`` over the last axis.

    Args:
        units: Size of the output's last axis.
        activation: Name or function.
        use_bias: Whether a number per unit is added.
        kernel_initializer: First value of ``kernel`` ``(features, units)``.
        bias_initializer: First value of ``bias`` ``(units,)``.
        kernel_regularizer: Not supported: ``None`` only.
        bias_regularizer: Not supported: ``None`` only.
        activity_regularizer: Not supported: ``None`` only.
        kernel_constraint: Not supported: ``None`` only.
        bias_constraint: Not supported: ``None`` only.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, ..., features)`` to ``(batch, ..., units)``.
    """

    _not_configured = frozenset(
        {
            "input_shape",
            "kernel_regularizer",
            "bias_regularizer",
            "activity_regularizer",
            "kernel_constraint",
            "bias_constraint",
        }
    )

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: None = None,
        bias_regularizer: None = None,
        activity_regularizer: None = None,
        kernel_constraint: None = None,
        bias_constraint: None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        refuse(
            "Dense",
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
        )
        self.units = positive_int(units, "units", "Dense")
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Any) -> None:
        """Make ``kernel`` and ``bias`` for the features of ``input_shape``."""
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                f"layer {self.name!r}: Dense needs a known last axis, got shape "
                f"{tuple(input_shape)}; after images of open size use GlobalAveragePooling2D "
                "instead of Flatten"
            )
        self.kernel = self.add_weight(
            (input_shape[-1], self.units), self.kernel_initializer, name="kernel"
        )
        self.bias = (
            self.add_weight((self.units,), self.bias_initializer, name="bias")
            if self.use_bias
            else None
        )

    def call(self, x: Any) -> Any:
        """Multiply, add the bias, apply the activation."""
        return self.activation(ops.dense(x, self.kernel, self.bias))
