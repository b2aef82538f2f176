"""What runs and why: instruction set, threads, and where each choice came from."""

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
    "describe",
    "info",
    "isa",
    "num_threads",
    "set_isa",
    "set_num_threads",
]


def isa() -> str:
    """Name of the instruction set whose kernels are in use."""
    return _core.isa()


def available_isas() -> list[str]:
    """Instruction sets that this CPU can run, worst first."""
    return _core.available_isas()


def set_isa(name: str | None) -> None:
    """Uses the kernels of another instruction set; programs made before keep theirs.

    Args:
        name: One of :func:`available_isas`; None returns to the default (``FASTCNN_ISA`` or the
            best this CPU supports).

    Raises:
        ValueError: The CPU or the build has no such kernels; lists the choices.
    """
    _core.set_isa(name or "")


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
        version, cpu, isa, isa_source, isas, vector_bits, threads, threads_source, python,
        platform, environment (the ``FASTCNN_*`` variables that are set).
    """
    return {
        "version": __version__,
        "cpu": _cpu_name(),
        "isa": _core.isa(),
        "isa_source": _core.isa_source(),
        "isas": _core.available_isas(),
        "vector_bits": 32 * _core.lanes(),
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
            f"threads          {facts['threads']}: {facts['threads_source']}",
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
