"""Weights of examples by their class."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["with_class_weight"]

Array = NDArray[Any]


def with_class_weight(
    weights: Sequence[Array], labels: Sequence[Array], class_weight: Mapping[int, float] | None
) -> list[Array]:
    """Sample weights times the weight of each example's class.

    Raises:
        ValueError: Several outputs, labels that are neither integers nor one-hot, or weights that
            are no weights of classes.
    """
    if class_weight is None:
        return list(weights)
    if not isinstance(class_weight, Mapping):
        raise ValueError(
            f"class_weight: expected a dict by class number, e.g. {{0: 1.0, 1: 5.0}}, got "
            f"{type(class_weight).__name__}; dict(enumerate(weights)) makes one of a list"
        )
    if len(labels) != 1:
        raise ValueError(f"class_weight needs a model with one output, this one has {len(labels)}")
    y = labels[0]
    if y.ndim > 2:
        raise ValueError(
            f"class_weight: labels of shape {y.shape} have more than one label per example; hand "
            "in a sample_weight of their shape instead"
        )
    one_hot = y.ndim == 2 and y.shape[1] > 1
    classes = y.argmax(-1) if one_hot else y.reshape(len(y))
    unique, inverse = np.unique(classes, return_inverse=True)
    _check_class_weight(class_weight, unique, y.shape[1] if one_hot else None)
    factors = np.array([class_weight.get(int(label), 1.0) for label in unique], np.float32)
    by_example = factors[inverse.reshape(classes.shape)]
    if not weights:
        return [by_example]
    given = weights[0]
    return [given * by_example.reshape(len(by_example), *[1] * (given.ndim - 1))]


def _check_class_weight(
    class_weight: Mapping[int, float], present: Array, classes: int | None
) -> None:
    """Refuse weights by class that cannot be meant so.

    Args:
        class_weight: What ``fit`` was given.
        present: The class numbers that labels hold.
        classes: How many there are, if labels are one-hot.
    """
    for key, weight in class_weight.items():
        if isinstance(key, bool) or not isinstance(key, int | np.integer) or key < 0:
            raise ValueError(
                f"class_weight: keys are class numbers, 0 and up, got {key!r}; e.g. "
                "{0: 1.0, 1: 5.0}"
            )
        if classes is not None and key >= classes:
            raise ValueError(
                f"class_weight: {key} is none of the {classes} classes, 0 to {classes - 1}"
            )
        if not hasattr(weight, "__float__") or not 0 <= weight < np.inf:
            raise ValueError(
                f"class_weight: the weight of class {key} must be a number of 0 or more, got "
                f"{weight!r}"
            )
    if (present != np.floor(present)).any():
        raise ValueError(
            "class_weight: labels are neither class numbers nor one-hot, for they have fractions; "
            "pass a sample_weight instead"
        )
    missing = [int(label) for label in present if int(label) not in class_weight]
    if missing:
        warnings.warn(
            f"class_weight has nothing for the classes {missing}, which are among the labels: they "
            "count 1.0. Name them to say so",
            stacklevel=4,
        )
