"""Layers of real networks, read from ``bench/shapes``: tables, a line each, # for comments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["SHAPES", "ConvolutionShape", "GemmShape", "convolutions", "products"]

SHAPES = Path(__file__).parent / "shapes"


@dataclass(frozen=True)
class ConvolutionShape:
    """A convolution of square filters over images ``(batch, height, width, channels)``."""

    name: str
    height: int
    width: int
    channels: int
    filters: int
    kernel: int
    stride: int
    padding: int
    groups: int
    batch: int = 1

    @property
    def x(self) -> tuple[int, int, int, int]:
        return (self.batch, self.height, self.width, self.channels)

    @property
    def filter(self) -> tuple[int, int, int, int]:
        return (self.kernel, self.kernel, self.channels // self.groups, self.filters)

    @property
    def y(self) -> tuple[int, int, int, int]:
        reach = 2 * self.padding - self.kernel
        return (
            self.batch,
            (self.height + reach) // self.stride + 1,
            (self.width + reach) // self.stride + 1,
            self.filters,
        )

    @property
    def flops(self) -> int:
        """Multiplications and additions, those with padding included; the same forward and back."""
        batch, height, width, filters = self.y
        taps = self.kernel * self.kernel * self.channels // self.groups
        return 2 * batch * height * width * filters * taps


@dataclass(frozen=True)
class GemmShape:
    """A product of ``(rows, inner)`` and ``(inner, columns)``."""

    name: str
    rows: int
    columns: int
    inner: int

    @property
    def flops(self) -> int:
        return 2 * self.rows * self.columns * self.inner


def _lines(path: Path) -> list[tuple[str, list[int]]]:
    rows = []
    for line in path.read_text().splitlines():
        words = line.partition("#")[0].split()
        if words:
            rows.append((words[0], [int(word) for word in words[1:]]))
    return rows


def convolutions(path: Path, batch: int) -> list[ConvolutionShape]:
    """The convolutions of one file, each on ``batch`` images."""
    return [ConvolutionShape(name, *numbers, batch=batch) for name, numbers in _lines(path)]


def products(path: Path) -> list[GemmShape]:
    """The matrix products of one file."""
    return [GemmShape(name, *numbers) for name, numbers in _lines(path)]
