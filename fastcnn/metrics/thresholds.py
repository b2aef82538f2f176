"""Counts of hits and false alarms at thresholds of a score, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.metrics.accumulator import (
    Counts,
    as_thresholds,
    divided,
    same_scores,
    spread_weight,
)

__all__ = [
    "Array",
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "Recall",
    "TrueNegatives",
    "TruePositives",
    "at_thresholds",
    "spaced",
    "threshold_table",
]


Array = NDArray[Any]


_ONE, _ZERO = np.float32(1), np.float32(0)


#: More would cost memory and time without telling anything more: scores are float32.
_MOST_THRESHOLDS = 1 << 16
#: What scores that are none of the largest are set to.
_LOWEST = np.float32(-1e10)


def spaced(owner: str, count: int, margin: float = 0.0) -> list[float]:
    """``count`` thresholds from 0 to 1 at equal distances, the outer ones ``margin`` beyond.

    Raises:
        ValueError: Too many.
    """
    if count > _MOST_THRESHOLDS:
        raise ValueError(f"{owner}: num_thresholds must be at most {_MOST_THRESHOLDS}, got {count}")
    inner = [(i + 1) / (count - 1) for i in range(count - 2)]
    return [0.0 - margin, *inner, 1.0 + margin]


def _are_spaced(thresholds: list[float]) -> bool:
    count = len(thresholds)
    return count > 2 and bool(np.allclose(thresholds, np.arange(count) / (count - 1), atol=1e-7))


def _exceeded(scores: Any, thresholds: list[float]) -> Any:
    """How many of the ascending thresholds each score ``(n,)`` is above, as float32."""
    count = len(thresholds)
    if not _are_spaced(thresholds):
        above = ops.greater(
            ops.reshape(scores, (*scores.shape, 1)), np.asarray(thresholds, np.float32)
        )
        return ops.sum(above, axis=-1)
    # The number is known without a comparison with each, as Keras finds it.
    kept = ops.minimum(ops.maximum(scores, _ZERO), _ONE)
    place = ops.multiply(kept, np.float32(count - 1))
    floor = ops.cast(ops.cast(place, "int64"), "float32")
    above = ops.add(floor, ops.greater(place, floor))
    return above if thresholds[0] >= 0 else ops.maximum(above, _ONE)


def _largest(scores: Any, k: int) -> Any:
    """The scores with all but the ``k`` largest of each row far below any threshold."""
    classes = scores.shape[-1]
    if k >= classes:
        return scores
    chosen, rest = None, scores
    for _ in range(k):
        best = ops.one_hot(ops.argmax(rest), classes)
        chosen = best if chosen is None else ops.add(chosen, best)
        rest = ops.where(chosen, np.float32(-np.inf), scores)
    return ops.where(chosen, scores, _LOWEST)


def threshold_table(
    owner: str,
    y_true: Any,
    y_pred: Any,
    weight: Any,
    thresholds: list[float],
    *,
    top_k: int | None = None,
    class_id: int | None = None,
    label_weights: Any = None,
    by_label: bool = False,
) -> Any:
    """Sums of weights by truth and by how many thresholds the score exceeds.

    Args:
        owner: The metric, for messages.
        y_true: Labels, 0 or something else, in the shape of ``y_pred``.
        y_pred: Scores.
        weight: Sample weights, or ``None``.
        thresholds: Ascending.
        top_k: Only so many largest scores of a row count as scores.
        class_id: The only class of the last axis that counts.
        label_weights: A factor for each class.
        by_label: Whether classes are kept apart.

    Returns:
        ``(2, len(thresholds) + 1)``, or with ``by_label`` ``(classes * 2, ...)``; float32.
    """
    y_true, y_pred = same_scores(owner, y_true, y_pred)
    shape = tuple(y_pred.shape)
    weight = np.ones(shape, np.float32) if weight is None else spread_weight(owner, weight, shape)
    if label_weights is not None:
        weight = ops.multiply(weight, np.asarray(label_weights, np.float32))
    if top_k is not None:
        y_pred = _largest(y_pred, top_k)
    if class_id is not None:
        if len(shape) < 2 or class_id >= shape[-1]:
            raise ValueError(
                f"{owner}: class_id={class_id} needs outputs with an axis of more than {class_id} "
                f"classes, got shape {shape}"
            )
        start, shape = [0] * (len(shape) - 1) + [class_id], (*shape[:-1], 1)
        y_true, y_pred, weight = (ops.slice(y, start, shape) for y in (y_true, y_pred, weight))
    rows = ops.subtract(_ONE, ops.equal(y_true, _ZERO))
    count = 2
    if by_label:
        rows = ops.add(rows, np.arange(shape[-1], dtype=np.float32) * 2)
        count = 2 * shape[-1]
    size = (int(np.prod(shape)),)
    rows, y_pred, weight = (ops.reshape(y, size) for y in (rows, y_pred, weight))
    above = _exceeded(y_pred, thresholds)
    return ops.weighted_histogram_2d(
        ops.cast(rows, "int64"), ops.cast(above, "int64"), weight, (count, len(thresholds) + 1)
    )


def at_thresholds(table: Array) -> tuple[Array, Array, Array, Array]:
    """True and false positives, true and false negatives at each threshold.

    Args:
        table: What :func:`threshold_table` found, ``(..., 2, thresholds + 1)``.
    """
    # A score that exceeds k thresholds is positive at the first k of them.
    from_above = np.flip(np.cumsum(np.flip(table, -1), -1), -1)
    up_to = np.cumsum(table, -1)
    positive, negative = from_above[..., 1:], up_to[..., :-1]
    return positive[..., 1, :], positive[..., 0, :], negative[..., 0, :], negative[..., 1, :]


class _AtThresholds(Counts):
    """A metric of what lies on which side of thresholds."""

    def __init__(
        self,
        thresholds: Any = None,
        name: str | None = None,
        dtype: None = None,
        *,
        default: float = 0.5,
    ) -> None:
        super().__init__(dtype, name)
        kind = type(self).__name__
        values = as_thresholds(kind, thresholds, default)
        self.thresholds = thresholds
        order = np.argsort(values, kind="stable")
        self._ascending = [values[i] for i in order]
        self._back = np.argsort(order, kind="stable")
        self.top_k: int | None = None
        self.class_id: int | None = None

    def measure(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, ...]:
        """The table of one batch; see :class:`~fastcnn.metrics.Metric`."""
        return (
            threshold_table(
                type(self).__name__,
                y_true,
                y_pred,
                sample_weight,
                self._ascending,
                top_k=self.top_k,
                class_id=self.class_id,
            ),
        )

    def score(self, *sums: Array) -> Any:
        """One number for each threshold; the number itself if there is one threshold."""
        found = np.asarray(self.rate(*at_thresholds(sums[0])))[self._back]
        return found[0] if len(found) == 1 else found

    def result_shape(self, sums: Sequence[Array]) -> tuple[int, ...]:
        """One number for each threshold; none if there is one threshold."""
        count = len(self._ascending)
        return () if count == 1 else (count,)

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """The metric of counts at the ascending thresholds."""
        raise NotImplementedError


class TruePositives(_AtThresholds):
    """How many positives score above a threshold.

    Args:
        thresholds: One, or several: then the result is an array. Defaults to 0.5.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
    """

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: None = None) -> None:
        super().__init__(thresholds, name, dtype)

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """``tp``."""
        return tp


class FalsePositives(_AtThresholds):
    """How many negatives score above a threshold; arguments as :class:`TruePositives`."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: None = None) -> None:
        super().__init__(thresholds, name, dtype)

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """``fp``."""
        return fp


