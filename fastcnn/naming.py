"""Names of layers and models that were given none: ``conv2d``, ``conv2d_1`` ... as in Keras."""

from __future__ import annotations

import itertools
import re

__all__ = ["checked_name", "clear_names", "unique_name"]

# Without a lock, since each step is atomic: one that another thread holds at a fork stays closed.
_numbers: dict[str, itertools.count[int]] = {}


def unique_name(class_name: str) -> str:
    """Snake case of ``class_name``, numbered from the second one on."""
    base = re.sub(r"\W+", "", class_name)
    base = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", base)
    base = re.sub("([a-z])([A-Z])", r"\1_\2", base).lower()
    number = next(_numbers.setdefault(base, itertools.count()))
    return f"{base}_{number}" if number else base


def checked_name(owner: object, name: object) -> str | None:
    """``name``, which somebody has chosen, or None for none.

    Raises:
        ValueError: It is no text.
    """
    if name is not None and not isinstance(name, str):
        raise ValueError(
            f"{type(owner).__name__}: name must be a string, got {type(name).__name__}"
        )
    return name


def clear_names() -> None:
    """Start counting again."""
    _numbers.clear()
