"""Names of layers and models that were given none: ``conv2d``, ``conv2d_1`` ... as in Keras."""

from __future__ import annotations

import itertools
import re

__all__ = ["clear_names", "unique_name"]

# Without a lock, since each step is atomic: one that another thread holds at a fork stays closed.
_numbers: dict[str, itertools.count[int]] = {}


def unique_name(class_name: str) -> str:
    """Snake case of ``class_name``, numbered from the second one on."""
    base = re.sub(r"\W+", "", class_name)
    base = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", base)
    base = re.sub("([a-z])([A-Z])", r"\1_\2", base).lower()
    number = next(_numbers.setdefault(base, itertools.count()))
    return f"{base}_{number}" if number else base


def clear_names() -> None:
    """Start counting again."""
    _numbers.clear()
