"""Helpers under Keras' module path."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn.config import custom_object_scope
from fastcnn.datasets.image_folder import image_dataset_from_directory
from fastcnn.layers.naming import clear_names
from fastcnn.seeding import set_random_seed

__all__ = [
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "image_dataset_from_directory",
    "set_random_seed",
    "to_categorical",
]


def to_categorical(x: Any, num_classes: int | None = None) -> NDArray[np.float64]:
    """Class numbers as one-hot rows.

    Args:
        x: Integers; a last axis of size 1 is dropped.
        num_classes: Number of classes; ``None`` means the largest number plus 1.

    Returns:
        Zeros and ones of shape ``(*x.shape, num_classes)``, float64 as in Keras.

    Raises:
        ValueError: A negative number, or one that is not below ``num_classes``.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    labels = np.asarray(x).astype(np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    if num_classes is None:
        num_classes = int(labels.max()) + 1 if labels.size else 0
    if labels.size and not (labels.min() >= 0 and labels.max() < num_classes):
        raise ValueError(
            f"to_categorical: labels run from {labels.min()} to {labels.max()}, expected 0 to "
            f"{num_classes - 1}: num_classes={num_classes} is too small, or labels must be "
            "renumbered"
        )
    result = np.zeros((labels.size, num_classes))
    result[np.arange(labels.size), labels.reshape(-1)] = 1
    return result.reshape(*labels.shape, num_classes)


def clear_session(free_memory: bool = True) -> None:
    """Start naming layers anew: the next ``Dense`` is called ``dense`` again.

    Args:
        free_memory: Accepted for Keras' sake; models free what they hold when they are deleted.
    """
    clear_names()


class PyDataset:
    """Base of data sets that make their own batches.

    A subclass defines ``__len__``, the number of batches, and ``__getitem__``, which returns one:
    ``(x, y)`` or ``(x, y, sample_weight)``.
    """

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__")

    def on_epoch_end(self) -> None:
        """Called when all batches of an epoch have been taken."""


Sequence = PyDataset
