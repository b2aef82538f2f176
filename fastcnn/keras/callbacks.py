"""Hooks into training under Keras' module path: see :mod:`fastcnn.callbacks`."""

from fastcnn.callbacks import *  # noqa: F403
from fastcnn.callbacks import __all__

__all__ = [*__all__]
