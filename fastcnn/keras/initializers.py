"""First values of weights under Keras' module path: see :mod:`fastcnn.initializers`."""

from fastcnn.initializers import *  # noqa: F403
from fastcnn.initializers import __all__

__all__ = [*__all__]
