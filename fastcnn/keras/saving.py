"""Files of models, and names of one's own in them, under Keras' module path."""

from __future__ import annotations

from fastcnn.config import custom_object_scope
from fastcnn.config import register as register_keras_serializable
from fastcnn.config import registered as get_custom_objects
from fastcnn.keras.models import load_model, save_model
from fastcnn.messages import suggesting
from fastcnn.models import Model
from fastcnn.paths import AnyPath

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "get_custom_objects",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
]


@suggesting
def load_weights(model: Model, filepath: AnyPath) -> None:
    """Fill a model from a file of weights; see :meth:`fastcnn.Model.load_weights`."""
    model.load_weights(filepath)


@suggesting
def save_weights(model: Model, filepath: AnyPath, overwrite: bool = True) -> None:
    """Write a model's weights; see :meth:`fastcnn.Model.save_weights`."""
    model.save_weights(filepath, overwrite=overwrite)
