"""How often a model is right."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.graph.array_like import as_array
from fastcnn.losses.functions import as_dtype, is_symbolic, same_rank
from fastcnn.metrics.metric import Metric

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Any:
    """Share of outputs on the label's side of ``threshold``, over the last axis."""
    y_true, y_pred = same_rank(y_true, y_pred)
    hits = ops.equal(y_true, ops.greater(y_pred, np.float32(threshold)))
    return ops.mean(hits, axis=-1)


def categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest output is that of the one-hot label, else 0."""
    labels = ops.argmax(as_dtype(y_true, "float32"))
    return ops.equal(labels, ops.argmax(as_dtype(y_pred, "float32")))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Any:
    """1 where the largest output is that of the integer label, else 0."""
    y_pred = as_dtype(y_pred, "float32")
    return ops.equal(_labels(y_true, y_pred), ops.argmax(y_pred))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the one-hot label's class is among the ``k`` largest outputs, else 0."""
    labels = ops.argmax(as_dtype(y_true, "float32"))
    return ops.in_top_k(labels, as_dtype(y_pred, "float32"), k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Any:
    """1 where the integer label is among the ``k`` largest outputs, else 0."""
    y_pred = as_dtype(y_pred, "float32")
    return ops.in_top_k(_labels(y_true, y_pred), y_pred, k)


class Accuracy(Metric):
    """How often outputs equal labels exactly."""

    def __init__(self, name: str = "accuracy", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """1 where equal, else 0."""
        return ops.equal(*same_rank(y_true, y_pred))


class BinaryAccuracy(Metric):
    """How often outputs lie on the label's side of a threshold.

    Args:
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
        threshold: Outputs above it mean 1.
    """

    def __init__(
        self, name: str = "binary_accuracy", dtype: None = None, threshold: float = 0.5
    ) -> None:
        super().__init__(dtype, name)
        self.threshold = threshold

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """Share of hits over the last axis."""
        return binary_accuracy(y_true, y_pred, self.threshold)


class CategoricalAccuracy(Metric):
    """How often the largest output is that of the one-hot label."""

    def __init__(self, name: str = "categorical_accuracy", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """1 for a hit, else 0."""
        return categorical_accuracy(y_true, y_pred)


class SparseCategoricalAccuracy(Metric):
    """How often the largest output is that of the integer label."""

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """1 for a hit, else 0."""
        return sparse_categorical_accuracy(y_true, y_pred)


class TopKCategoricalAccuracy(Metric):
    """How often the one-hot label's class is among the ``k`` largest outputs.

    Args:
        k: Number of guesses allowed.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
    """

    def __init__(
        self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: None = None
    ) -> None:
        super().__init__(dtype, name)
        self.k = k

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """1 for a hit, else 0."""
        return top_k_categorical_accuracy(y_true, y_pred, self.k)


class SparseTopKCategoricalAccuracy(Metric):
    """How often the integer label is among the ``k`` largest outputs.

    Args:
        k: Number of guesses allowed.
        name: Its key in logs.
        dtype: Not supported: ``None`` only.
    """

    def __init__(
        self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: None = None
    ) -> None:
        super().__init__(dtype, name)
        self.k = k

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """1 for a hit, else 0."""
        return sparse_top_k_categorical_accuracy(y_true, y_pred, self.k)


def _labels(y_true: Any, y_pred: Any) -> Any:
    """Integer labels in the shape of ``y_pred`` without its last axis."""
    labels = y_true if is_symbolic(y_true) else as_array(y_true)
    return ops.reshape(as_dtype(labels, "int64"), tuple(y_pred.shape)[:-1])
