"""Known networks under Keras' module path: see :mod:`fastcnn.applications`."""

from __future__ import annotations

from fastcnn.applications import *  # noqa: F403
from fastcnn.applications import __all__ as names

__all__ = [*names]
