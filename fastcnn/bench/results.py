"""Files of results: JSON lines, the first about the machine, then one for each row."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastcnn import runtime
from fastcnn._version import __version__
from fastcnn.bench.limits_table import Limits

__all__ = ["KEY", "Results", "key", "machine", "read"]

FORMAT = 1
#: What names a row: two of the same measure the same thing.
KEY = ("op", "shape", "direction", "isa", "threads")

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Results:
    """What a file holds."""

    machine: dict[str, Any]
    rows: list[dict[str, Any]]


def key(row: Result) -> tuple[Any, ...]:
    """What the row measures."""
    return tuple(row[name] for name in KEY)


def machine(limits: Sequence[Limits], isas: Sequence[str], versions: Result) -> dict[str, Any]:
    """What a number cannot be read without."""
    return {
        "fastcnn_bench": FORMAT,
        "cpu": runtime.info()["cpu"],
        "cores": len(os.sched_getaffinity(0)),
        "caches": runtime.caches(),
        "load": round(os.getloadavg()[0], 2),
        "platform": platform.platform(),
        "versions": {
            "fastcnn": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            **versions,
        },
        "limits": [
            {"isa": isa, **found.as_data()} for isa, found in zip(isas, limits, strict=True)
        ],
    }


def read(path: Path) -> Results:
    """Reads a file; a last line that was cut off is left out.

    Raises:
        FileNotFoundError: It is not there; says what writes it.
        ValueError: It holds something else.
        OSError: It cannot be read.
    """
    if not path.exists():
        raise FileNotFoundError(
            f"no file {path}: `fastcnn bench run --output {path}` measures and writes it"
        )
    lines = path.read_text().splitlines()
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        try:
            value = json.loads(line)
        except ValueError:
            if number == len(lines) and number > 1:
                break
            value = None
        if not isinstance(value, dict) or (number == 1 and value.get("fastcnn_bench") != FORMAT):
            raise ValueError(
                f"{path}, line {number}: no results of this version of `fastcnn bench run --output`"
            )
        found.append(value)
    if not found:
        raise ValueError(f"{path} is empty")
    return Results(found[0], found[1:])
