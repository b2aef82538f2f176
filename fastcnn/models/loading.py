"""``fastcnn.load``: models from files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.messages import suggesting
from fastcnn.models.model import Model
from fastcnn.paths import AnyPath
from fastcnn.saving.model_file import read_model

__all__ = ["load"]


@suggesting
def load(
    path: AnyPath,
    *,
    custom_objects: Mapping[str, Any] | None = None,
    compile: bool = True,
    verify: bool = False,
) -> Model:
    """Read a model that ``model.save(path)`` wrote. Training goes on where it stopped.

    A file holds data only: nothing in it is executed, and layers come from this package or from
    ``custom_objects``.

    Args:
        path: The file.
        custom_objects: Your own layer classes, losses and functions by name.
        compile: Whether to restore optimizer, loss and metrics too.
        verify: Whether to compare the contents with the digest stored with them.

    Returns:
        The model.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is damaged, hostile, or needs a name that is not known.
    """
    return read_model(path, Model, custom_objects=custom_objects, compile=compile, verify=verify)
