"""The area under curves of rates, found by sums at many thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.losses.functions import as_dtype
from fastcnn.metrics.accumulator import Counts, as_thresholds, divided
from fastcnn.metrics.thresholds import at_thresholds, spaced, threshold_table

__all__ = ["AUC"]

Array = NDArray[Any]

_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "minoring", "majoring")


class AUC(Counts):
    """Area under the ROC curve, or under that of precision over recall.

    An approximation: the curve is known at ``num_thresholds`` points. Where two scores fall between
    the same thresholds their order is not seen, so scores should spread over 0 to 1.

    Args:
        num_thresholds: Points of the curve.
        curve: ``"ROC"``, ``"PR"`` or ``"PRGAIN"`` (Flach and Kull 2015, "Precision-recall-gain
            curves").
        summation_method: ``"interpolation"`` (trapezoids; for PR the formula of Davis and Goadrich
            2006, "The relationship between precision-recall and ROC curves"), ``"minoring"`` or
            ``"majoring"`` (the smaller or larger end of each piece).
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
        thresholds: Points in place of ``num_thresholds``, between 0 and 1.
        multi_label: Whether each class of the last axis has a curve; their mean is the result.
        num_labels: Number of classes, with ``multi_label`` only; found from the outputs otherwise.
        label_weights: Factor of each class.
        from_logits: Whether outputs are before the sigmoid.

    Example:
        >>> metric = AUC(num_thresholds=5)
        >>> metric([0, 0, 1, 1], [0.1, 0.6, 0.4, 0.9])
        0.75
    """

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: None = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        if str(curve).upper() not in _CURVES:
            raise ValueError(f"AUC: curve must be one of {', '.join(_CURVES)}, got {curve!r}")
        if str(summation_method).lower() not in _METHODS:
            raise ValueError(
                f"AUC: summation_method must be one of {', '.join(_METHODS)}, got "
                f"{summation_method!r}"
            )
        if num_labels is not None and not multi_label:
            raise ValueError("AUC: num_labels is for multi_label=True only")
        if thresholds is not None:
            inner = sorted(as_thresholds("AUC", thresholds, 0.5))
            self._points = [-1e-7, *inner, 1 + 1e-7]
        elif isinstance(num_thresholds, int) and num_thresholds > 1:
            self._points = spaced("AUC", num_thresholds, 1e-7)
        else:
            raise ValueError(f"AUC: num_thresholds must be 2 or more, got {num_thresholds!r}")
        self.num_thresholds = len(self._points)
        self.curve = str(curve).upper()
        self.summation_method = str(summation_method).lower()
        self.thresholds = thresholds
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = label_weights
        self.from_logits = from_logits

    def measure(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, ...]:
        """The table of one batch; see :class:`~fastcnn.metrics.Metric`."""
        y_pred = as_dtype(y_pred, "float32")
        shape = tuple(y_pred.shape)
        classes = shape[-1] if shape else 1
        if self.multi_label and (len(shape) != 2 or self.num_labels not in (None, classes)):
            wanted = "labels" if self.num_labels is None else str(self.num_labels)
            raise ValueError(f"AUC: multi_label needs outputs (examples, {wanted}), got {shape}")
        weights = self.label_weights
        if weights is not None and np.shape(weights) != (classes,):
            raise ValueError(
                f"AUC: label_weights must be {classes} numbers, one for each class, got {weights!r}"
            )
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        return (
            threshold_table(
                "AUC",
                y_true,
                y_pred,
                sample_weight,
                self._points,
                label_weights=None if self.multi_label else weights,
                by_label=self.multi_label,
            ),
        )

    def score(self, *sums: Array) -> Any:
        """The area, of several classes their mean."""
        table = sums[0].reshape(-1, 2, self.num_thresholds + 1)
        areas = self._areas(*at_thresholds(table))
        if self.multi_label and self.label_weights is not None:
            return np.average(areas, weights=self.label_weights)
        return areas.mean()

    def _areas(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """The area of each class; all arguments ``(classes, thresholds)``."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            return _interpolated(tp, tp + fp, fn)
        recall = divided(tp, tp + fn)
        if self.curve == "ROC":
            x, y = divided(fp, fp + tn), recall
        elif self.curve == "PR":
            x, y = recall, divided(tp, tp + fp)
        else:
            odds = divided(tp + fn, tn + fp)
            x = np.maximum(np.where(tp == 0, 0, 1 - odds * divided(fn, tp)), 0)
            y = np.where(tp == 0, 1, 1 - odds * divided(fp, tp))
        before, after = y[:, :-1], y[:, 1:]
        heights = {
            "interpolation": (before + after) / 2,
            "minoring": np.minimum(before, after),
            "majoring": np.maximum(before, after),
        }[self.summation_method]
        return np.asarray(((x[:, :-1] - x[:, 1:]) * heights).sum(-1))


def _interpolated(tp: Array, positive: Array, fn: Array) -> Array:
    """Between two points true positives grow in proportion to all positives."""
    gained = tp[:, :-1] - tp[:, 1:]
    slope = divided(gained, np.maximum(positive[:, :-1] - positive[:, 1:], 0))
    intercept = tp[:, 1:] - slope * positive[:, 1:]
    both = (positive[:, :-1] > 0) & (positive[:, 1:] > 0)
    ratio = np.where(both, divided(positive[:, :-1], positive[:, 1:]), 1.0)
    pieces = slope * (gained + intercept * np.log(ratio))
    return np.asarray(divided(pieces, np.maximum(tp[:, 1:] + fn[:, 1:], 0)).sum(-1))
