"""Means of precision and recall."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.losses.functions import weighted
from fastcnn.metrics.accumulator import Counts, same_scores, spread_weight

__all__ = ["F1Score", "FBetaScore"]

Array = NDArray[Any]

_ONE = np.float32(1)
_SMALL = 1e-7


class FBetaScore(Counts):
    """``(1 + beta^2) P R / (beta^2 P + R)`` of each class, P precision and R recall.

    Labels are one-hot (or yes/no for each class), outputs ``(examples, classes)``.

    Args:
        average: ``None`` returns an array with a number for each class; ``"micro"`` counts all
            classes together; ``"macro"`` is their mean; ``"weighted"`` their mean by how many
            examples each has.
        beta: How much more recall counts than precision.
        threshold: Outputs above it are positive; ``None`` takes the largest of each row.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
    """

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: None = None,
    ) -> None:
        super().__init__(dtype, name)
        kind = type(self).__name__
        if average not in (None, "micro", "macro", "weighted"):
            raise ValueError(
                f"{kind}: average must be None, 'micro', 'macro' or 'weighted', got {average!r}"
            )
        if not hasattr(beta, "__float__") or not 0 < beta < math.inf:
            raise ValueError(f"{kind}: beta must be a number above 0, got {beta!r}")
        if threshold is not None and not 0 < threshold <= 1:
            raise ValueError(f"{kind}: threshold must be above 0 and at most 1, got {threshold!r}")
        self.average = average
        self.beta = beta
        self.threshold = threshold

    def measure(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, ...]:
        """Hits, false alarms and misses of one batch; see :class:`~fastcnn.metrics.Metric`."""
        kind = type(self).__name__
        t, y_pred = same_scores(kind, y_true, y_pred)
        shape = tuple(y_pred.shape)
        if len(shape) != 2:
            raise ValueError(
                f"{kind}: outputs must be (examples, classes) and labels one-hot, got shape {shape}"
            )
        if self.threshold is None:
            best = ops.one_hot(ops.argmax(y_pred), shape[-1])
            most = ops.sum(ops.where(best, y_pred), axis=-1, keepdims=True)
            sized = ops.greater(ops.abs(y_pred), np.float32(1e-9))
            p = ops.multiply(ops.equal(y_pred, most), sized)
        else:
            p = ops.greater(y_pred, np.float32(self.threshold))
        sums = []
        for each in (
            ops.multiply(p, t),
            ops.multiply(p, ops.subtract(_ONE, t)),
            ops.multiply(ops.subtract(_ONE, p), t),
        ):
            if sample_weight is not None:
                each = weighted(each, spread_weight(kind, sample_weight, shape))
            sums.append(ops.sum(each, axis=0))
        return tuple(sums)

    def result_shape(self, sums: Sequence[Array]) -> tuple[int, ...]:
        """With ``average=None`` one number for each class."""
        if self.average is not None:
            return ()
        return sums[0].shape if sums else (0,)

    def score(self, *sums: Array) -> Any:
        """A number, or with ``average=None`` one for each class."""
        tp, fp, fn = (x.sum() for x in sums) if self.average == "micro" else sums
        precision, recall = tp / (tp + fp + _SMALL), tp / (tp + fn + _SMALL)
        square = self.beta**2
        scores = (1 + square) * precision * recall / (square * precision + recall + _SMALL)
        if self.average == "weighted":
            return (scores * (tp + fn) / ((tp + fn).sum() + _SMALL)).sum()
        return scores if self.average is None else np.mean(scores)


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall; arguments as :class:`FBetaScore`."""

    _not_configured = frozenset({"dtype", "beta"})

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: None = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)
