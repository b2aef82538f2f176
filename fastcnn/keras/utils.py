"""Helpers under Keras' module path."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn.config import custom_object_scope
from fastcnn.config import register as register_keras_serializable
from fastcnn.config import registered as get_custom_objects
from fastcnn.datasets.image_folder import image_dataset_from_directory
from fastcnn.graph.array_like import as_array
from fastcnn.keras.preprocessing.image import array_to_img, img_to_array, load_img, save_img
from fastcnn.layers.base.keras_tensor import KerasTensor
from fastcnn.messages import suggesting
from fastcnn.naming import clear_names
from fastcnn.seeding import set_random_seed

__all__ = [
    "CustomObjectScope",
    "PyDataset",
    "Sequence",
    "array_to_img",
    "clear_session",
    "custom_object_scope",
    "get_custom_objects",
    "image_dataset_from_directory",
    "img_to_array",
    "is_keras_tensor",
    "load_img",
    "normalize",
    "pack_x_y_sample_weight",
    "register_keras_serializable",
    "save_img",
    "set_random_seed",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

CustomObjectScope = custom_object_scope


@suggesting
def to_categorical(x: Any, num_classes: int | None = None) -> NDArray[np.float64]:
    """Class numbers as one-hot rows.

    Args:
        x: Integers; a last axis of size 1 is dropped.
        num_classes: Number of classes; ``None`` means the largest number plus 1.

    Returns:
        Zeros and ones of shape ``(*x.shape, num_classes)``, float64 as in Keras.

    Raises:
        ValueError: A negative number, or one that is not below ``num_classes``.
        TypeError: Something else than numbers.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    given = as_array(x)
    if given.dtype.kind not in "biuf":
        raise TypeError(
            f"to_categorical: expected class numbers, got an array of dtype {given.dtype}: "
            "names, numbers = numpy.unique(x, return_inverse=True) numbers names"
        )
    labels = given.astype(np.int64)
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


@suggesting
def normalize(x: Any, axis: int = -1, order: float = 2) -> NDArray[Any]:
    """``x`` divided by its norm along an axis; what has norm 0 stays.

    Args:
        x: Numbers, any shape.
        axis: Along which norms are taken.
        order: Which norm: 1, 2, ``numpy.inf``.

    Example:
        >>> normalize([[3.0, 4.0], [0.0, 0.0]])
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    values = as_array(x)
    norm = np.linalg.norm(values, order, axis, keepdims=True)
    return np.asarray(values / np.where(norm == 0, 1, norm))


@suggesting
def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch as ``fit`` takes it: ``x``, ``(x, y)`` or ``(x, y, sample_weight)``."""
    if y is None:
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


@suggesting
def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """``(x, y, sample_weight)`` of a batch, ``None`` for what it has not.

    Raises:
        ValueError: A tuple or list of another length than 1, 2 or 3.
    """
    parts = tuple(data) if isinstance(data, tuple | list) else (data,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            f"a batch is x, (x,), (x, y) or (x, y, sample_weight), got {len(parts)} parts"
        )
    x, y, sample_weight = (*parts, None, None)[:3]
    return x, y, sample_weight


@suggesting
def is_keras_tensor(x: Any) -> bool:
    """Whether ``x`` is a value of a model under construction, as ``Input`` returns."""
    return isinstance(x, KerasTensor)


@suggesting
def clear_session(free_memory: bool = True) -> None:
    """Start naming layers again: the next ``Dense`` is called ``dense`` again.

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
