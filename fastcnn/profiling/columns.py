"""Text in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Column", "TimeUnit", "aligned", "shape_text", "time_unit"]


@dataclass(frozen=True)
class Column:
    """Cells, one to a line; numbers stand at the right."""

    head: str
    cells: list[str]
    right: bool = True

    @property
    def width(self) -> int:
        """Characters of the widest cell."""
        return max(len(self.head), *map(len, self.cells)) if self.cells else len(self.head)

    def text(self, line: int) -> str:
        """One cell, as wide as all; line -1 is the head."""
        cell = self.head if line < 0 else self.cells[line]
        return cell.rjust(self.width) if self.right else cell.ljust(self.width)


def aligned(columns: Sequence[Column]) -> list[str]:
    """The lines of columns side by side, their heads first."""
    return [
        "  ".join(column.text(line) for column in columns).rstrip()
        for line in range(-1, len(columns[0].cells))
    ]


class TimeUnit(NamedTuple):
    """In what times are shown.

    Attributes:
        name: ``"ms"`` or ``"µs"``.
        per_second: How many there are in a second.
        decimals: Digits behind the point.
    """

    name: str
    per_second: float
    decimals: int

    def text(self, seconds: float) -> str:
        """A number, without the unit."""
        return f"{self.per_second * seconds:.{self.decimals}f}"


def time_unit(seconds: float) -> TimeUnit:
    """A unit for the parts of so many seconds."""
    return TimeUnit("µs", 1e6, 1) if seconds < 5e-3 else TimeUnit("ms", 1e3, 3)


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape in few characters: ``32x28x28x64``."""
    return "x".join(map(str, shape)) or "scalar"
