"""Losses under Keras' module path: see :mod:`fastcnn.losses`."""

from fastcnn.losses import *  # noqa: F403
from fastcnn.losses import __all__

__all__ = [*__all__]
