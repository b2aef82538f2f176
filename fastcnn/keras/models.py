"""Models under Keras' module path: see :mod:`fastcnn.models`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from fastcnn.models import Model, Sequential, load

__all__ = ["Model", "Sequential", "load_model", "save_model"]


def load_model(
    filepath: str | os.PathLike[str],
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


def save_model(model: Model, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Write a model; see :meth:`fastcnn.Model.save`."""
    model.save(filepath, overwrite=overwrite)
