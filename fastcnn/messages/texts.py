"""Values and texts of any size, in a few lines."""

from __future__ import annotations

import reprlib
from typing import Any

__all__ = ["LONGEST", "brief", "shortened"]

#: What fits on a few lines of a terminal.
LONGEST = 1000

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = 120
_repr.maxlist = _repr.maxtuple = _repr.maxdict = _repr.maxset = 10
_repr.maxlevel = 4


def brief(value: Any) -> str:
    """``repr(value)``, long ones shortened in the middle."""
    return _repr.repr(value)


def shortened(text: str) -> str:
    """A message, its middle left out if it is long."""
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST * 2 // 3]} ... {text[-LONGEST // 4 :]}"
