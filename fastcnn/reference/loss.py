"""Losses as :mod:`fastcnn.losses` names them, one number a sample, and what counts hits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastcnn.reference.elementwise import Float64, float64, log, square
from fastcnn.reference.reduction import log_softmax, mean

# Probabilities are kept this far from 0 and 1, as Keras does. The bounds are rounded to float32,
# where 1 - 1e-7 is 1 - 1.19e-7: log(1 - p) would differ by 1 % otherwise.
SMALLEST = float(np.float32(1e-7))
LARGEST = float(np.float32(1) - np.float32(1e-7))


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Float64:
    """Mean of ``(y_pred - y_true) ** 2`` over the last axis."""
    return mean(square(float64(y_pred) - float64(y_true)), axis=-1)


def log_probabilities(y_pred: ArrayLike, from_logits: bool) -> Float64:
    """Logarithm of each class's probability; probabilities are first made to sum to 1."""
    if from_logits:
        return log_softmax(y_pred)
    y_pred = float64(y_pred)
    with np.errstate(invalid="ignore"):
        y_pred = y_pred / y_pred.sum(axis=-1, keepdims=True)
    return log(np.clip(y_pred, SMALLEST, LARGEST))


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False
) -> Float64:
    """``-sum(y_true * log(y_pred))`` over the last axis."""
    logs = log_probabilities(y_pred, from_logits)
    return np.asarray(-np.sum(float64(y_true) * logs, axis=-1))


def is_class(labels: NDArray[Any], rows: Float64) -> NDArray[np.bool_]:
    """Whether each label counts a column of its row."""
    return np.asarray((labels >= 0) & (labels < rows.shape[-1]))


def chosen(rows: Float64, labels: NDArray[Any]) -> Float64:
    """Each row's element at its label; anything where the label is no class."""
    safe = np.where(is_class(labels, rows), labels, 0).astype(np.int64)
    return np.take_along_axis(rows, safe[..., None], axis=-1)[..., 0]


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False
) -> Float64:
    """``-log(y_pred[label])``; NaN where the label is no class."""
    logs = log_probabilities(y_pred, from_logits)
    labels = np.asarray(y_true).reshape(logs.shape[:-1])
    return np.where(is_class(labels, logs), -chosen(logs, labels), np.nan)


def binary_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False
) -> Float64:
    """``-(t log(p) + (1 - t) log(1 - p))``, mean over the last axis."""
    t, p = float64(y_true), float64(y_pred)
    if from_logits:
        return mean(np.maximum(p, 0) - p * t + np.log1p(np.exp(-np.abs(p))), axis=-1)
    p = np.clip(p, SMALLEST, LARGEST)
    return mean(-(t * np.log(p) + (1 - t) * np.log(1 - p)), axis=-1)


def in_top_k(y_true: ArrayLike, y_pred: ArrayLike, k: int) -> NDArray[np.float64]:
    """1 where fewer than ``k`` classes score above the label's, else 0.

    A NaN counts as above any number; a label that is no class, or scored NaN, is no hit.
    """
    scores = float64(y_pred)
    labels = np.asarray(y_true).reshape(scores.shape[:-1])
    score = chosen(scores, labels)
    above = np.count_nonzero(~(scores <= score[..., None]), axis=-1)
    return float64(is_class(labels, scores) & ~np.isnan(score) & (above < k))
