"""The best of one rate among the thresholds that reach another."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.metrics.accumulator import (
    Counts,
    divided,
)
from fastcnn.metrics.thresholds import (
    Array,
    at_thresholds,
    spaced,
    threshold_table,
)

__all__ = [
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
]


class _BestAt(Counts):
    """The best of one rate over thresholds at which another is at least ``least``."""

    def __init__(
        self,
        wanted: str,
        least: float,
        num_thresholds: int,
        class_id: int | None,
        name: str | None,
        dtype: None,
    ) -> None:
        super().__init__(dtype, name)
        kind = type(self).__name__
        if not hasattr(least, "__float__") or not 0 <= least <= 1:
            raise ValueError(f"{kind}: {wanted} must be between 0 and 1, got {least!r}")
        if not isinstance(num_thresholds, int) or num_thresholds < 1:
            raise ValueError(f"{kind}: num_thresholds must be positive, got {num_thresholds!r}")
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self._least = least
        self._thresholds = [0.5] if num_thresholds == 1 else spaced(kind, num_thresholds)

    def measure(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, ...]:
        """The table of one batch; see :class:`~fastcnn.metrics.Metric`."""
        return (
            threshold_table(
                type(self).__name__,
                y_true,
                y_pred,
                sample_weight,
                self._thresholds,
                class_id=self.class_id,
            ),
        )

    def score(self, *sums: Array) -> Any:
        """The best rate; 0 if no threshold will do."""
        bound, rate = self.rates(*at_thresholds(sums[0]))
        return np.where(bound >= self._least, rate, 0).max()

    def rates(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        """What is bounded and what is to be large."""
        raise NotImplementedError


class SensitivityAtSpecificity(_BestAt):
    """The best share of positives found where so large a share of negatives is left alone.

    Args:
        specificity: That share, 0 to 1.
        num_thresholds: How many thresholds of the score are tried.
        class_id: Look at this class of the last axis only.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
    """

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: None = None,
    ) -> None:
        super().__init__("specificity", specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity

    def rates(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        """Specificity and sensitivity."""
        return divided(tn, tn + fp), divided(tp, tp + fn)


class SpecificityAtSensitivity(_BestAt):
    """The best share of negatives left alone where so many positives are found.

    Arguments as :class:`SensitivityAtSpecificity`.
    """

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: None = None,
    ) -> None:
        super().__init__("sensitivity", sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity

    def rates(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        """Sensitivity and specificity."""
        return divided(tp, tp + fn), divided(tn, tn + fp)


class PrecisionAtRecall(_BestAt):
    """The best precision where recall is at least ``recall``.

    Arguments as :class:`SensitivityAtSpecificity`.
    """

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: None = None,
    ) -> None:
        super().__init__("recall", recall, num_thresholds, class_id, name, dtype)
        self.recall = recall

    def rates(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        """Recall and precision."""
        return divided(tp, tp + fn), divided(tp, tp + fp)


class RecallAtPrecision(_BestAt):
    """The best recall where precision is at least ``precision``.

    Arguments as :class:`SensitivityAtSpecificity`.
    """

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: None = None,
    ) -> None:
        super().__init__("precision", precision, num_thresholds, class_id, name, dtype)
        self.precision = precision

    def rates(self, tp: Array, fp: Array, tn: Array, fn: Array) -> tuple[Array, Array]:
        """Precision and recall."""
        return divided(tp, tp + fp), divided(tp, tp + fn)
