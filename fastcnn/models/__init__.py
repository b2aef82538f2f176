"""Models: building, training, saving and loading them."""

from __future__ import annotations

from fastcnn.models.loading import load
from fastcnn.models.model import Model
from fastcnn.models.sequential import Sequential
from fastcnn.training.step_builder import TrainingStep, training_step

__all__ = ["Model", "Sequential", "TrainingStep", "load", "training_step"]
