"""Results as text: lines while they come, and a Markdown table of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastcnn.bench.limits_table import Limits

__all__ = ["Lines", "best_peer", "label", "markdown", "rate"]

Result = Mapping[str, Any]

#: How directions are written in little room.
SHORT = {
    "forward": "forward",
    "backward": "backward",
    "input_gradient": "d input",
    "filter_gradient": "d filter",
}


def label(row: Result) -> str:
    """The name of a row's shape, or the shape itself; the operation first."""
    return f"{row['op']} {row['name'] or row['shape']}"


def rate(row: Result) -> str:
    """What is done a second."""
    if row["flops"]:
        return (
            f"{row['gflops']:.3g} GFLOP/s"
            if row["gflops"] < 1000
            else f"{row['gflops']:.0f} GFLOP/s"
        )
    return f"{row['gb_s']:.3g} GB/s"


def best_peer(row: Result, but: Sequence[str] = ("numpy",)) -> tuple[str, Mapping[str, Any]] | None:
    """Name and numbers of the fastest other library that took part."""
    others = {name: c for name, c in row["contestants"].items() if name not in but}
    return min(others.items(), key=lambda item: item[1]["ms"], default=None)


class Lines:
    """Lays rows out in columns as they come.

    Args:
        width: Of the first column.
        isas: Whether there is more than one instruction set.
        peers: Names of the other libraries, a column each.
    """

    def __init__(self, width: int, isas: bool, peers: Sequence[str]) -> None:
        self.width, self.isas, self.peers = width, isas, peers

    def head(self) -> str:
        """Above the rows."""
        isa = f"{'isa':>12} " if self.isas else ""
        peers = "".join(f" {'x ' + name:>{self._column(name)}}" for name in self.peers)
        return (
            f"{'':{self.width}} {'':8} {isa}thr {'ms':>9} {'+-':>4} {'rate':>13} {'share':>6} "
            f"{'of':17}{peers}"
        )

    def row(self, row: Result) -> str:
        """One of them."""
        isa = f"{row['isa']:>12} " if self.isas else ""
        peers = "".join(f" {self._speedup(row, name):>{self._column(name)}}" for name in self.peers)
        return (
            f"{label(row):{self.width}} {SHORT[row['direction']]:8} {isa}{row['threads']:3} "
            f"{row['ms']:9.4g} {row['spread'] * 100:3.0f}% {rate(row):>13} "
            f"{row['share'] * 100:5.0f}% {row['floor']:17}{peers}"
        )

    @staticmethod
    def _column(name: str) -> int:
        return len(name) + 2

    @staticmethod
    def _speedup(row: Result, name: str) -> str:
        if name in row.get("refused", {}):
            return "wrong"
        return f"{row['contestants'][name]['speedup']:.2f}" if name in row["contestants"] else "-"


def markdown(rows: Sequence[Result]) -> Iterator[str]:
    """A table for a document: the best peer's share stands beside ours."""
    isas = len({row["isa"] for row in rows}) > 1
    head = ["operation", "direction", *(["isa"] if isas else []), "threads", "ms", "rate"]
    head += ["share", "of", "best peer", "its share", "faster by", "than NumPy by"]
    yield "| " + " | ".join(head) + " |"
    yield "| " + " | ".join("---" for _ in head) + " |"
    for row in rows:
        best = best_peer(row)
        numpy = row["contestants"].get("numpy")
        cells = [label(row), SHORT[row["direction"]], *([row["isa"]] if isas else [])]
        cells += [str(row["threads"]), f"{row['ms']:.3g}", rate(row), f"{row['share'] * 100:.0f} %"]
        cells += [row["floor"]]
        if best is None:
            cells += ["", "", ""]
        else:
            name, peer = best
            cells += [name, f"{peer['share'] * 100:.0f} %", f"{peer['speedup']:.2f}"]
        cells += [f"{numpy['speedup']:.2f}" if numpy else ""]
        yield "| " + " | ".join(cells) + " |"
    best_of_all = [best_peer(row, but=()) for row in rows]
    ahead = [best[1]["speedup"] for best in best_of_all if best is not None]
    if ahead:
        yield ""
        yield (
            f"Ahead of every peer, NumPy included, on {sum(s > 1 for s in ahead)} of {len(ahead)} "
            f"rows; behind one by more than 5 % on {sum(s < 0.95 for s in ahead)}."
        )


def limit_lines(isa: str, limits: Limits) -> Iterator[str]:
    """What a machine can do at best, for reading."""
    threads = f"{limits.threads} thread" + "s" * (limits.threads > 1)
    yield f"{isa}, {threads}"
    for dtype, peak in limits.peak.items():
        yield (
            f"  {dtype:10} {peak:9.1f} GFLOP/s"
            if "float" in dtype
            else f"  {dtype:10} {peak:9.1f} GOP/s"
        )
    sizes = sorted(limits.bandwidth["read"])
    yield f"  {'GB/s':>10} {'held by':8}" + "".join(f"{kind:>14}" for kind in limits.bandwidth)
    for size in sizes:
        rates = "".join(f"{table[size]:14.1f}" for table in limits.bandwidth.values())
        yield f"  {size // 1024:7} KB {limits.level(size):8}{rates}"
