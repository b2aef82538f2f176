"""Batch normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import constraints, initializers, ops, regularizers
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.trace_context import current_trace
from fastcnn.ops.optimizer.update import checked_factor

__all__ = ["BatchNormalization"]


class BatchNormalization(Layer):
    """Makes each channel's mean 0 and variance 1, then scales and shifts it.

    In training the statistics are those of the batch, and moving averages follow them:
    ``moving = moving * momentum + batch * (1 - momentum)``. Otherwise, and when the layer is not
    trainable, the moving averages are used.

    Args:
        axis: The channel axis; the last one is the fastest.
        momentum: Share of the old moving average that a step keeps.
        epsilon: Added to the variance.
        center: Whether ``beta`` is added.
        scale: Whether ``gamma`` is multiplied.
        beta_initializer: First value of ``beta`` ``(channels,)``.
        gamma_initializer: First value of ``gamma`` ``(channels,)``.
        moving_mean_initializer: First value of ``moving_mean`` ``(channels,)``.
        moving_variance_initializer: First value of ``moving_variance`` ``(channels,)``.
        beta_regularizer: Penalty on ``beta``, see :mod:`fastcnn.regularizers`.
        gamma_regularizer: Penalty on ``gamma``.
        beta_constraint: What ``beta`` is brought to after each update, see
            :mod:`fastcnn.constraints`.
        gamma_constraint: The same for ``gamma``.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, ..., channels)`` to the same.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.axis = axis
        self.momentum = checked_factor(type(self).__name__, "momentum", momentum)
        self.epsilon = checked_float32(type(self).__name__, "epsilon", epsilon, divides=True)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape: Any) -> None:
        """Make the weights, one number per channel."""
        rank = len(input_shape)
        if not -rank < self.axis < rank or self.axis == 0:
            raise ValueError(
                f"layer {self.name!r}: BatchNormalization has axis={self.axis}; an input of shape "
                f"{tuple(input_shape)} has the axes 1 to {rank - 1}, or -1 for the last"
            )
        channels = (input_shape[self.axis],)
        # Keras keeps this order, and leaves out what center and scale switch off.
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                channels,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
            )
        if self.center:
            self.beta = self.add_weight(
                channels,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                name="beta",
            )
        self.moving_mean = self.add_weight(
            channels, self.moving_mean_initializer, trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            channels, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )

    def call(self, x: Any, *, training: bool | None = None) -> Any:
        """Normalised ``x``."""
        last = x.ndim - 1
        axis = self.axis % x.ndim
        if axis == last:
            return self._normalized(x, training)
        order = [each for each in range(x.ndim) if each != axis] + [axis]
        y = self._normalized(ops.transpose(x, order), training)
        return ops.transpose(y, np.argsort(order).tolist())

    def _normalized(self, x: Any, training: bool | None) -> Any:
        """``x`` normalised along its last axis."""
        channels = x.shape[-1]
        gamma = initializers.Ones()((channels,)) if self.gamma is None else self.gamma
        beta = initializers.Zeros()((channels,)) if self.beta is None else self.beta
        if not training or not self.trainable:
            return ops.batch_normalization(
                x, gamma, beta, self.moving_mean, self.moving_variance, epsilon=self.epsilon
            )
        y, mean, variance = ops.batch_normalization_training(x, gamma, beta, epsilon=self.epsilon)
        trace = current_trace()
        if trace is not None:
            momentum = self.momentum
            trace.assignments += [
                ops.assign_moving_average(self.moving_mean, mean, momentum),
                ops.assign_moving_average(self.moving_variance, variance, momentum),
            ]
        return y
