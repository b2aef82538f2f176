"""What this machine can do at best: arithmetic, caches, memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastcnn import _core
from fastcnn.runtime.settings import isa, num_threads

__all__ = ["bandwidth", "caches", "limits", "peak"]


def peak(dtype: str = "float32", *, threads: int | None = None, seconds: float = 0.2) -> float:
    """Measures the arithmetic limit of this machine with the instruction set in use.

    Args:
        dtype: ``"float32"`` (multiply-adds), ``"bfloat16"`` (dot products, summed in float32) or
            ``"int8"`` (dot products of unsigned with signed bytes, summed in 32 bits).
        threads: How many; None for :func:`num_threads`.
        seconds: How long to try; the best of many short repetitions counts.

    Returns:
        Billions of operations a second; a multiply-add is two operations.

    Raises:
        ValueError: The instruction set has no such dot products (which are needed is said), or an
            argument is out of range.
    """
    return _core.measure_peak(threads or num_threads(), seconds, dtype)


def bandwidth(kind: str, bytes: int, *, threads: int | None = None, seconds: float = 0.2) -> float:
    """Measures how fast memory can be gone over; its amount decides which cache holds it.

    Args:
        kind: ``"read"``, ``"copy"``, ``"write"``, or with non-temporal stores
            ``"stream_copy"``, ``"stream_write"``.
        bytes: Memory of all threads together. Each has an equal part of its own; a copy goes from
            one half of that to the other.
        threads: How many; None for :func:`num_threads`.
        seconds: How long to try; the best of many short repetitions counts.

    Returns:
        GB/s (1e9 bytes), what is read and what is written added up.

    Raises:
        ValueError: Another kind, or an argument that is out of range.
        MemoryError: The system has not got that much memory.
    """
    return _core.measure_bandwidth(kind, bytes, threads or num_threads(), seconds)


def caches() -> list[dict[str, int]]:
    """The data caches of a core, from the smallest, as Linux describes them.

    Returns:
        A dict each: ``level``, ``bytes``, ``cpus`` (how many CPUs share one). Empty where the
        system does not tell.
    """
    found = []
    for folder in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        try:
            facts = {
                name: (folder / name).read_text().strip()
                for name in ("level", "type", "size", "shared_cpu_list")
            }
            if facts["type"] != "Instruction":
                found.append(
                    {
                        "level": int(facts["level"]),
                        "bytes": _bytes_of(facts["size"]),
                        "cpus": _count_of(facts["shared_cpu_list"]),
                    }
                )
        except (OSError, ValueError):
            continue
    return sorted(found, key=lambda cache: cache["level"])


def limits(*, threads: int | None = None, seconds: float = 0.2) -> dict[str, Any]:
    """Measures what this machine can do at best, for setting other measurements beside it.

    Takes about twenty times ``seconds``, and memory of several times the largest cache.

    Args:
        threads: How many; None for :func:`num_threads`.
        seconds: How long to try each measurement.

    Returns:
        ``isa``; ``threads``; ``caches`` as from :func:`caches`; ``peak``: billions of operations
        a second by dtype, of those that :func:`peak` can measure here; ``bandwidth``: by level
        (``"L1"`` ... ``"memory"``) a dict of ``bytes`` that were gone over and GB/s by kind.
    """
    threads = threads or num_threads()
    found = caches()
    peaks = {}
    for dtype in ("float32", "bfloat16", "int8"):
        try:
            peaks[dtype] = peak(dtype, threads=threads, seconds=seconds)
        except ValueError:
            if dtype == "float32":
                raise
    sizes: dict[str, int] = {}
    largest = 8 << 20
    for cache in found:
        held = cache["bytes"] * -(-threads // cache["cpus"])
        # Half of a cache of one's own; the last is also that of other programs.
        sizes[f"L{cache['level']}"] = held // (4 if cache is found[-1] else 2)
        largest = max(largest, held)
    sizes["memory"] = max(min(8 * largest, 1 << 30), 2 * largest)
    kinds = ("read", "copy", "stream_copy", "write", "stream_write")
    return {
        "isa": isa(),
        "threads": threads,
        "caches": found,
        "peak": peaks,
        "bandwidth": {
            level: {
                "bytes": size,
                **{
                    kind: bandwidth(kind, size, threads=threads, seconds=seconds)
                    for kind in kinds
                    # Non-temporal stores say nothing about caches.
                    if level == "memory" or not kind.startswith("stream")
                },
            }
            for level, size in sizes.items()
        },
    }


def _bytes_of(size: str) -> int:
    """``"32K"`` or ``"1M"`` as a number."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    return int(size[:-1]) * units[size[-1]] if size[-1:] in units else int(size)


def _count_of(cpus: str) -> int:
    """How many CPUs a list like ``"0-3,8"`` names."""
    ranges = (part.split("-") for part in cpus.split(","))
    return sum(int(ends[-1]) - int(ends[0]) + 1 for ends in ranges)
