"""How much regions overlap: intersection over union of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.losses.functions import as_dtype, not_ignored
from fastcnn.metrics.accumulator import Counts, divided, spread_weight

__all__ = ["BinaryIoU", "IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"]

Array = NDArray[Any]


#: The matrix of so many takes 2 GB.
_MOST_CLASSES = 1 << 14


def _checked_count(owner: str, num_classes: Any) -> int:
    """The number of classes, before anything is made for each of them."""
    if not isinstance(num_classes, int | np.integer) or not 1 <= num_classes <= _MOST_CLASSES:
        raise ValueError(
            f"{owner}: num_classes must be a positive int of at most {_MOST_CLASSES}, got "
            f"{num_classes!r:.100}"
        )
    return int(num_classes)


class IoU(Counts):
    """Mean of ``hits / (hits + false alarms + misses)`` over some classes.

    Classes that occur neither in labels nor in outputs are left out of the mean.

    Args:
        num_classes: Number of classes; labels and guesses that are none of them are not counted.
        target_class_ids: The classes of the mean.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
        ignore_class: A label that means "none".
        sparse_y_true: Whether labels are class numbers; one-hot otherwise.
        sparse_y_pred: Whether outputs are class numbers; scores otherwise, of which the largest is
            the guess.
        axis: The class axis of what is not sparse.
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype, name)
        kind = type(self).__name__
        self.num_classes = _checked_count(kind, num_classes)
        targets = list(target_class_ids)
        if not targets or not all(
            isinstance(i, int | np.integer) and 0 <= i < num_classes for i in targets
        ):
            raise ValueError(
                f"{kind}: target_class_ids must be classes from 0 to {num_classes - 1}, got "
                f"{target_class_ids!r:.200}"
            )
        self.target_class_ids = targets
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis

    def _numbers(self, y: Any, sparse: bool) -> Any:
        if sparse:
            return as_dtype(y, "int64")
        return ops.argmax(as_dtype(y, "float32"), axis=self.axis)

    def guesses(self, y_pred: Any) -> Any:
        """Class numbers of outputs."""
        return self._numbers(y_pred, self.sparse_y_pred)

    def measure(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, ...]:
        """The confusion matrix of one batch; see :class:`~fastcnn.metrics.Metric`."""
        kind = type(self).__name__
        labels, guesses = self._numbers(y_true, self.sparse_y_true), self.guesses(y_pred)
        shape = tuple(labels.shape)
        count = int(np.prod(shape))
        if count != int(np.prod(guesses.shape)):
            hint = (
                "; outputs that are scores need sparse_y_pred=False, one-hot labels "
                "sparse_y_true=False (or MeanIoU's and IoU's OneHot forms)"
            )
            raise ValueError(
                f"{kind}: labels of shape {tuple(y_true.shape)} for outputs of shape "
                f"{tuple(y_pred.shape)}: they must be one class number each{hint}"
            )
        weight: Any = np.ones(count, np.float32)
        if sample_weight is not None:
            weight = ops.reshape(spread_weight(kind, sample_weight, shape), (count,))
        labels, guesses = ops.reshape(labels, (count,)), ops.reshape(guesses, (count,))
        if self.ignore_class is not None:
            weight = ops.multiply(weight, not_ignored(labels, self.ignore_class))
        return (
            ops.weighted_histogram_2d(
                labels, guesses, weight, (self.num_classes, self.num_classes)
            ),
        )

    def score(self, *sums: Array) -> Any:
        """The mean over the target classes that occur."""
        matrix = sums[0]
        hits = np.diag(matrix)
        union = matrix.sum(0) + matrix.sum(1) - hits
        hits, union = hits[self.target_class_ids], union[self.target_class_ids]
        return divided(hits, union).sum() / max(1, (union > 1e-9).sum())


class BinaryIoU(IoU):
    """IoU of yes/no labels with outputs cut at a threshold.

    Args:
        target_class_ids: Of which of the two the mean is taken.
        threshold: Outputs of at least this are class 1.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
    """

    _not_configured = frozenset({"dtype"})

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def guesses(self, y_pred: Any) -> Any:
        """1 at and above the threshold, else 0."""
        below = ops.greater(np.float32(self.threshold), as_dtype(y_pred, "float32"))
        return ops.cast(ops.subtract(np.float32(1), below), "int64")


class MeanIoU(IoU):
    """Mean intersection over union of all classes; arguments as :class:`IoU`."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes,
            range(_checked_count(type(self).__name__, num_classes)),
            name,
            dtype,
            ignore_class,
            sparse_y_true,
            sparse_y_pred,
            axis,
        )


class OneHotIoU(IoU):
    """:class:`IoU` of one-hot labels and of scores."""

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )


class OneHotMeanIoU(MeanIoU):
    """:class:`MeanIoU` of one-hot labels and of scores."""

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)
