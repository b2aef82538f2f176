"""Models under Keras' module path: see :mod:`fastcnn.models`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.config import refuse
from fastcnn.messages import suggesting
from fastcnn.models import Model, Sequential, load
from fastcnn.paths import AnyPath
from fastcnn.saving.model_file import copied

__all__ = ["Model", "Sequential", "clone_model", "load_model", "save_model"]


@suggesting
def load_model(
    filepath: AnyPath,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """Read a model that ``model.save(filepath)`` wrote.

    Args:
        filepath: The file; in fastcnn's format, whatever its name ends with.
        custom_objects: Your own layer classes, losses and functions by name.
        compile: Whether to restore optimizer, loss and metrics too.
        safe_mode: Accepted for Keras' sake: loading never executes anything.

    Raises:
        ValueError: The file is damaged, or was written by another library.
    """
    return load(filepath, custom_objects=custom_objects, compile=compile)


@suggesting
def save_model(model: Model, filepath: AnyPath, overwrite: bool = True) -> None:
    """Write a model; see :meth:`fastcnn.Model.save`."""
    model.save(filepath, overwrite=overwrite)


@suggesting
def clone_model(model: Model, input_tensors: None = None, clone_function: None = None) -> Model:
    """A model of the same layers with the same names, and with new weights.

    Layer classes of one's own are found by themselves, functions of one's own by
    ``custom_object_scope``. ``clone.set_weights(model.get_weights())`` copies the weights too.

    Args:
        model: Any model whose layers can say how they were made.
        input_tensors: Not supported: ``None`` only.
        clone_function: Not supported: ``None`` only.

    Raises:
        TypeError: A layer cannot say how it was made.
        ValueError: No model, an argument that is not supported, or layers are shared in a way that
            the copy would not have.
    """
    if not isinstance(model, Model):
        raise ValueError(f"clone_model takes a Model, got {type(model).__name__}")
    refuse("clone_model", input_tensors=input_tensors, clone_function=clone_function)
    clone = copied(model)
    assert isinstance(clone, Model)
    return clone
