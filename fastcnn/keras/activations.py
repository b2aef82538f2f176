"""Activation functions under Keras' module path: see :mod:`fastcnn.activations`."""

from fastcnn.activations import *  # noqa: F403
from fastcnn.activations import __all__

__all__ = [*__all__]