class TrueNegatives(_AtThresholds):
    """How many negatives do not score above; arguments as :class:`TruePositives`."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: None = None) -> None:
        super().__init__(thresholds, name, dtype)

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """``tn``."""
        return tn


class FalseNegatives(_AtThresholds):
    """How many positives do not score above; arguments as :class:`TruePositives`."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: None = None) -> None:
        super().__init__(thresholds, name, dtype)

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """``fn``."""
        return fn


class _Retrieval(_AtThresholds):
    """Precision or recall, maybe of the largest scores or of one class."""

    def __init__(
        self, thresholds: Any, top_k: Any, class_id: Any, name: str | None, dtype: None
    ) -> None:
        # All of the largest scores count by default.
        super().__init__(thresholds, name, dtype, default=0.5 if top_k is None else float(_LOWEST))
        for key, value, least in (("top_k", top_k, 1), ("class_id", class_id, 0)):
            if value is not None and (not isinstance(value, int | np.integer) or value < least):
                raise ValueError(
                    f"{type(self).__name__}: {key} must be an int of {least} or more, got {value!r}"
                )
        self.top_k = top_k
        self.class_id = class_id


class Precision(_Retrieval):
    """Share of positives among what scores above a threshold; 0 if nothing does.

    Labels are 0 or 1 in the shape of the outputs: one-hot for several classes.

    Args:
        thresholds: One, or several: then the result is an array. Defaults to 0.5.
        top_k: Count only so many largest scores of each row as positive.
        class_id: Look at this class of the last axis only.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.

    Example:
        >>> metric = Precision()
        >>> metric([0, 1, 1, 1], [0.9, 0.2, 0.8, 0.7])
        0.6666666666666666
    """

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: None = None,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, dtype)

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """``tp / (tp + fp)``."""
        return divided(tp, tp + fp)


class Recall(_Retrieval):
    """Share of positives that score above a threshold; arguments as :class:`Precision`."""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: None = None,
    ) -> None:
        super().__init__(thresholds, top_k, class_id, name, dtype)

    def rate(self, tp: Array, fp: Array, tn: Array, fn: Array) -> Array:
        """``tp / (tp + fn)``."""
        return divided(tp, tp + fn)
