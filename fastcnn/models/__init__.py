"""Models: building, training, saving and loading them."""

from fastcnn.models.model import Model
from fastcnn.models.saving import load
from fastcnn.models.sequential import Sequential
from fastcnn.models.step import TrainingStep, training_step

__all__ = ["Model", "Sequential", "TrainingStep", "load", "training_step"]
