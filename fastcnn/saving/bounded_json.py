"""JSON objects from files that nobody vouches for: bounded depth, size and digits, no key twice."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

__all__ = ["beyond_limits", "parse_object"]

# Deeper than any model: a model inside a model adds about ten levels.
_DEEPEST = 200
# Each takes up to 150 bytes once parsed; a tensor has seven.
_MOST_VALUES = 8_000_000
# Converting them takes time with the square of their number.
_MOST_DIGITS = 4300

# What a byte of JSON outside of strings does to the depth.
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1
_CHUNK = 1 << 20


def parse_object(raw: bytes, *, finite: bool = False) -> dict[str, Any]:
    """The JSON object of these bytes.

    Args:
        raw: UTF-8 text.
        finite: Whether ``NaN`` and ``Infinity``, which JSON proper has not, are refused.

    Raises:
        ValueError: It is none, or breaks a limit; the text completes "its header ...".
    """
    # The parser itself has no bound that could be relied on.
    if reason := beyond_limits(raw):
        raise ValueError(reason)
    try:
        data = json.loads(
            raw.decode(),
            object_pairs_hook=_each_key_once,
            parse_int=_number,
            parse_constant=_no_constant if finite else float,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise ValueError("is not a JSON object")
    return data


def beyond_limits(raw: bytes) -> str | None:
    """What of the limits on JSON data this breaks, if any; takes time in proportion to its length.

    Text that is not JSON may pass: up to its first error it is measured as a parser reads it.
    """
    # Without escapes every quotation mark begins or ends a string.
    text = np.frombuffer(raw.replace(rb"\\", b"").replace(rb"\"", b""), np.uint8)
    depth = deepest = values = quotes = 0
    for start in range(0, len(text), _CHUNK):
        part = text[start : start + _CHUNK]
        marks = quotes + np.cumsum(part == ord('"'))
        bare = marks % 2 == 0
        levels = depth + np.cumsum(_STEPS[part] * bare)
        deepest = max(deepest, int(levels.max()))
        values += int(np.count_nonzero(bare & ((part == ord(",")) | (_STEPS[part] > 0))))
        depth, quotes = int(levels[-1]), int(marks[-1])
    if deepest > _DEEPEST:
        return f"is nested {deepest} deep; at most {_DEEPEST} is allowed"
    if values > _MOST_VALUES:
        return f"has {values} values; at most {_MOST_VALUES} are allowed"
    return None


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _number(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"a number has {len(text)} digits; at most {_MOST_DIGITS} are allowed")
    return int(text)


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number of a header")
