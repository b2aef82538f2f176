"""Losses as :mod:`fastcnn.losses` names them, one number a sample, and what counts hits."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from fastcnn.reference.elementwise import Float64, float64, log, square
from fastcnn.reference.reduction import chosen, is_class, mean

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "log_softmax",
    "mean_squared_error",
    "softmax",
    "sparse_categorical_crossentropy",
    "sparsemax",
]

# Probabilities are kept this far from 0 and 1, as Keras does. The bounds are rounded to float32,
# where 1 - 1e-7 is 1 - 1.19e-7: log(1 - p) would differ by 1 % otherwise.
SMALLEST = float(np.float32(1e-7))


LARGEST = float(np.float32(1) - np.float32(1e-7))


def mean_squared_error(y_true: ArrayLike, y_pred: ArrayLike) -> Float64:
    """Mean of ``(y_pred - y_true) ** 2`` over the last axis."""
    return mean(square(float64(y_pred) - float64(y_true)), axis=-1)


def log_probabilities(y_pred: ArrayLike, from_logits: bool) -> Float64:
    """Logarithm of each class's probability; probabilities are first made to sum to 1.

    Those that sum to 0 count as equal ones.
    """
    if from_logits:
        return log_softmax(y_pred)
    y_pred = float64(y_pred)
    total = y_pred.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Where the sum says nothing all classes are equal.
        y_pred = np.where(total == 0, 1 / max(y_pred.shape[-1], 1), y_pred / total)
    return log(np.clip(y_pred, SMALLEST, LARGEST))


def categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False
) -> Float64:
    """``-sum(y_true * log(y_pred))`` over the last axis."""
    logs = log_probabilities(y_pred, from_logits)
    y_true = float64(y_true)
    # A class that cannot be has a logarithm of minus infinity, which 0 would make NaN of.
    return np.asarray(-np.sum(y_true * np.where(y_true == 0, 0, logs), axis=-1))


def sparse_categorical_crossentropy(
    y_true: ArrayLike, y_pred: ArrayLike, *, from_logits: bool = False
) -> Float64:
    """``-log(y_pred[label])``; NaN where the label is not a class."""
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


def softmax(x: ArrayLike, axis: int = -1) -> Float64:
    """``exp(x)`` divided by its sum along ``axis``, after subtracting the largest."""
    return np.exp(log_softmax(x, axis=axis))


def log_softmax(x: ArrayLike, axis: int = -1) -> Float64:
    """Logarithm of :func:`softmax`, computed without leaving the logarithm."""
    x = float64(x)
    # `initial` only matters for rows without an element, which have no largest.
    largest = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    with np.errstate(invalid="ignore"):  # inf - inf is NaN, and meant
        shifted = x - largest
    return np.asarray(shifted - log(np.sum(np.exp(shifted), axis=axis, keepdims=True)))


def sparsemax(x: ArrayLike, axis: int = -1) -> Float64:
    """``max(x - tau, 0)`` with the ``tau`` that makes it sum to 1 along ``axis``.

    Found by sorting, as in algorithm 1 of Martins & Astudillo, "From Softmax to Sparsemax" (2016).
    """
    x = np.moveaxis(float64(x), axis, -1)
    # What is infinite or NaN makes NaN of its row, except minus infinity beside a number.
    with np.errstate(invalid="ignore", divide="ignore"):
        shifted = x - np.max(x, axis=-1, keepdims=True, initial=-np.inf)
        falling = -np.sort(-shifted, axis=-1)
        counts = np.arange(1, x.shape[-1] + 1)
        kept = counts * falling > np.cumsum(falling, axis=-1) - 1
        total = np.sum(np.where(kept, falling, 0), axis=-1, keepdims=True)
        tau = (total - 1) / np.sum(kept, axis=-1, keepdims=True)
        return np.moveaxis(np.maximum(shifted - tau, 0), -1, axis)
