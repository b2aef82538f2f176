"""What runs and why: instruction set, threads, and where each choice came from; and what this
machine can do at best.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

from fastcnn import _core
from fastcnn._version import __version__

__all__ = [
    "available_isas",
    "bandwidth",
    "caches",
    "describe",
    "info",
    "isa",
    "limits",
    "num_threads",
    "peak",
    "set_isa",
    "set_num_threads",
    "set_winograd",
    "winograd",
]


def isa() -> str:
    """Name of the instruction set whose kernels are in use."""
    return _core.isa()


def available_isas() -> list[str]:
    """Instruction sets that this CPU can run, worst first."""
    return _core.available_isas()


def set_isa(name: str | None) -> None:
    """Uses another instruction set in all calls of operations, layers and models from here on.

    A :class:`fastcnn.graph.Function` keeps the kernels it was compiled with.

    Args:
        name: One of :func:`available_isas`; None returns to the default (``FASTCNN_ISA`` or the
            best this CPU supports).

    Raises:
        ValueError: The CPU or the build has no such kernels; lists the choices.
    """
    _core.set_isa(name or "")


def winograd() -> bool:
    """Whether ``algorithm="auto"`` may choose Winograd convolution."""
    return _core.winograd_enabled()


def set_winograd(enabled: bool) -> None:
    """Lets ``algorithm="auto"`` choose Winograd convolution, or keeps it from doing so.

    Winograd's rounding errors differ from those of the direct algorithm (docs/numerics.md).
    It holds for all calls of operations, layers and models from here on; a
    :class:`fastcnn.graph.Function` keeps what it was compiled to. ``FASTCNN_WINOGRAD=0`` in the
    environment turns it off from the start.

    Raises:
        TypeError: Not a bool.
    """
    if not isinstance(enabled, bool):
        raise TypeError(f"enabled must be True or False, got {enabled!r}")
    _core.set_winograd(enabled)


def num_threads() -> int:
    """Threads that a call may use."""
    return _core.num_threads()


def set_num_threads(threads: int | None) -> None:
    """Sets the number of threads of later calls. Results do not depend on it, bit for bit.

    Args:
        threads: 1 or more; None returns to the default (``FASTCNN_NUM_THREADS``, or the least of
            affinity mask, control-group quota and physical cores).

    Raises:
        ValueError: Not 1 to 256.
    """
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise ValueError(f"the number of threads must be 1 to 256, got {threads!r}")
    _core.set_num_threads(threads or 0)


def info() -> dict[str, Any]:
    """What runs and why, as plain data.

    Returns:
        version, cpu, isa, isa_source, isas, vector_bits, winograd, threads, threads_source, python,
        platform, environment (the ``FASTCNN_*`` variables that are set).
    """
    return {
        "version": __version__,
        "cpu": _cpu_name(),
        "isa": _core.isa(),
        "isa_source": _core.isa_source(),
        "isas": _core.available_isas(),
        "vector_bits": 32 * _core.lanes(),
        "winograd": _core.winograd_enabled(),
        "threads": _core.num_threads(),
        "threads_source": _core.num_threads_source(),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "environment": {k: v for k, v in sorted(os.environ.items()) if k.startswith("FASTCNN_")},
    }


def describe() -> str:
    """:func:`info` as a few lines of text."""
    facts = info()
    environment = " ".join(f"{k}={v}" for k, v in facts["environment"].items()) or "none set"
    return "\n".join(
        [
            f"fastcnn {facts['version']}, Python {facts['python']}, {facts['platform']}",
            f"CPU              {facts['cpu']}",
            f"instruction set  {facts['isa']} ({facts['vector_bits']}-bit vectors): "
            f"{facts['isa_source']}; available: {', '.join(facts['isas'])}",
            f"3x3 convolution  {'Winograd where it pays' if facts['winograd'] else 'direct only'}",
            f"threads          {facts['threads']}: {facts['threads_source']}",
            f"FASTCNN_* set    {environment}",
        ]
    )


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
        kind: ``"read"``, ``"copy"``, ``"write"``, or with stores past the caches
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
                    # Stores past the caches say nothing about caches.
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


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
