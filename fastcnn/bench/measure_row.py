"""One row: every answer is checked, then the candidates run one after the other in time slices."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn.bench.limits_table import Limits
from fastcnn.bench.operations import OPERATIONS, Case, Operation
from fastcnn.bench.operations.operation import Answer, Array, Candidate, on_line
from fastcnn.bench.peer_process import MissingPeerError, Runner
from fastcnn.bench.roofline import Work, kinds, roofline_bound
from fastcnn.bench.timing import Timing, bandwidth, peak, summary, time_slice
from fastcnn.testing import assert_within

__all__ = ["Prepared", "WrongAnswerError", "check", "compare_candidates", "row"]

#: Length of a time slice in seconds.
SLICE = 0.03
#: Rotations at least, but for calls that take longer than a candidate has for all.
LEAST = 3

Slice = Callable[[float], list[float]]


class WrongAnswerError(Exception):
    """A candidate computes something else, or not as precisely as it should."""


def check(answers: Sequence[Answer], found: Sequence[Array], name: str) -> None:
    """Holds a candidate's results to the exact ones.

    Raises:
        WrongAnswerError: Says where it is off.
    """
    if len(found) != len(answers):
        raise WrongAnswerError(f"{name} gave {len(found)} results, expected {len(answers)}")
    for number, (answer, y) in enumerate(zip(answers, found, strict=True)):
        try:
            assert_within(y, answer.exact, answer.bound, name=f"result {number} of {name}")
        except AssertionError as error:
            raise WrongAnswerError(str(error)) from None


@dataclass
class Prepared:
    """A case in one direction, with everything that its rows share: data and exact answers.

    Use it as a context; the data are in files for the peers while it is open.
    """

    case: Case
    direction: str
    arrays: dict[str, Array] = field(init=False)
    answers: list[Answer] = field(init=False)

    def __post_init__(self) -> None:
        operation = OPERATIONS[self.case.op]
        arrays = operation.arrays(self.case, self.direction)
        self.arrays = {name: on_line(array) for name, array in arrays.items()}
        self.answers = operation.answers(self.case, self.direction, self.arrays)

    def __enter__(self) -> Prepared:
        self._home = tempfile.TemporaryDirectory(prefix="fastcnn-bench-")
        self.folder = Path(self._home.name)
        for name, array in self.arrays.items():
            np.save(self.folder / f"given-{name}.npy", array)
        return self

    def __exit__(self, *_: object) -> None:
        self._home.cleanup()

    def ours(self) -> tuple[Candidate, Work]:
        """Ours on the instruction set and threads in use, checked, and what it has to do.

        Raises:
            WrongAnswerError: The answer is wrong.
        """
        operation = OPERATIONS[self.case.op]
        candidate = operation.program(self.case, self.direction, self.arrays)
        found = candidate.read(candidate.call())
        check(self.answers, found, "fastcnn")
        work = Work(
            operation.flops(self.case, self.direction),
            sum(self.arrays[name].nbytes for name in self._read(operation)),
            sum(array.nbytes for array in found),
            sum(self.arrays[name].nbytes for name in operation.twice if name in self.arrays),
        )
        return candidate, work

    def _read(self, operation: Operation) -> Iterator[str]:
        for name in self.arrays:
            if self.direction == "forward" or name not in operation.uncounted:
                yield name

    def theirs(self, runner: Runner, name: str) -> str | None:
        """Makes a peer ready; the way it computes, or None where it has no such operation.

        Raises:
            WrongAnswerError: Its answer is wrong, or it failed.
        """
        answer = runner.ask(
            {
                "case": str(self.case),
                "direction": self.direction,
                "folder": str(self.folder),
                "arrays": list(self.arrays),
            }
        )
        if "failed" in answer:
            raise WrongAnswerError(f"{name} failed: {answer['failed']}")
        if "way" not in answer:
            return None
        files = [self.folder / f"answer-{number}.npy" for number in range(answer["answers"])]
        check(self.answers, [np.load(file) for file in files], name)
        return str(answer["way"])


def compare_candidates(
    slices: Mapping[str, Slice], seconds: float, before_round: Callable[[], None]
) -> dict[str, Timing]:
    """Runs the candidates one after the other, slice by slice.

    Args:
        slices: Of each candidate: makes calls for so many seconds, returns what each took.
        seconds: What each candidate gets altogether; calls that are longer get a few.
        before_round: Called before every rotation.
    """
    samples: dict[str, list[float]] = {name: [] for name in slices}
    used = dict.fromkeys(slices, 0.0)
    rounds = max(LEAST, round(seconds / SLICE))
    for number in range(rounds):
        before_round()
        for name, take in slices.items():
            if number >= LEAST - 1 and used[name] >= 4 * seconds:
                continue
            if number and samples[name][0] > 4 * seconds:
                continue
            if number >= LEAST and used[name] >= seconds:
                continue
            taken = take(SLICE)
            samples[name] += taken
            used[name] += max(SLICE, sum(taken))
    return {name: summary(taken) for name, taken in samples.items()}


def row(
    prepared: Prepared,
    isa: str,
    limits: Limits,
    runners: Mapping[str, Runner],
    seconds: float,
) -> dict[str, Any]:
    """Measures one row, on the instruction set and number of threads in use.

    Args:
        prepared: The case, open.
        isa: Name of the instruction set.
        limits: Of this instruction set and number of threads.
        runners: The peers.
        seconds: What each candidate gets.

    Raises:
        WrongAnswerError: fastcnn is wrong. Peers that are wrong are left out and named.
    """
    threads = limits.threads
    candidate, work = prepared.ours()
    slices: dict[str, Slice] = {"fastcnn": lambda length: time_slice(candidate.call, length)}
    ways: dict[str, str] = {}
    refused: dict[str, str] = {}
    for name, runner in runners.items():
        try:
            way = prepared.theirs(runner, name)
        except (WrongAnswerError, MissingPeerError) as error:
            refused[name] = str(error)
            continue
        if way is not None:
            slices[name] = runner.time_slice
            ways[name] = way
    peaks: list[float] = []
    rates: dict[str, list[float]] = {kind: [] for kind in kinds(work, limits)}

    def beside() -> None:
        peaks.append(peak(threads))
        for kind, taken in rates.items():
            taken.append(bandwidth(kind, work.bytes, threads))

    times = compare_candidates(slices, seconds, beside)
    limit = statistics.median(peaks)
    now = {kind: statistics.median(taken) for kind, taken in rates.items()}
    least = roofline_bound(work, limits, limit, now)
    ours = times["fastcnn"].median
    result: dict[str, Any] = {
        "op": prepared.case.op,
        "shape": prepared.case.text,
        "name": prepared.case.name,
        "direction": prepared.direction,
        "isa": isa,
        "threads": threads,
        "ms": ours * 1e3,
        "spread": times["fastcnn"].spread,
        "gflops": work.flops / ours / 1e9,
        "gb_s": work.bytes / ours / 1e9,
        "floor": least.kind,
        "floor_ms": least.seconds * 1e3,
        "share": least.seconds / ours,
        "peak_gflops": limit,
        **({"bandwidth": now} if now else {}),
        "flops": work.flops,
        "bytes": work.bytes,
        "contestants": {
            name: {
                "ms": timing.median * 1e3,
                "spread": timing.spread,
                "calls": timing.calls,
                "speedup": timing.median / ours,
                "share": least.seconds / timing.median,
                **({"way": ways[name]} if name in ways else {}),
            }
            for name, timing in times.items()
            if name != "fastcnn"
        },
    }
    if refused:
        result["refused"] = refused
    return result
