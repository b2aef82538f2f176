"""Losses as :mod:`fastcnn.losses` names them, one number a sample, and what counts hits."""

from __future__ import annotations

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


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False
) -> Float64:
    """``-log(y_pred[label])``; NaN where the label is no class."""
    logs = log_probabilities(y_pred, from_logits)
    classes = logs.shape[-1]
    labels = np.asarray(y_true).reshape(logs.shape[:-1])
    loss = np.full(labels.shape, np.nan)
    for row in np.ndindex(labels.shape):
        if 0 <= labels[row] < classes:
            loss[row] = -logs[row][labels[row]]
    return loss


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
    hits = np.zeros(labels.shape)
    for row in np.ndindex(labels.shape):
        if 0 <= labels[row] < scores.shape[-1]:
            score = scores[row][labels[row]]
            above = np.count_nonzero(~(scores[row] <= score))
            hits[row] = not np.isnan(score) and above < k
    return hits
