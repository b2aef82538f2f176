"""Normalisation of each example by statistics of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import constraints, initializers, ops, regularizers
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.layers.base.axes import along_last, axes_of
from fastcnn.layers.base.layer import Layer
from fastcnn.ops.reduction.sums import filled

__all__ = [
    "GroupNormalization",
    "LayerNormalization",
    "RMSNormalization",
    "UnitNormalization",
]


def _known(layer: Layer, shape: Sequence[int | None], axes: Sequence[int]) -> list[int]:
    """Sizes along axes.

    Raises:
        ValueError: One is open.
    """
    sizes = [shape[axis] for axis in axes]
    if None in sizes:
        raise ValueError(
            f"layer {layer.name!r}: {type(layer).__name__} needs known sizes along axes "
            f"{list(axes)}, got shape {tuple(shape)}"
        )
    return [size for size in sizes if size is not None]


def _weights(layer: Any, sizes: Sequence[int]) -> tuple[Any, Any]:
    """``gamma`` and ``beta``; where the layer has none, what changes nothing."""
    gamma = filled(sizes, 1) if layer.gamma is None else layer.gamma
    return gamma, filled(sizes, 0) if layer.beta is None else layer.beta


class LayerNormalization(Layer):
    """Makes mean 0 and variance 1 of each example, then scales and shifts (Ba et al., 2016).

    Args:
        axis: The axis or axes of which statistics are taken together.
        epsilon: Added to the variance.
        center: Whether ``beta`` is added.
        scale: Whether ``gamma`` is multiplied.
        beta_initializer: First value of ``beta``, a number for each place along ``axis``.
        gamma_initializer: First value of ``gamma``, of the same shape.
        beta_regularizer: Penalty on ``beta``, see :mod:`fastcnn.regularizers`.
        gamma_regularizer: Penalty on ``gamma``.
        beta_constraint: What ``beta`` is brought to after each update, see
            :mod:`fastcnn.constraints`.
        gamma_constraint: The same for ``gamma``.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
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
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.epsilon = checked_float32(type(self).__name__, "epsilon", epsilon, divides=True)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape: Any) -> None:
        """Make ``gamma`` and ``beta``."""
        sizes = _known(self, input_shape, axes_of(self, self.axis, len(input_shape)))
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                sizes,
                self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
            )
        if self.center:
            self.beta = self.add_weight(
                sizes,
                self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                name="beta",
            )

    def call(self, x: Any) -> Any:
        """Normalised ``x``."""
        axes = axes_of(self, self.axis, x.ndim)
        gamma, beta = _weights(self, [x.shape[axis] for axis in axes])
        return along_last(
            x, axes, lambda x: ops.layer_normalization(x, gamma, beta, epsilon=self.epsilon)
        )


class GroupNormalization(Layer):
    """Makes mean 0 and variance 1 of groups of channels of each example (Wu and He, 2018).

    Args:
        groups: Number of groups; it divides the number of channels. -1 makes a group of each.
        axis: The channel axis.
        epsilon: Added to the variance.
        center: Whether ``beta`` is added.
        scale: Whether ``gamma`` is multiplied.
        beta_initializer: First value of ``beta`` ``(channels,)``.
        gamma_initializer: First value of ``gamma`` ``(channels,)``.
        beta_regularizer: Penalty on ``beta``, see :mod:`fastcnn.regularizers`.
        gamma_regularizer: Penalty on ``gamma``.
        beta_constraint: What ``beta`` is brought to after each update, see
            :mod:`fastcnn.constraints`.
        gamma_constraint: The same for ``gamma``.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
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
        if not isinstance(groups, int) or (groups < 1 and groups != -1):
            raise ValueError(
                f"GroupNormalization: groups must be a positive int, or -1, got {groups!r}"
            )
        self.groups = groups
        self.axis = axis
        self.epsilon = checked_float32(type(self).__name__, "epsilon", epsilon, divides=True)
        self.center = center
        self.scale = scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)

    def build(self, input_shape: Any) -> None:
        """Make ``gamma`` and ``beta``, one number per channel."""
        axes = axes_of(self, self.axis, len(input_shape))
        if axes == [0]:
            raise ValueError(
                f"layer {self.name!r}: GroupNormalization has axis={self.axis}, the batch; "
                "name the axis of the channels"
            )
        channels = _known(self, input_shape, axes)
        groups = channels[0] if self.groups == -1 else self.groups
        if channels[0] % groups:
            raise ValueError(
                f"layer {self.name!r}: GroupNormalization with groups={groups} cannot take "
                f"{channels[0]} channels; groups must divide their number"
            )
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

    def call(self, x: Any) -> Any:
        """Normalised ``x``."""
        axes = axes_of(self, self.axis, x.ndim)
        channels = x.shape[axes[0]]
        groups = channels if self.groups == -1 else self.groups
        gamma, beta = _weights(self, [channels])
        return along_last(
            x,
            axes,
            lambda x: ops.group_normalization(x, gamma, beta, groups=groups, epsilon=self.epsilon),
        )


class RMSNormalization(Layer):
    """Divides by the root of the mean square along axes, then scales (Zhang and Sennrich, 2019).

    Args:
        axis: The axis or axes of which the mean is taken together.
        epsilon: Added to the mean square.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-6,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.epsilon = checked_float32(type(self).__name__, "epsilon", epsilon, divides=True)

    def build(self, input_shape: Any) -> None:
        """Make ``scale``, a number for each place along the axes."""
        sizes = _known(self, input_shape, axes_of(self, self.axis, len(input_shape)))
        self.scale = self.add_weight(sizes, "ones", name="scale")

    def call(self, x: Any) -> Any:
        """Normalised ``x``."""
        axes = axes_of(self, self.axis, x.ndim)
        return along_last(
            x, axes, lambda x: ops.rms_normalization(x, self.scale, epsilon=self.epsilon)
        )


class UnitNormalization(Layer):
    """Divides by the Euclidean norm along axes.

    Args:
        axis: The axis or axes of which the norm is taken together.
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
        self.axis = axis if isinstance(axis, int) else list(axis)

    def build(self, input_shape: Any) -> None:
        """Check the axes."""
        axes_of(self, self.axis, len(input_shape))

    def call(self, x: Any) -> Any:
        """``x`` with a norm of 1; zeros stay."""
        axes = tuple(axes_of(self, self.axis, x.ndim))
        squares = ops.sum(ops.square(x), axis=axes, keepdims=True)
        # As in Keras: the norm counts as 1e-12 at least.
        return ops.divide(x, ops.sqrt(ops.maximum(squares, np.float32(1e-24))))
