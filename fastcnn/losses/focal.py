"""Cross-entropies that turn from what is already right to what is hard.

Lin et al. 2017, "Focal loss for dense object detection", arXiv 1708.02002.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.losses.functions import (
    before,
    checked_smoothing,
    power_of_probability,
    same_shape,
    smoothed_binary,
    smoothed_classes,
)
from fastcnn.losses.loss import UnitLoss
from fastcnn.ops.elementwise.activation import Sigmoid
from fastcnn.ops.loss.probabilities import Softmax

__all__ = [
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
]

_ONE = np.float32(1)
_SMALLEST, _LARGEST = np.float32(1e-7), np.float32(1) - np.float32(1e-7)


def _check(loss: str, gamma: Any, alpha: Any) -> None:
    if not hasattr(gamma, "__float__") or not 0 <= gamma < math.inf:
        raise ValueError(f"{loss}: gamma must be a number of 0 or more, got {gamma!r}")
    checked_float32(loss, "gamma", gamma)
    for factor in np.ravel(alpha):
        checked_float32(loss, "alpha", factor)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Binary cross-entropy times ``(1 - p) ** gamma``, p the probability of the truth.

    Args:
        y_true: Probabilities ``(..., n)``, usually 0 or 1.
        y_pred: Probabilities in the same shape, or logits if ``from_logits``.
        apply_class_balancing: Whether yes counts ``alpha`` and no ``1 - alpha``.
        alpha: Weight of yes.
        gamma: How much what is easy is left aside; 0 is the plain cross-entropy.
        from_logits: Whether ``y_pred`` is before the sigmoid.
        label_smoothing: Share of each label moved towards 1/2.
        axis: The axis of the mean.

    Raises:
        ValueError: Shapes differ, or ``gamma`` is negative.
    """
    loss = "binary_focal_crossentropy"
    _check(loss, gamma, alpha)
    t, y_pred = same_shape(loss, y_true, y_pred)
    t = smoothed_binary(t, label_smoothing)
    y_pred, from_logits = before(y_pred, Sigmoid, from_logits)
    column = (*t.shape, 1)  # one number for each, where the operation takes a mean
    entropy = ops.binary_crossentropy(
        ops.reshape(t, column), ops.reshape(y_pred, column), from_logits=from_logits
    )
    if from_logits:
        yes, no = ops.sigmoid(y_pred), ops.sigmoid(ops.negative(y_pred))
    else:
        yes, no = y_pred, ops.subtract(_ONE, y_pred)
    miss = ops.add(ops.multiply(t, no), ops.multiply(ops.subtract(_ONE, t), yes))
    each = entropy if gamma == 0 else ops.multiply(power_of_probability(miss, gamma), entropy)
    if apply_class_balancing:
        weight = ops.add(ops.multiply(t, np.float32(2 * alpha - 1)), np.float32(1 - alpha))
        each = ops.multiply(each, weight)
    return ops.mean(each, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Cross-entropy of classes, each term times ``alpha (1 - p) ** gamma``.

    Args:
        y_true: Probabilities, usually one-hot, in the shape of ``y_pred``.
        y_pred: Probabilities, which are first made to sum to 1, or logits if ``from_logits``.
        alpha: Weight of all classes, or one for each.
        gamma: How much what is easy is left aside.
        from_logits: Whether ``y_pred`` is before the softmax.
        label_smoothing: Share of each label spread over all classes.
        axis: The class axis; it is dropped.

    Raises:
        ValueError: Shapes differ, or ``gamma`` is negative.
    """
    loss = "categorical_focal_crossentropy"
    _check(loss, gamma, alpha)
    t, y_pred = same_shape(loss, y_true, y_pred)
    t = smoothed_classes(t, label_smoothing, axis)
    if axis in (-1, len(y_pred.shape) - 1):
        y_pred, from_logits = before(y_pred, Softmax, from_logits)
    if from_logits:
        logs = ops.log_softmax(y_pred, axis=axis)
        p = ops.softmax(y_pred, axis=axis)
    else:
        p = ops.divide(y_pred, ops.sum(y_pred, axis=axis, keepdims=True))
        p = ops.minimum(ops.maximum(p, _SMALLEST), _LARGEST)
        logs = ops.log(p)
    each = ops.multiply(ops.multiply(t, ops.where(t, logs)), np.asarray(alpha, np.float32))
    if gamma:
        each = ops.multiply(each, power_of_probability(ops.subtract(_ONE, p), gamma))
    return ops.negative(ops.sum(each, axis=axis))


class BinaryFocalCrossentropy(UnitLoss):
    """Focal loss for yes/no labels; arguments as :func:`binary_focal_crossentropy`."""

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
    ) -> None:
        super().__init__(name, reduction)
        _check("BinaryFocalCrossentropy", gamma, alpha)
        self.apply_class_balancing = apply_class_balancing
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = checked_smoothing(label_smoothing)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`binary_focal_crossentropy`."""
        return binary_focal_crossentropy(
            y_true,
            y_pred,
            self.apply_class_balancing,
            self.alpha,
            self.gamma,
            self.from_logits,
            self.label_smoothing,
            self.axis,
        )


class CategoricalFocalCrossentropy(UnitLoss):
    """Focal loss for one-hot labels; arguments as :func:`categorical_focal_crossentropy`."""

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
    ) -> None:
        super().__init__(name, reduction)
        _check("CategoricalFocalCrossentropy", gamma, alpha)
        self.alpha = alpha
        self.gamma = gamma
        self.from_logits = from_logits
        self.label_smoothing = checked_smoothing(label_smoothing)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`categorical_focal_crossentropy`."""
        return categorical_focal_crossentropy(
            y_true,
            y_pred,
            self.alpha,
            self.gamma,
            self.from_logits,
            self.label_smoothing,
            self.axis,
        )
