"""Losses of how little two regions overlap, for masks of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.losses.functions import same_shape
from fastcnn.losses.loss import UnitLoss

__all__ = ["Dice", "Tversky", "dice", "tversky"]

_SMALL, _ONE = np.float32(1e-7), np.float32(1)


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """``1 - 2 sum(t p) / (sum(t) + sum(p))``.

    Milletari et al. 2016, "V-Net", arXiv 1606.04797 (there with squares below).

    Args:
        y_true: ``t``, 0 to 1; array or Tensor.
        y_pred: ``p``, probabilities in the same shape, float32.
        axis: Axes of a region; ``None`` sums over the whole batch. They are dropped.

    Returns:
        float32, a number for each region.

    Raises:
        ValueError: Shapes differ, or there is no such axis.
    """
    t, p = same_shape("dice", y_true, y_pred)
    both = ops.multiply(ops.sum(ops.multiply(t, p), axis=axis), np.float32(2))
    sizes = ops.add(ops.sum(t, axis=axis), ops.sum(p, axis=axis))
    return ops.subtract(_ONE, ops.divide(both, ops.add(sizes, _SMALL)))


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Any:
    """``1 - sum(t p) / (sum(t p) + alpha sum(t (1 - p)) + beta sum(p (1 - t)))``.

    Salehi et al. 2017, "Tversky loss function for image segmentation", arXiv 1706.05721, with
    Keras' order of the weights.

    Args:
        y_true: ``t``, 0 to 1; array or Tensor.
        y_pred: ``p``, probabilities in the same shape, float32.
        alpha: Weight of what is missed.
        beta: Weight of false alarms; with both 1/2 this is :func:`dice`.
        axis: As for :func:`dice`.

    Raises:
        ValueError: Shapes differ, or a weight is not finite in float32.
    """
    alpha, beta = _weights("tversky", alpha, beta)
    t, p = same_shape("tversky", y_true, y_pred)
    both = ops.sum(ops.multiply(t, p), axis=axis)
    missed = ops.sum(ops.multiply(ops.subtract(_ONE, p), t), axis=axis)
    false = ops.sum(ops.multiply(p, ops.subtract(_ONE, t)), axis=axis)
    wrong = ops.add(ops.multiply(missed, np.float32(alpha)), ops.multiply(false, np.float32(beta)))
    return ops.subtract(_ONE, ops.divide(both, ops.add(ops.add(both, wrong), _SMALL)))


def _weights(owner: str, alpha: float, beta: float) -> tuple[float, float]:
    return checked_float32(owner, "alpha", alpha), checked_float32(owner, "beta", beta)


class Dice(UnitLoss):
    """How little regions overlap; see :func:`dice`."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
    ) -> None:
        super().__init__(name, reduction)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`dice`."""
        return dice(y_true, y_pred, self.axis)


class Tversky(UnitLoss):
    """How little regions overlap, misses and false alarms weighed apart; see :func:`tversky`."""

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
    ) -> None:
        super().__init__(name, reduction)
        self.alpha, self.beta = _weights("Tversky", alpha, beta)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`tversky`."""
        return tversky(y_true, y_pred, self.alpha, self.beta, self.axis)
