"""What a row of the table is, and how its configurations are drawn."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Rng = np.random.Generator
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Config:
    """One configuration.

    Attributes:
        arguments: Of the constructor. Names of objects such as regularizers are strings or
            dictionaries that both libraries read.
        shape: Of the input, batch included; a list for several inputs.
    """

    arguments: Mapping[str, Any]
    shape: Shape | list[Shape]


@dataclass(frozen=True, eq=False)
class Row:
    """Configurations of one layer.

    Attributes:
        layer: Its name in ``keras.layers``.
        draw: Makes one configuration.
        count: How many are drawn.
        training: Modes to draw from.
        values: Draws an input.
        tolerance: Of outputs and gradients, relative to the largest number of each array: both
            libraries compute in float32 and add in orders of their own.
        gradients: Whether those are compared.
        label: Tells rows of one layer apart.
    """

    layer: str
    draw: Callable[[Rng], Config]
    count: int = 8
    training: Sequence[bool] = (False,)
    values: Callable[[Rng, Shape], np.ndarray] = field(
        default=lambda rng, shape: rng.standard_normal(shape, np.float32)
    )
    tolerance: float = 2e-5
    gradients: bool = True
    label: str = ""

    def __str__(self) -> str:
        return f"{self.layer}-{self.label}" if self.label else self.layer

    def rng(self, index: int) -> Rng:
        """The same numbers for the same configuration each time."""
        return np.random.default_rng(zlib.crc32(f"{self}/{index}".encode()))


def pick(rng: Rng, *choices: Any) -> Any:
    """One of the choices, as it is."""
    return choices[int(rng.integers(len(choices)))]


def sizes(rng: Rng, count: int, low: int = 1, high: int = 6) -> Shape:
    """So many numbers from ``low`` to ``high``."""
    return tuple(int(n) for n in rng.integers(low, high + 1, count))


def batch(rng: Rng, rank: int, low: int = 1, high: int = 6) -> Shape:
    """A shape of a rank, batch first."""
    return sizes(rng, rank, low, high)
