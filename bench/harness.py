"""Compares candidates slice by slice and prints the results.

How a single call is timed: :mod:`fastcnn.bench.timing`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from collections.abc import Callable, Mapping

from fastcnn import runtime

__all__ = ["Lines", "compare", "machine"]

Slice = Callable[[float], list[float]]


def compare(
    candidates: Mapping[str, Slice], *, slices: int, seconds: float
) -> dict[str, list[float]]:
    """Return the seconds per call of each candidate.

    The candidates run one after the other in short slices of time, so that whatever disturbs the
    machine for a while disturbs all of them.

    Args:
        candidates: Each runs for about as many seconds as it is given and returns what its calls
            took.
        slices: How many count for each candidate, after one that warms it up.
        seconds: Length of a slice.
    """
    samples: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(slices + 1):
        for name, run_slice in candidates.items():
            taken = run_slice(seconds)
            if number:
                samples[name] += taken
    return samples


def machine(**more: object) -> dict[str, object]:
    """Return what a result cannot be read without; every benchmark prints it first."""
    return {
        "cpu": runtime.info()["cpu"],
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
