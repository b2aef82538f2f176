"""A run of the benchmark: every case, direction, instruction set and number of threads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastcnn import runtime
from fastcnn.bench import results
from fastcnn.bench.limits_table import Limits, measure
from fastcnn.bench.measure_row import Prepared, WrongAnswerError, row
from fastcnn.bench.operations import Case
from fastcnn.bench.peers import Peers
from fastcnn.paths import named_errors

__all__ = ["Plan", "Session"]


@dataclass(frozen=True)
class Plan:
    """What to measure.

    Attributes:
        cases: Each with the directions to run it in.
        isas: Names of instruction sets.
        threads: Numbers of threads.
        against: Peers (:data:`fastcnn.bench.peers.PEERS`).
        seconds: What each candidate gets for a row.
        output: File to write to, or None.
        resume: Whether rows that the file has are left out.
    """

    cases: Sequence[Case]
    isas: Sequence[str]
    threads: Sequence[int]
    against: Sequence[str]
    seconds: float
    output: Path | None = None
    resume: bool = False

    def rows(self) -> int:
        """How many rows there will be."""
        runs = sum(len(case.directions) for case in self.cases)
        return runs * len(self.isas) * len(self.threads)


class Session:
    """Runs a plan.

    Attributes:
        machine: The first line of the file.
        wrong: Messages of rows whose answer was wrong.
        finished: Number of rows that are there.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.wrong: list[str] = []
        self.finished = 0
        self.machine: dict[str, Any] = {}
        self._limits: dict[tuple[str, int], Limits] = {}
        self._done: set[tuple[Any, ...]] = set()

    @contextmanager
    def started(self) -> Iterator[Peers]:
        """The peers, while they run; measures the limits first.

        Raises:
            ValueError: The file is of another machine, and so no place to go on.
        """
        before = runtime.isa(), runtime.num_threads()
        peers = Peers(self.plan.against)
        try:
            for threads in self.plan.threads:
                peers.runners(threads)
            for isa in self.plan.isas:
                runtime.set_isa(isa)
                for threads in self.plan.threads:
                    self._limits[isa, threads] = measure(threads)
            self.machine = results.machine(
                list(self._limits.values()), [isa for isa, _ in self._limits], peers.versions
            )
            self._open()
            yield peers
        finally:
            peers.close()
            runtime.set_isa(before[0])
            runtime.set_num_threads(before[1])

    def _open(self) -> None:
        path = self.plan.output
        if path is None:
            return
        if self.plan.resume and path.exists():
            found = results.read(path)
            for fact in ("cpu", "cores"):
                if found.machine[fact] != self.machine[fact]:
                    raise ValueError(
                        f"{path} has results of another machine ({found.machine[fact]}, here "
                        f"{self.machine[fact]}); give another --output"
                    )
            self._done = {results.key(row) for row in found.rows}
            self.finished = len(found.rows)
            # A line that was cut off goes away.
            self._write([found.machine, *found.rows], "w")
            return
        self._write([self.machine], "w")

    def _write(self, lines: Sequence[Any], mode: str) -> None:
        if self.plan.output is not None:
            with named_errors(self.plan.output), self.plan.output.open(mode) as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)

    def run(self, peers: Peers, progress: Callable[[str], None]) -> Iterator[dict[str, Any]]:
        """The rows, one after the other; each is in the file before it is given.

        Args:
            peers: From :meth:`started`.
            progress: Told what is measured next.
        """
        for case in self.plan.cases:
            for direction in case.directions:
                yield from self._rows(case, direction, peers, progress)

    def _rows(
        self, case: Case, direction: str, peers: Peers, progress: Callable[[str], None]
    ) -> Iterator[dict[str, Any]]:
        wanted = [
            (isa, threads)
            for isa in self.plan.isas
            for threads in self.plan.threads
            if (case.op, case.text, direction, isa, threads) not in self._done
        ]
        if not wanted:
            return
        progress(f"{case} {direction}")
        with Prepared(case, direction) as prepared:
            for isa, threads in wanted:
                runtime.set_isa(isa)
                runtime.set_num_threads(threads)
                try:
                    found = row(
                        prepared,
                        isa,
                        self._limits[isa, threads],
                        peers.runners(threads),
                        self.plan.seconds,
                    )
                except WrongAnswerError as error:
                    self.wrong.append(f"{case} {direction}, {isa}, {threads} threads: {error}")
                    continue
                self._write([found], "a")
                self.finished += 1
                yield found
