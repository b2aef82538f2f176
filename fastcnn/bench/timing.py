"""Times calls of this process. Everything that is measured goes through here."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["LARGEST", "Timing", "bandwidth", "peak", "summary", "time_slice"]

Call = Callable[[], object]

#: Bytes that no cache holds, and that still are gone over in milliseconds.
LARGEST = 1 << 27


@dataclass(frozen=True)
class Timing:
    """What one candidate's calls cost."""

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


def time_slice(call: Call, seconds: float) -> list[float]:
    """Seconds of each call made in one slice of time; at least one is timed.

    The first quarter is not timed: caches fill again, and the spinning threads of whoever ran
    before fall asleep. A call that is longer than the whole slice has done that for itself by the
    time its first part is over, so it is made once and counts.
    """
    begin = time.perf_counter()
    call()
    first = time.perf_counter() - begin
    if first > seconds:
        return [first]
    while time.perf_counter() - begin < seconds / 4:
        call()
    samples: list[float] = []
    while not samples or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        call()
        samples.append(time.perf_counter() - start)
    return samples


def peak(threads: int, seconds: float = 0.02) -> float:
    """Float32 GFLOP/s of multiply-adds that touch no memory, on the instruction set in use."""
    from fastcnn import _core

    time.sleep(0.03)  # until the threads of whoever ran before have stopped spinning
    return _core.measure_peak(threads, seconds)


def bandwidth(kind: str, size: int, threads: int, seconds: float = 0.008) -> float:
    """GB/s of passes over so many bytes (:func:`fastcnn.runtime.bandwidth`).

    At least 16 KB each thread, and not more than surely no cache holds: it is all the same memory.
    """
    from fastcnn import _core

    return _core.measure_bandwidth(kind, min(max(size, threads << 14), LARGEST), threads, seconds)
