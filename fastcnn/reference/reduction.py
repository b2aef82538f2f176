"""Many elements in, one or a few out, along axes: sums, ranking, histograms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastcnn.reference.elementwise import Float64, float64

__all__ = [
    "argmax",
    "in_top_k",
    "mean",
    "sum",
    "weighted_histogram_2d",
]


def sum(
    x: ArrayLike, *, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> Float64:
    """Sum over one axis, several or all; 0 over nothing."""
    axes = tuple(axis) if isinstance(axis, Sequence) else axis
    total: Float64 = np.sum(float64(x), axis=axes, keepdims=True)
    return total if keepdims else total.squeeze(axes)


def mean(
    x: ArrayLike, *, axis: int | Sequence[int] | None = None, keepdims: bool = False
) -> Float64:
    """Mean over one axis, several or all; NaN over nothing."""
    count = sum(np.ones_like(x, np.float64), axis=axis, keepdims=keepdims)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.divide(sum(x, axis=axis, keepdims=keepdims), count))


def argmax(x: ArrayLike, *, axis: int = -1) -> NDArray[np.int64]:
    """Index of the largest element along ``axis``: the first of equal ones, the first NaN."""
    return np.asarray(np.argmax(np.asarray(x), axis=axis), np.int64)


def weighted_histogram_2d(
    row_indices: ArrayLike, column_indices: ArrayLike, weights: ArrayLike, size: Sequence[int]
) -> Float64:
    """Sums of weights by pairs of numbers; pairs outside of the table are left out."""
    r, c, table = np.asarray(row_indices), np.asarray(column_indices), np.zeros(tuple(size))
    inside = (r >= 0) & (r < size[0]) & (c >= 0) & (c < size[1])
    np.add.at(table, (r[inside], c[inside]), float64(weights)[inside])
    return table


def is_class(labels: NDArray[Any], rows: Float64) -> NDArray[np.bool_]:
    """Whether each label counts a column of its row."""
    return np.asarray((labels >= 0) & (labels < rows.shape[-1]))


def chosen(rows: Float64, labels: NDArray[Any]) -> Float64:
    """Each row's element at its label; anything where the label is not a class."""
    safe = np.where(is_class(labels, rows), labels, 0).astype(np.int64)
    return np.take_along_axis(rows, safe[..., None], axis=-1)[..., 0]


def in_top_k(y_true: ArrayLike, y_pred: ArrayLike, k: int) -> NDArray[np.float64]:
    """1 where fewer than ``k`` classes score above the label's, else 0.

    A NaN counts as above any number; a label that is not a class, or scored NaN, is not a hit.
    """
    scores = float64(y_pred)
    labels = np.asarray(y_true).reshape(scores.shape[:-1])
    score = chosen(scores, labels)
    above = np.count_nonzero(~(scores <= score[..., None]), axis=-1)
    return float64(is_class(labels, scores) & ~np.isnan(score) & (above < k))
