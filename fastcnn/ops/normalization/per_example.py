"""Normalisation of each example by statistics of its own: layer, RMS and group normalisation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.grad_by_formula import by_formula
from fastcnn.ops.common.public_operation import Operand, apply, operand, operation
from fastcnn.ops.elementwise.arithmetic import add, divide, multiply, sqrt, subtract
from fastcnn.ops.movement.shaping import reshape
from fastcnn.ops.reduction.sums import filled
from fastcnn.ops.reduction.sums import sum as total

__all__ = ["group_normalization", "layer_normalization", "rms_normalization"]

#: Sizes of x seen as examples, places, groups and channels of a group: statistics are taken over
#: the second and the fourth.
View = tuple[int, int, int, int]


class Normalization(Op):
    """Inputs x, gamma, beta; outputs y, mean, variance. Backward needs x and the statistics."""

    #: The operation of ``dx``, ``dgamma`` and ``dbeta``.
    backward: NormalizationGrad

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x, gamma, _ = inputs
        examples, _, groups, _ = _view(x.shape, gamma.shape, attrs)
        return x, Spec((examples, groups)), Spec((examples, groups))

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        x, gamma, _ = node.inputs
        view = _view(x.shape, gamma.shape, node.attrs)
        mean, variance = (Tensor(Spec((view[0], view[2])), node, index) for index in (1, 2))
        dy, dmean, dvariance = grads
        dx = dgamma = dbeta = None
        if dy is not None:
            dx, dgamma, dbeta = apply(self.backward, x, dy, gamma, mean, variance, **node.attrs)
        # Only second-order gradients ask for these: plain arithmetic will do.
        share = 1.0 / max(1, view[1] * view[3])
        apart = subtract(reshape(x, view), _spread(mean, view))
        if dvariance is not None:
            slope = multiply(apart, _spread(multiply(dvariance, 2.0 * share), view))
            slope = reshape(slope, x.shape)
            dx = slope if dx is None else add(dx, slope)
        if dmean is not None and node.attrs.get("centered", True):
            zeros = filled(view, 0)
            slope = reshape(add(zeros, _spread(multiply(dmean, share), view)), x.shape)
            dx = slope if dx is None else add(dx, slope)
        return [dx, dgamma, dbeta]


class NormalizationGrad(Op):
    """Inputs x, dy, gamma, mean, variance; outputs dx, dgamma, dbeta."""

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x, _, gamma, _, _ = inputs
        return x, gamma, gamma

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        shape, weights = node.inputs[0].shape, node.inputs[2].shape
        view = _view(shape, weights, node.attrs)
        share = 1.0 / max(1, view[1] * view[3])

        def average(x: Tensor) -> Tensor:
            found: Tensor = multiply(total(x, axis=(1, 3), keepdims=True), share)
            return found

        def formula(
            x: Tensor, dy: Tensor, gamma: Tensor, mean: Tensor, variance: Tensor
        ) -> tuple[Tensor, Tensor, Tensor]:
            deviation = sqrt(add(_spread(variance, view), np.float32(node.attrs["epsilon"])))
            position = divide(subtract(reshape(x, view), _spread(mean, view)), deviation)
            slope = reshape(dy, view)
            scaled = multiply(slope, reshape(gamma, (1, 1, *view[2:])))
            dx = subtract(scaled, multiply(position, average(multiply(scaled, position))))
            if node.attrs.get("centered", True):
                dx = subtract(dx, average(scaled))
            return (
                reshape(divide(dx, deviation), shape),
                reshape(total(multiply(slope, position), axis=(0, 1)), weights),
                reshape(total(slope, axis=(0, 1)), weights),
            )

        return by_formula(node, grads, formula)


class LayerNormalizationGrad(NormalizationGrad):
    name = "layer_normalization_grad"
    in_place = (1, 0)


class LayerNormalization(Normalization):
    name = "layer_normalization"
    in_place = (0,)
    backward = LayerNormalizationGrad()


class GroupNormalizationGrad(NormalizationGrad):
    name = "group_normalization_grad"
    in_place = (1, 0)


class GroupNormalization(Normalization):
    name = "group_normalization"
    in_place = (0,)
    backward = GroupNormalizationGrad()


def _view(shape: tuple[int, ...], weights: tuple[int, ...], attrs: Any) -> View:
    if "groups" in attrs:
        groups = attrs["groups"]
        return shape[0], math.prod(shape[1:-1]), groups, shape[-1] // groups
    leading = len(shape) - len(weights)
    return math.prod(shape[:leading]), 1, 1, math.prod(weights)


def _spread(statistic: Tensor, view: View) -> Tensor:
    """``(examples, groups)`` so that it broadcasts with the view."""
    spread: Tensor = reshape(statistic, (view[0], 1, view[2], 1))
    return spread


def _checked_epsilon(op: str, epsilon: float) -> float:
    epsilon = float(epsilon)
    if not epsilon >= 0:
        raise ValueError(f"{op}: epsilon must be a number of at least 0, got {epsilon}")
    return checked_float32(op, "epsilon", epsilon, divides=True)


def _trailing(op: str, x: Operand, **weights: Operand) -> list[Tensor]:
    """The operands: weights whose shape x ends with."""
    x = operand(op, "x", x)
    tensors = [x]
    for name, value in weights.items():
        tensor = operand(op, name, value)
        first = tensors[-1] if len(tensors) > 1 else x
        if len(tensors) > 1 and tensor.shape != first.shape:
            raise ValueError(
                f"{op}: {name} must have gamma's shape {first.shape}, got {tensor.shape}"
            )
        if not 1 <= tensor.ndim <= x.ndim or x.shape[x.ndim - tensor.ndim :] != tensor.shape:
            raise ValueError(
                f"{op}: {name} must have the sizes of the last axes of x {x.shape}, those that are "
                f"normalised together, got shape {tensor.shape}"
            )
        tensors.append(tensor)
    return tensors


@operation
def layer_normalization(x: Operand, gamma: Operand, beta: Operand, *, epsilon: float = 1e-3) -> Any:
    """Mean 0 and variance 1 along the last axes, then a scale and a shift (Ba et al., 2016).

    ``(x - mean) / sqrt(variance + epsilon) * gamma + beta`` with mean and variance (divided by the
    count) over as many last axes as ``gamma`` has. Layer: LayerNormalization.

    Args:
        x: Float32, rank 1 or more; array or Tensor.
        gamma: Factors, float32, shaped like the end of x's shape: ``(channels,)`` normalises along
            the last axis.
        beta: Offsets, float32, shaped like gamma.
        epsilon: Added to the variance; at least 0.

    Returns:
        Shaped like x, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Shapes do not fit, or epsilon is negative.

    Example:
        >>> x = np.float32([[1, 3], [10, 30]])
        >>> layer_normalization(x, np.ones(2, np.float32), np.zeros(2, np.float32), epsilon=0)
        array([[-1.,  1.],
               [-1.,  1.]], dtype=float32)
    """
    tensors = _trailing("layer_normalization", x, gamma=gamma, beta=beta)
    epsilon = _checked_epsilon("layer_normalization", epsilon)
    return apply(LayerNormalization(), *tensors, epsilon=epsilon, centered=True)[0]


@operation
def rms_normalization(x: Operand, gamma: Operand, *, epsilon: float = 1e-6) -> Any:
    """A mean square of 1 along the last axes, then a scale (Zhang and Sennrich, 2019).

    ``x / sqrt(mean(x * x) + epsilon) * gamma`` with the mean over as many last axes as ``gamma``
    has. Layer: RMSNormalization.

    Args:
        x: Float32, rank 1 or more; array or Tensor.
        gamma: Factors, float32, shaped like the end of x's shape.
        epsilon: Added to the mean square; at least 0.

    Returns:
        Shaped like x, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Shapes do not fit, or epsilon is negative.
    """
    x, gamma = _trailing("rms_normalization", x, gamma=gamma)
    epsilon = _checked_epsilon("rms_normalization", epsilon)
    beta = filled(gamma.shape, 0)
    return apply(LayerNormalization(), x, gamma, beta, epsilon=epsilon, centered=False)[0]


@operation
def group_normalization(
    x: Operand, gamma: Operand, beta: Operand, *, groups: int = 32, epsilon: float = 1e-3
) -> Any:
    """Mean 0 and variance 1 of groups of channels of each example (Wu and He, 2018).

    ``(x - mean) / sqrt(variance + epsilon) * gamma + beta`` with mean and variance (divided by the
    count) of each example over all places and the channels of a group. One group is normalisation
    of whole examples, as many groups as channels are instance normalisation (Ulyanov et al., 2016).
    Layer: GroupNormalization.

    Args:
        x: ``(examples, ..., channels)``, float32, rank 2 or more; array or Tensor.
        gamma: Factor of each channel ``(channels,)``, float32.
        beta: Offset of each channel ``(channels,)``, float32.
        groups: Number of groups of neighbouring channels; it divides their number.
        epsilon: Added to the variance; at least 0.

    Returns:
        Shaped like x, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32, or groups no int.
        ValueError: Shapes do not fit, groups does not divide the channels, or epsilon is negative.
    """
    x = operand("group_normalization", "x", x)
    if x.ndim < 2:
        raise ValueError(
            f"group_normalization: x must have shape (examples, ..., channels), got shape {x.shape}"
        )
    tensors = [x]
    for name, value in (("gamma", gamma), ("beta", beta)):
        tensor = operand("group_normalization", name, value, rank=1)
        if tensor.shape != x.shape[-1:]:
            raise ValueError(
                f"group_normalization: {name} must have shape ({x.shape[-1]},), one number for "
                f"each channel of x {x.shape}, got {tensor.shape}"
            )
        tensors.append(tensor)
    if isinstance(groups, bool) or not isinstance(groups, int | np.integer):
        raise TypeError(f"group_normalization: groups must be an int, got {groups!r}")
    if groups < 1 or x.shape[-1] % groups:
        raise ValueError(
            f"group_normalization: groups must divide the {x.shape[-1]} channels of x {x.shape}, "
            f"got {groups}"
        )
    epsilon = _checked_epsilon("group_normalization", epsilon)
    return apply(GroupNormalization(), *tensors, groups=int(groups), epsilon=epsilon)[0]
