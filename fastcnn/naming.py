"""Names of layers and models that were given none: ``conv2d``, ``conv2d_1`` ... as in Keras."""

from __future__ import annotations

import re
from collections import Counter

from fastcnn.locks import fork_safe_lock

__all__ = ["clear_names", "unique_name"]

_lock = fork_safe_lock()
_used: Counter[str] = Counter()


def unique_name(class_name: str) -> str:
    """Snake case of ``class_name``, numbered from the second one on."""
    base = re.sub(r"\W+", "", class_name)
    base = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", base)
    base = re.sub("([a-z])([A-Z])", r"\1_\2", base).lower()
    with _lock:
        number = _used[base]
        _used[base] += 1
    return f"{base}_{number}" if number else base


def clear_names() -> None:
    """Start counting again."""
    with _lock:
        _used.clear()
