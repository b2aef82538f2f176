"""What runs and why: instruction set, threads, and where each choice came from."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

from fastcnn import _core
from fastcnn._version import __version__
from fastcnn.messages import brief

__all__ = [
    "available_isas",
    "describe",
    "info",
    "isa",
    "num_threads",
    "set_isa",
    "set_num_threads",
    "set_winograd",
    "winograd",
]


_WINOGRAD = ("direct only", "Winograd where it and its memory pay", "Winograd where it is fastest")


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
        TypeError: Not a string.
        ValueError: The CPU or the build has no such kernels; lists the choices.
    """
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name must be a string such as 'avx2' or None, got {brief(name)}")
    _core.set_isa(name or "")


def winograd() -> bool:
    """Whether ``algorithm="auto"`` may choose Winograd convolution."""
    return _core.winograd_use() > 0


def set_winograd(enabled: bool, *, any_memory: bool = False) -> None:
    """Lets ``algorithm="auto"`` choose Winograd convolution, or keeps it from doing so.

    Winograd's rounding errors differ from those of the direct algorithm (docs/numerics.md).
    It holds for all calls of operations, layers and models from here on; a
    :class:`fastcnn.graph.Function` keeps what it was compiled to. ``FASTCNN_WINOGRAD=0`` in the
    environment turns it off from the start, ``FASTCNN_WINOGRAD=2`` is ``any_memory``.

    Args:
        enabled: Whether it may be chosen.
        any_memory: Choose it wherever it is fastest, also where its transformed filters, up to four
            times as large as the filters, are kept for a few percent of time.

    Raises:
        TypeError: Not bools.
        ValueError: ``any_memory`` without ``enabled``.
    """
    for name, value in (("enabled", enabled), ("any_memory", any_memory)):
        if not isinstance(value, bool):
            raise TypeError(f"{name} must be True or False, got {value!r}")
    if any_memory and not enabled:
        raise ValueError("any_memory says where Winograd is chosen: it needs enabled=True")
    _core.set_winograd(enabled + any_memory)


def num_threads() -> int:
    """Threads that a call may use."""
    return _core.num_threads()


def set_num_threads(threads: int | None) -> None:
    """Sets the number of threads of later calls. Results do not depend on it, bit for bit.

    Args:
        threads: 1 or more; None returns to the default (``FASTCNN_NUM_THREADS``, else
            ``OMP_NUM_THREADS``, else the least of affinity mask, control-group quota and physical
            cores).

    Raises:
        ValueError: Not 1 to 256.
    """
    if threads is not None and (not isinstance(threads, int) or not 1 <= threads <= 256):
        raise ValueError(f"the number of threads must be 1 to 256, got {brief(threads)}")
    _core.set_num_threads(threads or 0)


def info() -> dict[str, Any]:
    """What runs and why, as plain data.

    Returns:
        version, cpu, isa, isa_source, isas, vector_bits, winograd, threads, threads_source,
        threads_from, python, platform, environment (the ``FASTCNN_*`` variables that are set).
    """
    return {
        "version": __version__,
        "cpu": _cpu_name(),
        "isa": _core.isa(),
        "isa_source": _core.isa_source(),
        "isas": _core.available_isas(),
        "vector_bits": 32 * _core.lanes(),
        "winograd": winograd(),
        "threads": _core.num_threads(),
        "threads_source": _core.num_threads_source(),
        "threads_from": _core.threads_from(),
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
            f"3x3 convolution  {_WINOGRAD[_core.winograd_use()]}",
            f"threads          {facts['threads']}: {facts['threads_source']}; "
            f"from {facts['threads_from']}",
            f"FASTCNN_* set    {environment}",
        ]
    )


def _cpu_name() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
