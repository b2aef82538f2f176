"""Metrics under Keras' module path: see :mod:`fastcnn.metrics`."""

from __future__ import annotations

from fastcnn.keras._short_names import *  # noqa: F403
from fastcnn.keras._short_names import __all__ as short_names
from fastcnn.metrics import *  # noqa: F403
from fastcnn.metrics import __all__ as names

__all__ = [*names, *short_names]
