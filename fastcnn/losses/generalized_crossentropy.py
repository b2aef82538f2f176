"""A cross-entropy that wrong labels harm less.

Zhang & Sabuncu 2018, "Generalized cross entropy loss for training deep neural networks with noisy
labels", arXiv 1805.07836.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.losses.functions import as_dtype, operand, power_of_probability
from fastcnn.losses.loss import NumericLoss, SparseCategoricalCrossentropy

__all__ = ["CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy"]


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """``(1 - p ** q) / q``, p the probability of the label's class.

    Args:
        y_true: Class numbers: the shape of ``y_pred`` without its last axis, or with size 1 there.
        y_pred: Probabilities ``(..., classes)``.
        q: Between 0, where it would be cross-entropy, and 1, where it would be the mean absolute
            error.

    Returns:
        ``(...)``, float32.

    Raises:
        ValueError: Shapes do not fit, or ``q`` is out of its range.
    """
    _check("categorical_generalized_cross_entropy", q)
    y_true, y_pred = operand(y_true), as_dtype(y_pred, "float32")
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if true not in (pred[:-1], (*pred[:-1], 1)):
        raise ValueError(
            f"categorical_generalized_cross_entropy: labels of shape {true} for outputs of shape "
            f"{pred}: there must be one integer per example; of one-hot labels pass "
            "y.argmax(-1)"
        )
    labels = ops.reshape(as_dtype(y_true, "int64"), pred[:-1])
    p = ops.sum(ops.where(ops.one_hot(labels, pred[-1]), y_pred), axis=-1)
    one = np.float32(1)
    return ops.divide(ops.subtract(one, power_of_probability(p, q)), np.float32(q))


class CategoricalGeneralizedCrossEntropy(NumericLoss):
    """Robust cross-entropy; arguments as :func:`categorical_generalized_cross_entropy`."""

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
    ) -> None:
        super().__init__(name, reduction)
        _check("CategoricalGeneralizedCrossEntropy", q)
        self.q = q

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`categorical_generalized_cross_entropy`."""
        return categorical_generalized_cross_entropy(y_true, y_pred, self.q)

    def check_labels(self, labels: NDArray[Any], outputs: Sequence[int | None]) -> None:
        """Refuse class numbers that the model has no output for."""
        SparseCategoricalCrossentropy(name=self.name).check_labels(labels, outputs)


def _check(loss: str, q: float) -> None:
    if not 0 < q < 1:
        raise ValueError(f"{loss}: q must lie between 0 and 1, without them, got {q}")
    checked_float32(loss, "q", q, divides=True)
