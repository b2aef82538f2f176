"""The limits of the machine: multiply-adds a second, and bytes a second by how many there are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastcnn import runtime
from fastcnn.bench.timing import LARGEST

__all__ = ["KINDS", "Limits", "measure"]

KINDS = ("read", "copy", "write", "stream_copy", "stream_write")

_SMALLEST = 1 << 14


@dataclass(frozen=True)
class Limits:
    """What the machine can do with some number of threads.

    Attributes:
        threads: That number.
        peak: Dtype -> billions of operations a second, on one instruction set.
        bandwidth: Kind -> bytes that are gone over -> GB/s, what is read and written added up.
        caches: Bytes that the threads' caches hold together, from the smallest.
    """

    threads: int
    peak: Mapping[str, float]
    bandwidth: Mapping[str, Mapping[int, float]]
    caches: Sequence[int]

    def level(self, size: int) -> str:
        """What holds so many bytes: ``L1``, ``L2`` ... or ``memory``.

        The last cache is shared, with other programs too, so what it holds is seen by the speed
        of reading: nearer to that of what surely lies in it than to that of memory.
        """
        own = self.caches[:-1]
        for number, held in enumerate(own, 1):
            if size <= held:
                return f"L{number}"
        inside = self.rate("read", 2 * own[-1]) if own else 0.0
        if self.rate("read", size) ** 2 > inside * self.rate("read", LARGEST) > 0:
            return f"L{len(self.caches)}"
        return "memory"

    def rate(self, kind: str, size: int) -> float:
        """GB/s of one kind where so many bytes are gone over, between the measured sizes."""
        table = self.bandwidth[kind]
        sizes = sorted(table)
        size = min(max(size, sizes[0]), sizes[-1])
        above = next(s for s in sizes if s >= size)
        below = max(s for s in sizes if s <= size)
        if above == below:
            return table[above]
        share = math.log(size / below) / math.log(above / below)
        return float(table[below] ** (1 - share) * table[above] ** share)

    def as_data(self) -> dict[str, Any]:
        """For a line of JSON."""
        return {
            "threads": self.threads,
            "peak": dict(self.peak),
            "bandwidth": {
                kind: {str(size): round(rate, 2) for size, rate in table.items()}
                for kind, table in self.bandwidth.items()
            },
            "caches": list(self.caches),
        }

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> Limits:
        """What :meth:`as_data` gave."""
        return Limits(
            data["threads"],
            data["peak"],
            {
                kind: {int(size): rate for size, rate in table.items()}
                for kind, table in data["bandwidth"].items()
            },
            data["caches"],
        )


def measure(threads: int, seconds: float = 0.02) -> Limits:
    """Measures all of them, on the instruction set in use.

    Args:
        threads: How many.
        seconds: How long to try each of about eighty measurements.
    """
    peaks = {}
    for dtype in ("float32", "bfloat16", "int8"):
        try:
            peaks[dtype] = runtime.peak(dtype, threads=threads, seconds=5 * seconds)
        except ValueError:  # the instruction set has no such products
            if dtype == "float32":
                raise
    return Limits(
        threads,
        peaks,
        {kind: dict(_sweep(kind, threads, seconds)) for kind in KINDS},
        [cache["bytes"] * -(-threads // cache["cpus"]) for cache in runtime.caches()],
    )


def _sweep(kind: str, threads: int, seconds: float) -> Iterator[tuple[int, float]]:
    """GB/s by size, from the largest; never less than at a larger one, which only noise can say."""
    size, best = LARGEST, 0.0
    while size >= _SMALLEST * threads:
        best = max(best, runtime.bandwidth(kind, size, threads=threads, seconds=seconds))
        yield size, best
        size //= 2
