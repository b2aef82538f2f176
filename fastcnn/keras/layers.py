"""Layers under Keras' module path: see :mod:`fastcnn.layers`."""

from fastcnn.layers import *  # noqa: F403
from fastcnn.layers import __all__

__all__ = [*__all__]
