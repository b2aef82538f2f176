"""Whether a model is as often right as it says."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.losses.functions import as_dtype, weighted
from fastcnn.metrics.accumulator import Counts, divided, spread_weight

__all__ = ["ExpectedCalibrationError"]

Array = NDArray[Any]

_ONE = np.float32(1)


class ExpectedCalibrationError(Counts):
    """Mean distance of confidence and accuracy over bins of confidence.

    Confidence is the probability of the guessed class. Bins are equally wide, each without its
    lower and with its upper end. Guo et al. 2017, "On calibration of modern neural networks", arXiv
    1706.04599.

    Args:
        num_bins: How many bins.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
        from_logits: Whether outputs are before the softmax (of one output: the sigmoid).

    Example:
        >>> metric = ExpectedCalibrationError(num_bins=2)
        >>> round(metric([0, 1], [[0.75, 0.25], [0.75, 0.25]]), 6)
        0.25
    """

    def __init__(
        self,
        num_bins: int = 15,
        name: str = "expected_calibration_error",
        dtype: None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(dtype, name)
        if not isinstance(num_bins, int) or num_bins < 1:
            raise ValueError(
                f"ExpectedCalibrationError: num_bins must be a positive int, got {num_bins!r}"
            )
        self.num_bins = num_bins
        self.from_logits = from_logits

    def measure(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, ...]:
        """Weight, confidence and hits of each bin; see :class:`~fastcnn.metrics.Metric`."""
        owner = "ExpectedCalibrationError"
        y_pred = as_dtype(y_pred, "float32")
        true, pred = tuple(y_true.shape), tuple(y_pred.shape)
        single = pred[-1:] == (1,)
        if true not in (pred, pred[:-1], (*pred[:-1], 1)):
            raise ValueError(
                f"{owner}: labels of shape {true} for outputs of shape {pred}: one class number "
                "for each row of outputs, or one-hot labels"
            )
        rows = int(np.prod(pred[:-1]))
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred) if single else ops.softmax(y_pred)
        if single:
            p = ops.reshape(y_pred, (rows,))
            guess: Any = ops.cast(ops.greater(p, np.float32(0.5)), "int64")
            confidence = ops.maximum(p, ops.subtract(_ONE, p))
        else:
            guess = ops.reshape(ops.argmax(y_pred), (rows,))
            best = ops.one_hot(ops.argmax(y_pred), pred[-1])
            confidence = ops.reshape(ops.sum(ops.where(best, y_pred), axis=-1), (rows,))
        one_hot = true == pred and not single
        labels = ops.argmax(as_dtype(y_true, "float32")) if one_hot else as_dtype(y_true, "int64")
        hits = ops.equal(ops.reshape(labels, (rows,)), guess)
        place = ops.multiply(confidence, np.float32(self.num_bins))
        floor = ops.cast(ops.cast(place, "int64"), "float32")
        index = ops.subtract(ops.add(floor, ops.greater(place, floor)), _ONE)
        index = ops.minimum(ops.maximum(index, np.float32(0)), np.float32(self.num_bins - 1))
        weight: Any = np.ones(rows, np.float32)
        if sample_weight is not None:
            weight = ops.reshape(spread_weight(owner, sample_weight, pred[:-1]), (rows,))
        index, none = ops.cast(index, "int64"), np.zeros(rows, np.int64)
        columns = (weight, weighted(confidence, weight), ops.multiply(weight, hits))
        return tuple(
            ops.weighted_histogram_2d(index, none, each, (self.num_bins, 1)) for each in columns
        )

    def score(self, *sums: Array) -> Any:
        """The mean, weighted by how many examples are in each bin."""
        weight, confidence, hits = sums
        return divided(abs(confidence - hits).sum(), weight.sum())

    def bins(self) -> dict[str, Array]:
        """What a reliability diagram shows: ``confidence``, ``accuracy``, ``weight`` of each bin.

        Raises:
            ValueError: Nothing was counted yet.
        """
        if not self.sums:
            raise ValueError("ExpectedCalibrationError.bins: nothing was counted yet")
        weight, confidence, hits = (each[:, 0] for each in self.sums)
        return {
            "confidence": divided(confidence, weight),
            "accuracy": divided(hits, weight),
            "weight": weight.copy(),
        }
