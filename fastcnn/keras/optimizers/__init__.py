"""Optimizers under Keras' module path: see :mod:`fastcnn.optimizers`."""

from fastcnn.keras.optimizers import schedules
from fastcnn.optimizers import *  # noqa: F403
from fastcnn.optimizers import __all__

__all__ = [*__all__, "schedules"]
