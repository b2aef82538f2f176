"""Windows that slide over an image: sizes, strides and padding, checked in one place."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Padding", "Window", "pair"]

#: ``"valid"``, ``"same"``, pixels on all sides, (vertical, horizontal) or
#: ((top, bottom), (left, right)).
Padding = str | int | Sequence[Any]

#: No real network comes near; beyond it products with an extent could overflow.
LARGEST = 1 << 20
#: Pixels of one window.
MOST_TAPS = 1 << 20


def _integer(op: str, name: str, value: Any, least: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{op}: {name} must be an int, got {value!r}") from None
    if not least <= number <= LARGEST:
        expected = "positive" if least == 1 else "zero or more"
        raise ValueError(f"{op}: {name} must be {expected} and at most {LARGEST}, got {number}")
    return number


def pair(op: str, name: str, value: Any, least: int = 1) -> tuple[int, int]:
    """``value`` for height and width: an int for both, or two.

    Raises:
        TypeError, ValueError: Not one or two ints between ``least`` and 2**20.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != 2:
            raise ValueError(f"{op}: {name} must be one int or two, got {tuple(value)}")
        return _integer(op, name, value[0], least), _integer(op, name, value[1], least)
    number = _integer(op, name, value, least)
    return number, number


@dataclass(frozen=True)
class Window:
    """A checked window on images of a known extent. Pairs are (vertical, horizontal)."""

    size: tuple[int, int]
    strides: tuple[int, int]
    dilation: tuple[int, int]
    #: top, bottom, left, right
    padding: tuple[int, int, int, int]
    output: tuple[int, int]

    @staticmethod
    def of(
        op: str,
        extent: tuple[int, int],
        size: Any,
        strides: Any,
        padding: Padding,
        dilation: Any = 1,
    ) -> Window:
        """Checks the settings and computes the output's extent.

        ``"same"`` is TensorFlow's: ceil(extent / stride) outputs, the odd pixel of padding goes
        last. A window that does not fit is an error, except on an empty image.

        Raises:
            TypeError, ValueError: Says which setting, what came and what was expected.
        """
        sizes = pair(op, "window size", size)
        steps = pair(op, "stride", strides)
        gaps = pair(op, "dilation", dilation)
        if sizes[0] * sizes[1] > MOST_TAPS:
            raise ValueError(
                f"{op}: a window of {sizes[0]} x {sizes[1]} pixels is too large; at most "
                f"{MOST_TAPS} pixels are supported"
            )
        sides: list[int] = []
        outputs: list[int] = []
        for axis in (0, 1):
            reach = (sizes[axis] - 1) * gaps[axis] + 1
            before, after = _sides(op, padding, axis, extent[axis], reach, steps[axis])
            room = extent[axis] + before + after - reach
            if room < 0 and extent[axis] > 0:
                raise ValueError(
                    f"{op}: a window of {reach} pixels does not fit in {extent[axis]} "
                    f"({('height', 'width')[axis]}"
                    + (f", {before}+{after} of padding" if before or after else "")
                    + "); use a larger image, a smaller window or padding='same'"
                )
            sides += [before, after]
            outputs.append(max(0, room // steps[axis] + 1) if room >= 0 else 0)
        return Window(
            sizes, steps, gaps, (sides[0], sides[1], sides[2], sides[3]), (outputs[0], outputs[1])
        )


def _sides(
    op: str, padding: Padding, axis: int, extent: int, reach: int, stride: int
) -> tuple[int, int]:
    if isinstance(padding, str):
        if padding.lower() == "valid":
            return 0, 0
        if padding.lower() == "same":
            total = max(0, (-(-extent // stride) - 1) * stride + reach - extent)
            return (total // 2, total - total // 2) if extent > 0 else (0, 0)
        raise ValueError(
            f"{op}: padding must be 'valid', 'same' or numbers of pixels, got {padding!r}"
        )
    if isinstance(padding, Sequence):
        if len(padding) != 2:
            raise ValueError(
                f"{op}: padding must be an int, (vertical, horizontal) or "
                f"((top, bottom), (left, right)), got {tuple(padding)}"
            )
        return pair(op, "padding", padding[axis], 0)
    return pair(op, "padding", padding, 0)
