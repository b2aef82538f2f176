"""Batch normalisation and its gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.grad_by_formula import by_formula
from fastcnn.ops.common.public_operation import Operand, apply, operand, operation
from fastcnn.ops.elementwise.arithmetic import add, divide, multiply, sqrt, subtract
from fastcnn.ops.reduction.sums import filled, sum_to_last

__all__ = ["batch_normalization", "batch_normalization_training"]


#: What a normalised number can be brought to before it is stored.
NORM_ACTIVATIONS = ("relu", "relu6")


class _BatchNorm(Op):
    """An operation that stores ``activation(normalised + residual)``.

    A residual is the last input. Attributes ``activation`` and ``residual`` come from passes alone,
    after gradients have been taken.
    """

    def core_attrs(self, *inputs: Spec, **attrs: Any) -> Mapping[str, Any]:
        return {"activation": "none", "residual": False, **attrs}


class BatchNormalization(_BatchNorm):
    """Inputs x, gamma, beta, mean, variance."""

    name = "batch_normalization"

    def in_place_inputs(self, node: Node) -> tuple[int, ...]:
        return (5, 0) if node.attrs.get("residual") else (0,)

    def fuses_activation(self, node: Node, activation: str) -> bool:
        return activation in NORM_ACTIVATIONS and "activation" not in node.attrs

    def fuses_residual(self, node: Node) -> bool:
        return not {"activation", "residual"} & node.attrs.keys()

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None] * 5
        x, gamma, _, mean, variance = node.inputs
        epsilon = node.attrs["epsilon"]
        zero, one = filled(mean.shape, 0), filled(mean.shape, 1)
        dgamma, dbeta = apply(BatchNormalizationSums(), x, dy, mean, variance, epsilon=epsilon)

        def scaled(value: Tensor, factor: Tensor) -> Tensor:
            """``value * factor / sqrt(variance + epsilon)``."""
            return apply(
                BatchNormalization(), value, factor, zero, zero, variance, epsilon=epsilon
            )[0]

        dvariance = multiply(scaled(scaled(multiply(dgamma, gamma), one), one), -0.5)
        return [scaled(dy, gamma), dgamma, dbeta, multiply(scaled(dbeta, gamma), -1.0), dvariance]


class BatchNormalizationTraining(_BatchNorm):
    """Inputs x, gamma, beta; outputs y, mean, variance. Backward needs x and the statistics."""

    name = "batch_normalization_training"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        x, gamma = inputs[:2]
        return x, gamma, gamma

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        x, gamma, _ = node.inputs
        epsilon = node.attrs["epsilon"]
        mean, variance = (Tensor(gamma.spec, node, index) for index in (1, 2))
        dy, dmean, dvariance = grads
        dx = dgamma = dbeta = None
        if dy is not None:
            dgamma, dbeta = apply(BatchNormalizationSums(), x, dy, mean, variance, epsilon=epsilon)
            dx = apply(
                BatchNormalizationInputGrad(),
                *(x, dy, gamma, mean, variance, dgamma, dbeta),
                epsilon=epsilon,
            )[0]
        # Moving statistics ask for no gradient, so these are rare: plain arithmetic will do.
        count = max(1, math.prod(x.shape[:-1]))
        if dvariance is not None:
            slope = multiply(subtract(x, mean), multiply(dvariance, 2.0 / count))
            dx = slope if dx is None else add(dx, slope)
        if dmean is not None:
            slope = add(filled(x.shape, 0), multiply(dmean, 1.0 / count))
            dx = slope if dx is None else add(dx, slope)
        return [dx, dgamma, dbeta]


class BatchNormalizationSums(_BatchNorm):
    """Inputs x, dy, mean, variance, and with ``activation`` gamma, beta; outputs dgamma, dbeta.

    With ``activation``, dy is the gradient of what followed the normalisation. Where that was cut
    off, which is computed again from x, dy does not count.
    """

    name = "batch_normalization_sums"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[2:4]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        def formula(x: Tensor, dy: Tensor, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
            scale = divide(1.0, sqrt(add(variance, node.attrs["epsilon"])))
            return sum_to_last(multiply(dy, multiply(subtract(x, mean), scale))), sum_to_last(dy)

        return by_formula(node, grads, formula)


class BatchNormalizationInputGrad(_BatchNorm):
    """Inputs x, dy, gamma, mean, variance, dgamma, dbeta, and with ``activation``, which is that of
    :class:`BatchNormalizationSums`, beta.
    """

    name = "batch_normalization_input_grad"
    in_place = (1, 0)

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        share = 1.0 / max(1, math.prod(node.inputs[0].shape[:-1]))

        def formula(
            x: Tensor,
            dy: Tensor,
            gamma: Tensor,
            mean: Tensor,
            variance: Tensor,
            dgamma: Tensor,
            dbeta: Tensor,
        ) -> Tensor:
            scale = divide(1.0, sqrt(add(variance, node.attrs["epsilon"])))
            normal = multiply(subtract(x, mean), scale)
            away = multiply(add(dbeta, multiply(normal, dgamma)), share)
            dx: Tensor = multiply(subtract(dy, away), multiply(gamma, scale))
            return dx

        return by_formula(node, grads, formula)


def _checked(
    op: str, x: Operand, epsilon: float, **per_channel: Operand
) -> tuple[list[Tensor], float]:
    """The operands in order, and epsilon."""
    x = operand(op, "x", x)
    if x.ndim < 1:
        raise ValueError(f"{op}: x must have a channel axis, got shape ()")
    channels = x.shape[-1]
    tensors = [x]
    for name, value in per_channel.items():
        tensor = operand(op, name, value, rank=1)
        if tensor.shape != (channels,):
            raise ValueError(
                f"{op}: {name} must have shape ({channels},), one number for each channel of x "
                f"{x.shape}, got {tensor.shape}"
            )
        tensors.append(tensor)
    epsilon = float(epsilon)
    if not epsilon >= 0:
        raise ValueError(f"{op}: epsilon must be a number of at least 0, got {epsilon}")
    return tensors, checked_float32(op, "epsilon", epsilon, divides=True)


@operation
def batch_normalization(
    x: Operand,
    gamma: Operand,
    beta: Operand,
    mean: Operand,
    variance: Operand,
    *,
    epsilon: float = 1e-3,
) -> Any:
    """``(x - mean) / sqrt(variance + epsilon) * gamma + beta``. Layer: BatchNormalization.

    Args:
        x: ``(..., channels)``, float32, rank 1 or more; array or Tensor.
        gamma: Factor of each channel ``(channels,)``, float32.
        beta: Offset of each channel ``(channels,)``, float32.
        mean: Statistics that are given ``(channels,)``, float32: those of training.
        variance: ``(channels,)``, float32.
        epsilon: Added to the variance; at least 0.

    Returns:
        Shaped like x, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: x has no axis, another operand not one number for each channel, or epsilon is
            negative.
    """
    tensors, epsilon = _checked(
        "batch_normalization", x, epsilon, gamma=gamma, beta=beta, mean=mean, variance=variance
    )
    return apply(BatchNormalization(), *tensors, epsilon=epsilon)[0]


@operation
def batch_normalization_training(
    x: Operand, gamma: Operand, beta: Operand, *, epsilon: float = 1e-3
) -> Any:
    """Batch normalisation with the statistics of ``x`` itself.

    Args:
        x: ``(..., channels)``, float32, rank 1 or more; array or Tensor.
        gamma: Factor of each channel ``(channels,)``, float32.
        beta: Offset of each channel ``(channels,)``, float32.
        epsilon: Added to the variance; at least 0.

    Returns:
        ``(y, mean, variance)``: y shaped like x; mean and variance ``(channels,)`` over all axes
        but the last, the variance divided by the count. Over nothing both are NaN. Arrays for
        arrays, else Tensors; all float32, all differentiable.

    Raises:
        TypeError: An operand is not float32.
        ValueError: x has no axis, another operand not one number for each channel, or epsilon is
            negative.

    Example:
        >>> import numpy as np
        >>> x = np.float32([[1, 10], [3, 30]])
        >>> ones, zeros = np.ones(2, np.float32), np.zeros(2, np.float32)
        >>> y, mean, variance = batch_normalization_training(x, ones, zeros)
        >>> mean, variance
        (array([ 2., 20.], dtype=float32), array([  1., 100.], dtype=float32))
    """
    tensors, epsilon = _checked("batch_normalization_training", x, epsilon, gamma=gamma, beta=beta)
    return apply(BatchNormalizationTraining(), *tensors, epsilon=epsilon)
