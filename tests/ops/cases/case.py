"""What a row of the table is, and makers of its inputs."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fastcnn import reference
from ops.cases.bounds import ForwardRule, GradientRule, exactly

Rng = np.random.Generator
Maker = Callable[[Rng], Any]

# Around the vector widths of SSE (4), AVX2 (8) and AVX-512 (16) and their multiples, where tails
# go wrong.
CHANNELS = [1, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 65]


@dataclass(frozen=True, eq=False)
class Case:
    """One row.

    Attributes:
        op: Name in :mod:`fastcnn.ops` and :mod:`fastcnn.reference`.
        id: What is unusual about it.
        inputs: Argument name -> maker of the array, in the order of the signature.
        attributes: The other arguments, by name.
        error: Rule for the largest allowed error of each output.
        gradient: Rule for that of the gradients; ``None`` where there are none.
        differentiable: Inputs that get a gradient.
    """

    op: str
    id: str
    inputs: Mapping[str, Maker]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    error: ForwardRule = exactly
    gradient: GradientRule | None = None
    differentiable: tuple[str, ...] = ()

    def sample(self) -> dict[str, Any]:
        """The inputs, the same each time."""
        rng = self.rng()
        return {name: make(rng) for name, make in self.inputs.items()}

    def rng(self) -> Rng:
        return np.random.default_rng(zlib.crc32(str(self).encode()))

    def reference(
        self, inputs: Mapping[str, Any], attributes: Mapping[str, Any]
    ) -> tuple[np.ndarray, ...]:
        """What the float64 reference gives, always as a tuple."""
        y = getattr(reference, self.op)(**inputs, **attributes)
        return y if isinstance(y, tuple) else (y,)

    def exact(self, inputs: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
        return self.reference(inputs, self.attributes)

    def loss(self, inputs: Mapping[str, Any], dys: tuple[np.ndarray, ...]) -> float:
        """A scalar function of the outputs: their sum, weighted."""
        return sum(float((y * dy).sum()) for y, dy in zip(self.exact(inputs), dys, strict=True))

    def __str__(self) -> str:
        return f"{self.op}-{self.id}"


def normal(*shape: int, offset: float = 0.0, scale: float = 1.0) -> Maker:
    return lambda rng: np.asarray(rng.standard_normal(shape) * scale + offset, np.float32)


def uniform(low: float, high: float, *shape: int) -> Maker:
    return lambda rng: np.asarray(rng.uniform(low, high, shape), np.float32)


def quarters(*shape: int, shift: float = 0.0) -> Maker:
    """Few multiples of 1/4, so that sums of products are exact and can avoid kinks.

    A product of two is a multiple of 1/16; with a bias shifted by 1/32 no sum is ever 0.
    """
    return lambda rng: np.asarray(rng.integers(-6, 7, shape) / 4 + shift, np.float32)


def distinct(*shape: int) -> Maker:
    """All different, none 0, 1/8 apart: no finite difference reaches a tie or a kink."""

    def make(rng: Rng) -> np.ndarray:
        count = int(np.prod(shape))
        values = (np.arange(count) - count // 2 + 0.5) / 8
        return rng.permutation(values).reshape(shape).astype(np.float32)

    return make


def integers(low: int, high: int, *shape: int, dtype: str = "float32") -> Maker:
    return lambda rng: np.asarray(rng.integers(low, high, shape), dtype)


def probabilities(*shape: int) -> Maker:
    """Rows that sum to 1, none near 0."""

    def make(rng: Rng) -> np.ndarray:
        p = rng.uniform(0.2, 1, shape)
        return (p / p.sum(axis=-1, keepdims=True)).astype(np.float32)

    return make


def one_hot_rows(rows: int, classes: int) -> Maker:
    return lambda rng: np.eye(classes, dtype=np.float32)[rng.integers(0, classes, rows)]


def array(values: Any, dtype: str = "float32") -> Maker:
    return lambda rng: np.array(values, dtype)


def arrays(*makers: Maker) -> Maker:
    return lambda rng: [make(rng) for make in makers]


NAN, INF = float("nan"), float("inf")
SPECIAL = [0.0, -0.0, 1.0, -1.0, INF, -INF, NAN, 1e30, -1e30, 1e-30, 88.0, -87.0, 20.0, -20.0]
