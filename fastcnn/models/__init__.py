"""Models: building, training, saving and loading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential
from fastcnn.training.step_builder import TrainingStep, training_step

if TYPE_CHECKING:
    from fastcnn.saving.model_file import load

__all__ = ["Model", "Sequential", "TrainingStep", "load", "training_step"]


def __getattr__(name: str) -> Any:
    # Files know models, and models need no files until one is read.
    if name == "load":
        from fastcnn.saving.model_file import load

        return load
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
