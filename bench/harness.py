"""Measures calls of this process. Every benchmark goes through here, so all numbers mean the same.

Contestants take turns of about 0.1 s in rotation: what disturbs the machine for a while disturbs
all of them. The first quarter of a turn is not timed: caches fill again, and the spinning threads
of whoever ran before fall asleep. Quote ratios from one run; absolute times move with the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Lines", "Timing", "blas_threads", "machine", "peak", "race", "summary"]

Call = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """What one contestant's calls cost."""

    median: float  # seconds
    spread: float  # (90th - 10th percentile) / median; above 0.1 the machine was busy
    calls: int


def summary(samples: Sequence[float]) -> Timing:
    """Median and spread of seconds per call."""
    median = statistics.median(samples)
    if len(samples) < 2:
        return Timing(median, 0.0, len(samples))
    tenths = statistics.quantiles(samples, n=10, method="inclusive")
    return Timing(median, (tenths[-1] - tenths[0]) / median, len(samples))


def turn(call: Call, seconds: float) -> list[float]:
    """Seconds of each call made in one turn; at least one is timed."""
    begin = time.perf_counter()
    call()
    while time.perf_counter() - begin < seconds / 4:
        call()
    samples = []
    while not samples or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        call()
        samples.append(time.perf_counter() - start)
    return samples


def race(
    calls: Mapping[str, Call],
    *,
    turns: int = 9,
    seconds: float = 0.1,
    before_round: Callable[[], None] | None = None,
) -> dict[str, Timing]:
    """Lets the contestants take turns and returns what each call of theirs costs.

    Args:
        calls: What to measure, by name.
        turns: Turns of each contestant.
        seconds: Length of a turn; a single longer call makes it longer.
        before_round: Called before every rotation, for a yardstick measured beside the calls.
    """
    for call in calls.values():
        call()
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(turns):
        if before_round is not None:
            before_round()
        for name, call in calls.items():
            samples[name] += turn(call, seconds)
    return {name: summary(taken) for name, taken in samples.items()}


def peak(threads: int, seconds: float = 0.02) -> float:
    """Float32 GFLOP/s of multiply-adds that touch no memory, on the instruction set in use."""
    from fastcnn import _core

    time.sleep(0.03)  # until the threads of whoever ran before have stopped spinning
    return _core.measure_peak(threads, seconds)


def blas_threads(threads: int) -> AbstractContextManager[object]:
    """Holds NumPy's BLAS to so many threads while the context is open, where threadpoolctl is."""
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return nullcontext()
    return threadpool_limits(threads, user_api="blas")


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def machine(**more: object) -> dict[str, object]:
    """What a number cannot be read without; every benchmark prints it first."""
    return {
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        **more,
    }


class Lines:
    """Prints results as they come: aligned columns to read, or JSON lines to keep."""

    def __init__(self, *, as_json: bool, case_width: int = 30) -> None:
        self.as_json = as_json
        self.case_width = case_width
        self.head: tuple[str, ...] = ()

    @staticmethod
    def add_option(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON lines")

    def note(self, **fields: object) -> None:
        """A line outside the table, as the machine's description."""
        if self.as_json:
            print(json.dumps(fields), flush=True)
        else:
            print("# " + ", ".join(f"{key} {value}" for key, value in fields.items()), flush=True)

    def row(self, **fields: object) -> None:
        """A row; a row with other columns than the one before starts a new table."""
        if self.as_json:
            print(json.dumps(fields), flush=True)
            return
        if tuple(fields) != self.head:
            self.head = tuple(fields)
            print("  ".join(self._cell(name, name) for name in fields))
        print("  ".join(self._cell(name, value) for name, value in fields.items()), flush=True)

    def _cell(self, name: str, value: object) -> str:
        if value is None:
            value = "-"
        if isinstance(value, float):
            value = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
        if name == "case":
            return f"{value:<{self.case_width}}"
        return f"{value!s:>{max(8, len(name))}}"
