"""The process of one peer: ``python -m fastcnn.bench.peers.worker LIBRARY THREADS``.

Started by a run of the benchmark, not by hand. A question is either a case, to be answered once and
then kept ready, or the length of a slice in seconds, to be spent on calls of that case.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fastcnn.bench.operations import Candidate, Case
from fastcnn.bench.operations.operation import Array, on_line
from fastcnn.bench.peer_process import MISSING, WorkerChannel
from fastcnn.bench.shape_files import parse
from fastcnn.bench.timing import time_slice

#: Where each library is spoken to.
_MODULES = {
    "numpy": "fastcnn.bench.peers.numpy_peer",
    "torch": "fastcnn.bench.peers.torch_peer",
    "onednn": "fastcnn.bench.peers.onednn_peer",
    "onnxruntime": "fastcnn.bench.peers.onnxruntime_peer",
}


class Library(Protocol):
    """What such a module has."""

    VERSION: str

    def start(self, threads: int) -> None:
        """Called once, before everything else."""

    def ways(self, case: Case, direction: str, arrays: Mapping[str, Array]) -> dict[str, Candidate]:
        """Every way worth trying; empty for what the library does not have."""


def fastest(ways: Mapping[str, Candidate]) -> tuple[str, Callable[[], Any], list[Array]]:
    """The fastest way, its call, and the answer of its first call."""
    best, chosen = float("inf"), None
    for name, candidate in ways.items():
        answer = [np.array(y) for y in candidate.read(candidate.call())]
        taken = float("inf")
        begin = time.perf_counter()
        for _ in range(5):
            start = time.perf_counter()
            candidate.call()
            now = time.perf_counter()
            taken = min(taken, now - start)
            if len(ways) == 1 or now - begin > 0.1:
                break
        if taken < best:
            best, chosen = taken, (name, candidate.call, answer)
    assert chosen is not None
    return chosen


def prepare(
    library: Library, case: Case, direction: str, folder: Path, names: Sequence[str]
) -> tuple[Any, dict[str, Any]]:
    """The call of the fastest way, and what to tell the parent; answers go to files."""
    arrays = {name: on_line(np.load(folder / f"given-{name}.npy")) for name in names}
    ways = library.ways(case, direction, arrays)
    if not ways:
        return None, {}
    way, call, answer = fastest(ways)
    for number, y in enumerate(answer):
        np.save(folder / f"answer-{number}.npy", y)
    return call, {"way": way, "answers": len(answer)}


def main(name: str, threads: int) -> None:
    """Answers questions until the parent is gone."""
    channel = WorkerChannel()
    try:
        library: Any = importlib.import_module(_MODULES[name])
    except ImportError as error:
        print(f"{name}: {error}", file=sys.stderr)
        sys.exit(MISSING)
    library.start(threads)
    channel.send(version=library.VERSION)
    call = None
    while True:
        question = channel.receive()
        if not isinstance(question, dict):
            channel.done(time_slice(call, float(question)) if call is not None else [])
            continue
        call = None  # frees its memory first
        try:
            call, answer = prepare(
                library,
                parse(question["case"]),
                question["direction"],
                Path(question["folder"]),
                question["arrays"],
            )
        except Exception as error:
            answer = {"failed": f"{type(error).__name__}: {error}".splitlines()[0]}
        channel.send(**answer)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
