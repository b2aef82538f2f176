"""Text in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Column", "aligned", "shape_text"]


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


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape in few characters: ``32x28x28x64``."""
    return "x".join(map(str, shape)) or "scalar"
