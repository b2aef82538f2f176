"""Races between processes: each peer in a process of its own, one of them running at a time.

Parent: starts :class:`Runner` s, hands the baton around with :func:`race`. Between its turns a
runner is stopped (SIGSTOP), so that no thread of it spins or prefetches on another's time.

Child: ``Baton()`` takes over standard input and output; ``ready`` says that everything is set up,
``wait`` blocks until the next turn, ``done`` reports it. What libraries print goes to standard
error.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["Baton", "MissingPeerError", "Runner", "find_tcmalloc", "race"]

MISSING = 3  # exit status of a runner whose library is not installed


class MissingPeerError(Exception):
    """A peer cannot take part here; says why."""


class Baton:
    """The child's end of the race."""

    def __init__(self) -> None:
        if sys.platform == "linux":
            # A runner that is stopped when its parent is killed would stay for ever.
            set_signal_at_parents_death = 1
            ctypes.CDLL(None).prctl(set_signal_at_parents_death, int(signal.SIGKILL))
        self._out = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)

    def ready(self, **about: object) -> None:
        """Everything is loaded, compiled and warm."""
        self._out.write(json.dumps(about) + "\n")

    def wait(self) -> float:
        """Blocks until the next turn; returns its length in seconds. Leaves at the race's end."""
        line = sys.stdin.readline()
        if not line:
            sys.exit(0)
        return float(line)

    def done(self, samples: Sequence[float]) -> None:
        """The turn is over; ``samples`` are the seconds per call measured in it."""
        self._out.write(json.dumps({"samples": list(samples)}) + "\n")


class Runner:
    """A peer's process, seen from the parent.

    Args:
        command: Arguments of Python, as ``["-m", "bench.fit_runner", "torch"]``.
        environment: Variables to set besides the parent's own.

    Raises:
        MissingPeerError: The peer's library is not installed, or its process failed to get ready.
    """

    def __init__(self, command: list[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        try:
            self.about = self._answer()
        except MissingPeerError:
            self.close()
            raise
        self._stop()

    def turn(self, seconds: float) -> list[float]:
        """Runs the peer for one turn; seconds per call."""
        self._process.send_signal(signal.SIGCONT)
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        samples: list[float] = self._answer()["samples"]
        self._stop()
        return samples

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _stop(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            answer: dict[str, Any] = json.loads(line)
            return answer
        status = self._process.wait()
        reason = "not installed" if status == MISSING else f"failed with status {status}"
        raise MissingPeerError(reason)


def race(runners: Mapping[str, Runner], *, turns: int, seconds: float) -> dict[str, list[float]]:
    """Hands the baton around ``turns`` times; seconds per call of every runner.

    The first rotation is a warm-up and not counted.
    """
    samples: dict[str, list[float]] = {name: [] for name in runners}
    for number in range(turns + 1):
        for name, runner in runners.items():
            taken = runner.turn(seconds)
            if number:
                samples[name] += taken
    return samples


def find_tcmalloc() -> Path | None:
    """The allocator to preload beside PyTorch, where the system has it.

    Page faults of fresh buffers make PyTorch up to twice as slow on CPUs; with a caching allocator
    it shows what its kernels can do.
    """
    names = ("libtcmalloc_minimal.so.4", "libtcmalloc.so.4", "libtcmalloc_minimal.so")
    for folder in ("x86_64-linux-gnu", "aarch64-linux-gnu", "../lib64", "."):
        for name in names:
            if (path := Path("/usr/lib", folder, name)).exists():
                return path
    return None
