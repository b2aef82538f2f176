"""Metrics under Keras' module path: see :mod:`fastcnn.metrics`."""

from fastcnn.metrics import *  # noqa: F403
from fastcnn.metrics import __all__

__all__ = [*__all__]
