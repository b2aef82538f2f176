"""The values of settings in a line: text to value, with an error that says what was expected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["axes", "choice", "flag", "number", "padding", "pair", "shape", "written"]


def shape(text: str) -> tuple[int, ...]:
    """``32x56x56x64``."""
    parts = text.lower().split("x")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise ValueError("sizes with x between them, such as 8x56x56x64")
    return tuple(int(part) for part in parts)


def pair(text: str) -> int | tuple[int, int]:
    """``2`` for both directions, or ``2x1`` for height and width."""
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() and int(part) for part in parts):
        raise ValueError("one number such as 2, or two with x between them such as 2x1")
    values = [int(part) for part in parts]
    return values[0] if len(set(values)) == 1 else (values[0], values[1])


def axes(text: str) -> int | tuple[int, ...]:
    """``2`` for all axes, or a number for each with x between them, such as ``1x2x2``."""
    parts = text.lower().split("x")
    if not all(part.isdecimal() and int(part) for part in parts):
        raise ValueError("one number such as 2, or one for each axis such as 1x2x2")
    values = tuple(int(part) for part in parts)
    return values[0] if len(set(values)) == 1 else values


def padding(text: str) -> str | int:
    """``same``, ``valid`` or pixels on every side; ``0`` is ``valid``."""
    if text in ("same", "valid"):
        return text
    if not text.isdecimal():
        raise ValueError("same, valid, or pixels on every side such as 1")
    return int(text) or "valid"


def number(text: str) -> int:
    """A whole number from 1."""
    if not (text.isdecimal() and int(text)):
        raise ValueError("a whole number of 1 or more")
    return int(text)


def flag(text: str) -> bool:
    """``yes`` or ``no``."""
    if text not in ("yes", "no"):
        raise ValueError("yes or no")
    return text == "yes"


def choice(*values: str) -> Callable[[str], str]:
    """One of a few words."""

    def parse(text: str) -> str:
        if text not in values:
            raise ValueError("one of " + ", ".join(values))
        return text

    return parse


def written(value: Any) -> str:
    """The value as a line has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return str(value)
