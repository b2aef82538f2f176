"""Peers in processes of their own, one of them running at a time.

Parent: a :class:`Runner` starts such a process, asks it questions and lets it run for a slice of
time. Between slices the process is stopped (SIGSTOP), so that no thread of it spins or prefetches
while another is measured.

Child: ``WorkerChannel()`` takes over standard input and output. ``ready`` says that everything is
set up, ``wait`` blocks until the next slice, ``done`` reports it; ``receive`` and ``send`` are for
questions of other kinds. What libraries print goes to standard error.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["MissingPeerError", "Runner", "WorkerChannel", "find_tcmalloc"]

MISSING = 3  # exit status of a runner whose library is not installed


class MissingPeerError(Exception):
    """A peer cannot take part here; says why."""


class WorkerChannel:
    """The child's end of the connection to its parent."""

    def __init__(self) -> None:
        if sys.platform == "linux":
            # A runner that is stopped when its parent is killed would stay for ever.
            set_signal_at_parents_death = 1
            ctypes.CDLL(None).prctl(set_signal_at_parents_death, int(signal.SIGKILL))
        self._out = os.fdopen(os.dup(1), "w", buffering=1)
        os.dup2(2, 1)

    def send(self, **answer: object) -> None:
        """Answers what was received."""
        self._out.write(json.dumps(answer) + "\n")

    def receive(self) -> Any:
        """Blocks until the parent asks something. Exits when the parent is gone."""
        line = sys.stdin.readline()
        if not line:
            sys.exit(0)
        return json.loads(line)

    def ready(self, **about: object) -> None:
        """Everything is loaded, compiled and warm."""
        self.send(**about)

    def wait(self) -> float:
        """Blocks until the next slice; returns its length in seconds."""
        return float(self.receive())

    def done(self, samples: Sequence[float]) -> None:
        """The slice is over; ``samples`` are the seconds per call measured in it."""
        self.send(samples=list(samples))


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

    def ask(self, question: object) -> dict[str, Any]:
        """Lets the peer run until it has answered.

        Raises:
            MissingPeerError: Its process ended instead.
        """
        self._process.send_signal(signal.SIGCONT)
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise MissingPeerError(f"ended with status {self._process.wait()}") from None
        answer = self._answer()
        self._stop()
        return answer

    def time_slice(self, seconds: float) -> list[float]:
        """Runs the peer for one slice; seconds per call."""
        samples: list[float] = self.ask(seconds)["samples"]
        return samples

    def close(self) -> None:
        """Ends the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

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
