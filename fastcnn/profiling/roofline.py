"""The least time that this machine needs for so many FLOPs and bytes."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

from fastcnn import runtime

__all__ = ["MachineLimits", "machine_limits"]

#: Of each measurement: two or three for a level of memory, and some of arithmetic.
_SECONDS = 0.02
_TRIES = 3
#: How much larger than all caches what is copied to and from memory is.
_BEYOND_CACHES = 4


@dataclass(frozen=True)
class MachineLimits:
    """What the machine can do at best with some number of threads.

    Attributes:
        isa: The instruction set of the kernels.
        threads: That number.
        peak: GFLOP/s of float32 multiply-adds.
        levels: Name, bytes that it holds, and GB/s of each level of memory, the fastest first; the
            last one, ``"memory"``, holds anything.
    """

    isa: str
    threads: int
    peak: float
    levels: Sequence[tuple[str, float, float]]

    def compute_seconds(self, flops: float) -> float:
        """How long so many FLOPs take at the peak."""
        return flops / (self.peak * 1e9)

    def memory_seconds(self, bytes: float) -> float:
        """How long it takes to read or write so many bytes, if each level of memory holds as many
        of them as it can.
        """
        seconds, before = 0.0, 0.0
        for _, held, rate in self.levels:
            seconds += max(0.0, min(bytes, held) - before) / (rate * 1e9)
            before = held
        return seconds

    def bound(self, flops: float, bytes: float) -> float:
        """The roofline bound in seconds: arithmetic or memory, whichever takes longer."""
        return max(self.compute_seconds(flops), self.memory_seconds(bytes))


def machine_limits(threads: int) -> MachineLimits:
    """Measures the machine, once for an instruction set and a number of threads.

    Takes about a third of a second, and memory of several times the largest cache.
    """
    return _measured(runtime.isa(), threads)


@functools.lru_cache(maxsize=8)
def _measured(isa: str, threads: int) -> MachineLimits:
    # Several short tries find a moment in which no other process has one of the cores.
    peak = max(runtime.peak(threads=threads, seconds=_SECONDS) for _ in range(_TRIES))
    levels = []
    for cache in runtime.caches():
        held = cache["bytes"] * -(-threads // cache["cpus"])
        # The last cache is shared, with other programs too.
        size = held // (4 if cache["cpus"] > 1 else 2)
        levels.append((f"L{cache['level']}", float(held), _rate(size, threads)))
    largest = int(levels[-1][1]) if levels else 8 << 20
    memory = min(_BEYOND_CACHES * largest, 1 << 29)
    levels.append(("memory", float("inf"), _rate(memory, threads, "stream_copy")))
    return MachineLimits(isa, threads, peak, tuple(levels))


def _rate(bytes: int, threads: int, *kinds: str) -> float:
    return max(
        runtime.bandwidth(kind, bytes, threads=threads, seconds=_SECONDS)
        for kind in ("read", "copy", *kinds)
    )
