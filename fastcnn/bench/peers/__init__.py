"""Other libraries that compute the same, each in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence

from fastcnn.bench.peer_process import MissingPeerError, Runner, find_tcmalloc

__all__ = ["PEERS", "Peers"]

#: What ``--against`` takes.
PEERS = ("numpy", "torch", "onednn", "onnxruntime")

#: PyTorch with an allocator that keeps freed memory: what its kernels can do.
_CACHING = "torch_tcmalloc"


class Peers:
    """The processes of the peers: one for each library and number of threads, kept until the end.

    Args:
        names: Some of :data:`PEERS`. PyTorch comes a second time where tcmalloc is found.

    Attributes:
        versions: Of the libraries that take part.
        missing: Why others do not.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self._tcmalloc = find_tcmalloc()
        if "torch" in self.names and self._tcmalloc is not None:
            self.names.insert(self.names.index("torch") + 1, _CACHING)
        self.versions: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        self._runners: dict[tuple[str, int], Runner] = {}

    def runners(self, threads: int) -> dict[str, Runner]:
        """Those that compute with so many threads, by name; starts what does not run yet."""
        for name in self.names:
            if (name, threads) not in self._runners and name not in self.missing:
                try:
                    runner = self._start(name, threads)
                except MissingPeerError as reason:
                    self.missing[name] = str(reason)
                else:
                    self._runners[name, threads] = runner
                    self.versions[name] = str(runner.about["version"])
        return {
            name: self._runners[key]
            for name in self.names
            if (key := (name, threads)) in self._runners
        }

    def drop(self, name: str, threads: int, reason: str) -> None:
        """Goes on without a peer whose process is gone."""
        self._runners.pop((name, threads)).close()
        self.missing[name] = reason

    def close(self) -> None:
        """Ends all processes."""
        for runner in self._runners.values():
            runner.close()
        self._runners.clear()

    def _start(self, name: str, threads: int) -> Runner:
        number = str(threads)
        environment = {
            "OMP_NUM_THREADS": number,
            "MKL_NUM_THREADS": number,
            "OPENBLAS_NUM_THREADS": number,
        }
        if name == _CACHING:
            environment["LD_PRELOAD"] = str(self._tcmalloc)
        library = "torch" if name == _CACHING else name
        return Runner(["-m", "fastcnn.bench.peers.worker", library, number], environment)
