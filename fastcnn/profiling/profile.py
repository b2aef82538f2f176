"""What a recorded run is made of: the time of each instruction, of waiting, and of overhead."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from fastcnn.paths import AnyPath
from fastcnn.profiling.picture import draw
from fastcnn.profiling.record import PACKING, Event, Instruction, ProfileRow
from fastcnn.profiling.roofline import MachineLimits, machine_limits
from fastcnn.profiling.text import Totals, table
from fastcnn.profiling.trace import write_trace

__all__ = ["Profile"]


@dataclass(frozen=True, repr=False)
class Profile:
    """One run of a compiled graph, as its threads recorded it.

    Printed, it is a table. The seconds of the rows, :attr:`waiting_seconds` and
    :attr:`overhead_seconds` add up to :attr:`seconds`.

    Attributes:
        title: What ran.
        seconds: The wall clock, from the call of the Program to its end.
        threads: How many took part.
        instructions: In order of execution.
        events: What the threads did when.
        runs: How many runs there were; this is the fastest.
    """

    title: str
    seconds: float
    threads: int
    instructions: tuple[Instruction, ...]
    events: tuple[Event, ...]
    runs: int = 1

    @cached_property
    def limits(self) -> MachineLimits:
        """What this machine can do with so many threads; measured when first asked for."""
        return machine_limits(self.threads)

    @cached_property
    def rows(self) -> tuple[ProfileRow, ...]:
        """The instructions with their times, in order of execution."""
        working, packing = [0] * len(self.instructions), [0] * len(self.instructions)
        for event in self.events:
            working[event.instruction] += event.end - event.begin
            if event.phase == PACKING:
                packing[event.instruction] += event.end - event.begin
        scale = 1e-9 / self.threads
        return tuple(
            ProfileRow(
                instruction,
                scale * working[index],
                scale * packing[index],
                scale * self._idle.by_instruction[index],
                self.limits.compute_seconds(instruction.flops),
                self.limits.memory_seconds(instruction.bytes),
            )
            for index, instruction in enumerate(self.instructions)
        )

    @property
    def waiting_seconds(self) -> float:
        """Time that threads had nothing to do while others worked, by the number of threads."""
        return 1e-9 / self.threads * sum(self._idle.by_instruction)

    @property
    def overhead_seconds(self) -> float:
        """Time that no thread worked: locks, waking threads, barriers."""
        return 1e-9 / self.threads * self._idle.nobody

    @property
    def flops(self) -> float:
        """Floating-point operations of all instructions."""
        return sum(instruction.flops for instruction in self.instructions)

    @property
    def totals(self) -> Totals:
        """What the rows leave out."""
        return Totals(
            self.title,
            self.seconds,
            self.waiting_seconds,
            self.overhead_seconds,
            self.threads,
            self.runs,
            self.limits,
        )

    @cached_property
    def _idle(self) -> _Idle:
        return _idle(self.events, round(1e9 * self.seconds), self.threads, len(self.instructions))

    def table(self, by: str = "instruction") -> str:
        """The times as text, with a row for what belongs to no instruction.

        Args:
            by: ``"instruction"`` in order of execution; ``"layer"`` or ``"op"`` for their sums, the
                longest first.

        Raises:
            ValueError: Another word.
        """
        return table(self.rows, self.totals, by)

    def save_trace(self, path: AnyPath) -> None:
        """Write what each thread did when, in the Trace Event Format, for Perfetto
        (https://ui.perfetto.dev) and Chrome (about:tracing).

        Args:
            path: The JSON file; one that is there is replaced.

        Raises:
            OSError: The file system refuses.
        """
        write_trace(self.rows, self.events, self.title, path)

    def plot(self, path: AnyPath, by: str = "instruction") -> None:
        """Draw a bar for each row against its roofline bound.

        Args:
            path: The picture, ending in ``.png``, ``.svg`` or ``.pdf``; one that is there is
                replaced.
            by: As for :meth:`table`. Of many rows the longest are drawn, and the others as one.

        Raises:
            ImportError: matplotlib is missing.
            ValueError: Another ending, or another word.
            OSError: The file system refuses.
        """
        draw(self.rows, self.totals, by, path)

    def __iter__(self) -> Iterator[tuple[str, str, float]]:
        """What :meth:`fastcnn.graph.Function.profile` returned in the first version."""
        warnings.warn(
            "Function.profile returns a Profile now: read its rows in place of tuples",
            DeprecationWarning,
            stacklevel=2,
        )
        for row in self.rows:
            shapes = " ".join(map(str, row.instruction.inputs))
            yield row.op, shapes, row.milliseconds

    def __str__(self) -> str:
        return self.table()

    __repr__ = __str__


class _Idle(NamedTuple):
    """Nanoseconds of threads that did nothing, by the instruction that others were at meanwhile.

    Where they were at several, each has its part.
    """

    by_instruction: list[float]
    nobody: float


def _idle(events: Iterable[Event], end: int, threads: int, instructions: int) -> _Idle:
    """Goes through the run from one begin or end of an event to the next."""
    edges: list[tuple[int, int, int]] = []
    for event in events:
        if event.begin == event.end:
            continue  # the clock does not tell them apart
        edges += [(event.begin, 1, event.instruction), (event.end, -1, event.instruction)]
    by_instruction, nobody = [0.0] * instructions, 0.0
    working: dict[int, int] = {}
    now = 0
    for moment, change, instruction in [*sorted(edges), (end, 0, -1)]:
        busy = sum(working.values())
        idle = (moment - now) * (threads - busy)
        for other, count in working.items():
            by_instruction[other] += idle * count / busy
        if not busy:
            nobody += idle
        now = moment
        if change:
            working[instruction] = working.get(instruction, 0) + change
            if not working[instruction]:
                del working[instruction]
    return _Idle(by_instruction, nobody)
