"""What the benchmark knows about an operation: its settings, data, exact answer and work."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastcnn import graph
from fastcnn.graph.aligned_array import empty
from fastcnn.graph.variable import Variable
from fastcnn.testing import EPSILON

__all__ = [
    "REQUIRED",
    "Answer",
    "Array",
    "Candidate",
    "Case",
    "Operation",
    "Setting",
    "compiled",
    "normal",
    "on_line",
    "roundings",
]

Array = NDArray[Any]
Arrays = dict[str, Array]

#: The default of settings that a line must give.
REQUIRED = object()


@dataclass(frozen=True)
class Setting:
    """One ``key=value`` of a line."""

    parse: Callable[[str], Any]
    default: Any = REQUIRED


@dataclass(frozen=True)
class Case:
    """One line of a shape file: an operation on one shape.

    Attributes:
        op: The name of an operation of the benchmark.
        values: Every setting, defaults included.
        text: The settings that were given, in one order and spelling: two cases are the same if
            their operations and texts are.
        name: What the line calls it; may be empty.
        directions: Which way to run it; empty where the line does not say.
    """

    op: str
    values: Mapping[str, Any] = field(compare=False)
    text: str
    name: str = field(default="", compare=False)
    directions: tuple[str, ...] = field(default=(), compare=False)

    def __getitem__(self, setting: str) -> Any:
        return self.values[setting]

    def __str__(self) -> str:
        return f"{self.op} {self.text}"

    def rng(self) -> np.random.Generator:
        """The same numbers each time."""
        return np.random.default_rng(zlib.crc32(str(self).encode()))


class Answer(NamedTuple):
    """One output in float64, and how far a float32 answer may be from it."""

    exact: Array
    bound: Any


class Candidate(NamedTuple):
    """One way to compute a case: what is timed, and its result as arrays in our layout."""

    call: Callable[[], Any]
    read: Callable[[Any], Sequence[Array]]


class Operation:
    """An operation of the benchmark. Subclasses say how it is computed, checked and counted."""

    name: str
    #: In the order in which they are printed.
    settings: Mapping[str, Setting]
    #: Settings of a plausible line, for messages.
    example: str
    #: Whether the first size of ``x`` counts images, so that ``--batch`` may replace it.
    batched: bool = False
    #: Arrays that backward is given but need not read: there are ways to compute it without.
    uncounted: tuple[str, ...] = ()
    #: Arrays that have to be read a second time, where they do not stay in a cache.
    twice: tuple[str, ...] = ()

    @property
    def directions(self) -> tuple[str, ...]:
        """Which ways it can be run."""
        return ("forward",)

    def check(self, case: Case) -> None:
        """Refuses settings that do not fit each other.

        Raises:
            ValueError: Says which.
        """

    def arrays(self, case: Case, direction: str) -> Arrays:
        """What every candidate is given, by name."""
        raise NotImplementedError

    def answers(self, case: Case, direction: str, arrays: Arrays) -> list[Answer]:
        """What must come out."""
        raise NotImplementedError

    def flops(self, case: Case, direction: str) -> int:
        """Multiplications and additions that count as its work; 0 where bytes are the work."""
        return 0

    def program(self, case: Case, direction: str, arrays: Arrays) -> Candidate:
        """The candidate that all is about."""
        raise NotImplementedError

    def formulations(self, case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
        """The same in NumPy, in every way that might be the fastest; empty where there is none."""
        return {}


def compiled(
    arrays: Arrays,
    build: Callable[[Mapping[str, graph.Tensor]], Sequence[graph.Tensor]],
    kept: Sequence[str] = (),
) -> Candidate:
    """A compiled graph that fills the same arrays again and again.

    Args:
        arrays: What it computes with, by name.
        build: Makes the outputs of Tensors of these names.
        kept: Those that are Variables, as the weights of a layer, whose packed form is kept
            between calls; the others are given with every call.
    """
    tensors = {
        name: Variable(array).tensor
        if name in kept
        else graph.placeholder(array.shape, array.dtype)
        for name, array in arrays.items()
    }
    given = [name for name in arrays if name not in kept]
    function = graph.compile([tensors[name] for name in given], build(tensors))
    inputs = [arrays[name] for name in given]
    outputs = [on_line(np.zeros(spec.shape, spec.dtype)) for spec in function.outputs]
    return Candidate(lambda: function.run_into(inputs, outputs), lambda _: outputs)


def on_line(array: Array) -> Array:
    """A copy of ``array`` that begins on a cache line."""
    copy = empty(array.shape, array.dtype)
    copy[...] = array
    return copy


def normal(rng: np.random.Generator, shape: Sequence[int]) -> Array:
    """Float32 of mean 0 and deviation 1."""
    return rng.standard_normal(tuple(shape), np.float32)


def roundings(count: float, sizes: Array) -> Array:
    """The error of so many float32 operations on numbers of these sizes, whose signs are lost."""
    return np.asarray(count * (EPSILON / 2) * np.abs(sizes) + np.finfo(np.float32).tiny)
