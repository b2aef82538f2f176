"""Fully connected layer."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from fastcnn import activations, constraints, initializers, ops, regularizers
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import positive_int

__all__ = ["Dense"]

#: Frames from a layer's constructor to what calls it; one of them checks the arguments.
_CALLER = 3


class Dense(Layer):
    """``activation(x @ kernel + bias)`` over the last axis.

    Args:
        units: Size of the output's last axis.
        activation: Name or function.
        use_bias: Whether a number per unit is added.
        kernel_initializer: First value of ``kernel`` ``(features, units)``.
        bias_initializer: First value of ``bias`` ``(units,)``.
        kernel_regularizer: Penalty on ``kernel``, see :mod:`fastcnn.regularizers`.
        bias_regularizer: Penalty on ``bias``.
        activity_regularizer: Penalty on the output.
        kernel_constraint: What ``kernel`` is brought to after each update, see
            :mod:`fastcnn.constraints`.
        bias_constraint: The same for ``bias``.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, ..., features)`` to ``(batch, ..., units)``.
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.units = positive_int(units, "units", "Dense")
        self.activation = activations.get(activation)
        if self.units == 1 and self.activation is activations.softmax:
            warnings.warn(
                "Dense(1, activation='softmax') gives 1 whatever comes in: softmax shares 1 among "
                "all outputs. For two classes use Dense(1, activation='sigmoid') with "
                "loss='binary_crossentropy', or Dense(2, activation='softmax')",
                stacklevel=_CALLER,
            )
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Any) -> None:
        """Make ``kernel`` and ``bias`` for the features of ``input_shape``."""
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                f"layer {self.name!r}: Dense needs a known last axis, got shape "
                f"{tuple(input_shape)}; after images of open size use GlobalAveragePooling2D "
                "instead of Flatten"
            )
        self.kernel = self.add_weight(
            (input_shape[-1], self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def call(self, x: Any) -> Any:
        """Multiply, add the bias, apply the activation."""
        return self.activation(ops.dense(x, self.kernel, self.bias))
