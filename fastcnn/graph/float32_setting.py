"""Numbers as settings, as float32 will compute with them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

__all__ = ["checked_float32"]

_LARGEST = float(np.finfo(np.float32).max)
#: Smaller ones count as 0 where operations run.
_SMALLEST = float(np.finfo(np.float32).tiny)


def checked_float32(owner: str, name: str, value: Any, *, divides: bool = False) -> float:
    """A setting that stays what it is in float32.

    Args:
        owner: What has the setting, for messages.
        name: Its name, for messages.
        value: The setting.
        divides: Whether a result is divided by it, so that it must not become 0. A setting that is
            0 already passes: its own bounds say whether that is allowed.

    Raises:
        TypeError: Not a number.
        ValueError: NaN or infinite, before or after rounding to float32, or with ``divides`` too
            small for float32.
    """
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    except (TypeError, ValueError):
        raise TypeError(f"{owner}: {name} must be a number, got {value!r}") from None
    # What lies less than half a step beyond the largest number is rounded to it.
    with np.errstate(over="ignore"):
        finite = bool(np.isfinite(np.float32(number)))
    if not finite:
        raise ValueError(
            f"{owner}: {name} must be finite, also in float32, whose largest number is "
            f"{_LARGEST:.3g}; got {value!r}"
        )
    if divides and 0 < abs(number) < _SMALLEST:
        raise ValueError(
            f"{owner}: {name} divides and must not vanish in float32, whose smallest number is "
            f"{_SMALLEST:.3g}; got {value!r}"
        )
    return number
