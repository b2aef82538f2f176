"""Windows that slide over an image: sizes, strides and padding, checked in one place."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = [
    "Padding",
    "Window",
    "explicit_sides",
    "padding_attr",
    "padding_of",
    "pair",
    "per_axis",
    "same_sides",
    "transposed_window",
]

#: ``"valid"``, ``"same"``, ``"same_lower"``, pixels on all sides, an int for each axis as
#: (vertical, horizontal), or a pair for each as ((top, bottom), (left, right)).
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


def per_axis(op: str, name: str, value: Any, rank: int, least: int = 1) -> tuple[int, ...]:
    """``value`` for each of ``rank`` axes: an int for all, or so many.

    Raises:
        TypeError, ValueError: Not one or ``rank`` ints between ``least`` and 2**20.
    """
    if isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) != rank:
            raise ValueError(f"{op}: {name} must be {_one_or(rank)}, got {tuple(value)}")
        return tuple(_integer(op, name, item, least) for item in value)
    return (_integer(op, name, value, least),) * rank


def _one_or(rank: int) -> str:
    return "one int" if rank == 1 else f"one int or {('two', 'three')[rank - 2]}"


def pair(op: str, name: str, value: Any, least: int = 1) -> tuple[int, int]:
    """``value`` for height and width: see :func:`per_axis`."""
    first, second = per_axis(op, name, value, 2, least)
    return first, second


@dataclass(frozen=True)
class Window:
    """A checked window on images of a known extent. Tuples have an entry for each axis."""

    size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation: tuple[int, ...]
    #: Before and after, axis by axis: top, bottom, left, right.
    padding: tuple[int, ...]
    output: tuple[int, ...]

    @staticmethod
    def of(
        op: str,
        extent: tuple[int, ...],
        size: Any,
        strides: Any,
        padding: Padding,
        dilation: Any = 1,
        *,
        partial: bool = False,
    ) -> Window:
        """Checks the settings and computes the output's extent.

        ``"same"`` is TensorFlow's: ceil(extent / stride) outputs, the odd pixel of padding goes
        last; with ``"same_lower"``, ONNX', first. A window that does not fit is an error, except on
        an empty image; with ``partial`` it may lack less than a stride.

        Raises:
            TypeError, ValueError: Says which setting, what came and what was expected.
        """
        rank = len(extent)
        sizes = per_axis(op, "window size", size, rank)
        steps = per_axis(op, "stride", strides, rank)
        gaps = per_axis(op, "dilation", dilation, rank)
        if math.prod(sizes) > MOST_TAPS:
            raise ValueError(
                f"{op}: a window of {' x '.join(map(str, sizes))} pixels is too large; at most "
                f"{MOST_TAPS} pixels are supported"
            )
        sides: list[int] = []
        outputs: list[int] = []
        for axis in range(rank):
            reach = (sizes[axis] - 1) * gaps[axis] + 1
            before, after = _sides(op, padding, rank, axis, extent[axis], reach, steps[axis])
            room = extent[axis] + before + after - reach
            if room < 0 and extent[axis] > 0 and not (partial and room > -steps[axis]):
                raise ValueError(
                    f"{op}: a window of {reach} pixels does not fit in {extent[axis]} "
                    f"({AXIS_NAMES[rank - 1][axis]}"
                    + (f", {before}+{after} of padding" if before or after else "")
                    + "); use a larger image, a smaller window or padding='same'"
                )
            sides += [before, after]
            outputs.append(max(0, room // steps[axis] + 1) if room >= 0 else 0)
        return Window(sizes, steps, gaps, tuple(sides), tuple(outputs))


#: What the axes of images are called, by how many there are.
AXIS_NAMES = (("length",), ("height", "width"), ("depth", "height", "width"))
_PADDINGS = (
    "an int or ((before, after),)",
    "an int, (vertical, horizontal) or ((top, bottom), (left, right))",
    "an int, (depth, height, width) or ((front, back), (top, bottom), (left, right))",
)


def same_sides(extent: int, reach: int, stride: int) -> tuple[int, int]:
    """Padding before and after an axis for ceil(extent / stride) windows of ``reach`` pixels."""
    total = max(0, (-(-extent // stride) - 1) * stride + reach - extent)
    return (total // 2, total - total // 2) if extent > 0 else (0, 0)


def _sides(
    op: str, padding: Padding, rank: int, axis: int, extent: int, reach: int, stride: int
) -> tuple[int, int]:
    if isinstance(padding, str):
        if padding.lower() == "valid":
            return 0, 0
        if padding.lower() == "same":
            return same_sides(extent, reach, stride)
        if padding.lower() == "same_lower":
            before, after = same_sides(extent, reach, stride)
            return after, before
        raise ValueError(
            f"{op}: padding must be 'valid', 'same', 'same_lower' or numbers of pixels, got "
            f"{padding!r}"
        )
    return explicit_sides(op, padding, rank)[axis]


def explicit_sides(op: str, padding: Any, rank: int) -> list[tuple[int, int]]:
    """(before, after) for each axis, from numbers of pixels.

    Raises:
        TypeError, ValueError: Says what came and what was expected.
    """
    if isinstance(padding, Sequence):
        if len(padding) != rank:
            raise ValueError(f"{op}: padding must be {_PADDINGS[rank - 1]}, got {tuple(padding)}")
        return [pair(op, "padding", sides, 0) for sides in padding]
    return [pair(op, "padding", padding, 0)] * rank


def padding_attr(op: str, padding: Padding, rank: int) -> str | tuple[int, ...]:
    """Padding as a node keeps it: the name of a rule, or pixels before and after, axis by axis.

    The rule is kept, not what it gives for one image, so that the node holds for any extent.

    Raises:
        TypeError, ValueError: Says what came and what was expected.
    """
    if isinstance(padding, str):
        _sides(op, padding, rank, 0, 0, 1, 1)
        return padding.lower()
    return tuple(pixels for sides in explicit_sides(op, padding, rank) for pixels in sides)


def padding_of(attr: str | tuple[int, ...]) -> Padding:
    """The inverse of :func:`padding_attr`, as :meth:`Window.of` takes it."""
    return attr if isinstance(attr, str) else tuple(zip(attr[::2], attr[1::2], strict=True))


def transposed_window(
    op: str,
    extent: tuple[int, ...],
    size: Any,
    strides: Any,
    padding: Padding,
    output_padding: Any,
    dilation: Any,
) -> Window:
    """The window of the convolution whose input gradient makes images larger; ``output`` is what
    it makes of ``extent``, by Keras' rules for ``"valid"`` and ``"same"``.

    Raises:
        TypeError, ValueError: Says which setting, what came and what was expected.
    """
    rank = len(extent)
    # Checks all sizes; what fits into what is another matter here.
    plain = Window.of(op, (0,) * rank, size, strides, 0, dilation)
    further = (
        None if output_padding is None else per_axis(op, "output_padding", output_padding, rank, 0)
    )
    sides: list[int] = []
    outputs: list[int] = []
    for axis in range(rank):
        step = plain.strides[axis]
        reach = (plain.size[axis] - 1) * plain.dilation[axis] + 1
        more = None if further is None else further[axis]
        if more is not None and more >= step:
            raise ValueError(
                f"{op}: output_padding must be less than the stride, got {more} with a stride of "
                f"{step} ({AXIS_NAMES[rank - 1][axis]})"
            )
        before, after, most = _transposed_sides(op, padding, rank, axis, reach, step, more)
        output = (extent[axis] - 1) * step + reach - before - after + most
        if extent[axis] == 0:
            before = after = output = 0
        elif output < 1:
            raise ValueError(
                f"{op}: nothing is left of the {AXIS_NAMES[rank - 1][axis]}: padding cuts off "
                f"{before}+{after} of {output + before + after} pixels; use less padding"
            )
        sides += [before, after]
        outputs.append(output)
    return Window(plain.size, plain.strides, plain.dilation, tuple(sides), tuple(outputs))


def _transposed_sides(
    op: str, padding: Padding, rank: int, axis: int, reach: int, step: int, more: int | None
) -> tuple[int, int, int]:
    """What is cut off before and after an axis, and what is added at its end."""
    if not isinstance(padding, str):
        return *explicit_sides(op, padding, rank)[axis], more or 0
    if padding.lower() == "valid":
        return 0, 0, max(step - reach, 0) if more is None else more
    if padding.lower() != "same":
        raise ValueError(
            f"{op}: padding must be 'valid', 'same' or numbers of pixels, got {padding!r}"
        )
    # How much longer than the full result, (extent - 1) * step + reach, the axis shall be.
    longer = step - reach if more is None else reach % 2 - reach + more
    if longer >= 0:
        return 0, 0, longer
    return -longer // 2, -longer - -longer // 2, 0
