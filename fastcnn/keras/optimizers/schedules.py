"""Learning rate schedules under Keras' module path: see :mod:`fastcnn.schedules`."""

from fastcnn.schedules import *  # noqa: F403
from fastcnn.schedules import __all__

__all__ = [*__all__]
