"""Losses that ask for a margin, as support vector machines do."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.losses.functions import same_shape
from fastcnn.losses.loss import NumericLoss

__all__ = [
    "CategoricalHinge",
    "Hinge",
    "SquaredHinge",
    "categorical_hinge",
    "hinge",
    "squared_hinge",
]

_ONE = np.float32(1)


def _signs(y_true: Any) -> Any:
    """Labels of -1 and 1; those that are all 0 or 1 are taken as such, as Keras does."""
    neither = ops.multiply(ops.equal(y_true, np.float32(0)), np.float32(-1))
    neither = ops.add(ops.subtract(neither, ops.equal(y_true, _ONE)), _ONE)
    binary = ops.equal(ops.sum(neither), np.float32(0))
    return ops.add(y_true, ops.multiply(ops.subtract(y_true, _ONE), binary))


def _shortfall(loss: str, y_true: Any, y_pred: Any) -> Any:
    y_true, y_pred = same_shape(loss, y_true, y_pred)
    margin = ops.multiply(_signs(y_true), y_pred)
    return ops.maximum(ops.subtract(_ONE, margin), np.float32(0))


def hinge(y_true: Any, y_pred: Any) -> Any:
    """``max(1 - y_true y_pred, 0)``, mean over the last axis.

    Args:
        y_true: ``(..., n)``: -1 or 1. If all labels of a batch are 0 or 1, they become -1 and 1.
        y_pred: Scores in the same shape, float32.

    Returns:
        ``(...)``, float32.

    Raises:
        ValueError: Shapes differ.
    """
    return ops.mean(_shortfall("hinge", y_true, y_pred), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """``max(1 - y_true y_pred, 0) ** 2``, mean over the last axis. Arguments as :func:`hinge`."""
    return ops.mean(ops.square(_shortfall("squared_hinge", y_true, y_pred)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """``max(1 + n - p, 0)``: p the score of the label's class, n the best of the others.

    Args:
        y_true: One-hot labels ``(..., classes)``: p is ``sum(y_true y_pred)`` and n is
            ``max((1 - y_true) y_pred)``.
        y_pred: Scores in the same shape, float32.

    Returns:
        ``(...)``, float32.

    Raises:
        ValueError: Shapes differ.
    """
    y_true, y_pred = same_shape("categorical_hinge", y_true, y_pred)
    label = ops.sum(ops.multiply(y_true, y_pred), axis=-1)
    others = ops.multiply(ops.subtract(_ONE, y_true), y_pred)
    # The largest alone gets the gradient: the first of equal ones.
    best = ops.one_hot(ops.argmax(others), y_pred.shape[-1])
    rival = ops.sum(ops.where(best, others), axis=-1)
    return ops.maximum(ops.add(ops.subtract(rival, label), _ONE), np.float32(0))


class Hinge(NumericLoss):
    """How much margins fall short of 1."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge"
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`hinge`."""
        return hinge(y_true, y_pred)


class SquaredHinge(NumericLoss):
    """The square of how much margins fall short of 1."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge"
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`squared_hinge`."""
        return squared_hinge(y_true, y_pred)


class CategoricalHinge(NumericLoss):
    """How much the label's score falls short of the best other one plus 1."""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge"
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`categorical_hinge`."""
        return categorical_hinge(y_true, y_pred)
