"""Compares whole networks, inference and training, with other libraries.

    python -m bench.nets [WORKLOAD ...] [--threads 1 2] [--output nets.jsonl] [--picture nets.png]

Every library that is installed computes the same network with the same weights
(``bench.net_runner`` says how), in a process of its own, in slices of ``--seconds`` while all
others are stopped. Before anything is timed, answers are compared with fastcnn's: logits of
inference, the loss of the first training step. ``+tcmalloc`` preloads that allocator, without which
page faults of fresh buffers slow PyTorch down; fastcnn runs with the system's. ncnn takes one image
at a time, and only PyTorch and Keras train. Without ``WORKLOAD`` all are measured; ``--list`` names
them.

Columns: median milliseconds a call, spread (from the 10th to the 90th percentile, over the median),
and how many times as long as fastcnn it takes. ``openvino_default`` computes in bfloat16 where the
processor can, so its answers may differ by a fifth, in the root mean square over those of a network
with random weights; those of ncnn may differ by three thousandths, of all others by one.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from bench.harness import Lines, compare, machine
from bench.net_workloads import WORKLOADS
from fastcnn.bench.peer_process import MissingPeerError, Runner, find_tcmalloc
from fastcnn.bench.timing import summary

PEERS = (
    "fastcnn",
    "torch+tcmalloc",
    "torch",
    "keras",
    "onnxruntime",
    "openvino",
    "openvino_default",
    "ncnn",
)
#: Those that train, and those that take one image at a time.
TRAIN = {"fastcnn", "torch+tcmalloc", "torch", "keras"}
ONE_IMAGE = {"ncnn"}
#: Largest difference of answers, over the answer; both as root mean squares.
TOLERANCE = 1e-3
#: ncnn transforms tiles of 8x8 pixels (Winograd F(6x6)), which rounds more.
LOOSER = {"openvino_default": 0.2, "ncnn": 3e-3}
NOT_FLOAT32 = {"openvino_default"}


def start(peer: str, workload: str, threads: int) -> Runner:
    """Return a process that has made its first call.

    Raises:
        MissingPeerError: It cannot take part; says why.
    """
    library, _, allocator = peer.partition("+")
    environment = {"OMP_NUM_THREADS": str(threads)}
    if allocator:
        tcmalloc = find_tcmalloc()
        if tcmalloc is None:
            raise MissingPeerError("tcmalloc is not installed (Debian: libtcmalloc-minimal4)")
        environment["LD_PRELOAD"] = str(tcmalloc)
    command = ["-m", "bench.net_runner", library, "--workload", workload]
    return Runner([*command, "--threads", str(threads)], environment)


def check(peer: str, answer: object, expected: np.ndarray) -> None:
    """Raises:
    AssertionError: The answer is another one.
    """
    difference = np.asarray(answer, np.float64) - expected
    error = float(np.sqrt((difference**2).mean() / (expected**2).mean()))
    most = LOOSER.get(peer, TOLERANCE)
    assert error <= most, f"{peer}'s answer differs by {error:.2g} of it, expected {most:g} at most"


def measure(
    workload: str, threads: int, peers: list[str], slices: int, seconds: float, lines: Lines
) -> list[dict[str, object]]:
    """Print and return a row for each peer that takes part; fastcnn must come first."""
    runners: dict[str, Runner] = {}
    expected = None
    try:
        for peer in peers:
            work = WORKLOADS[workload]
            if (work.train and peer not in TRAIN) or (work.batch > 1 and peer in ONE_IMAGE):
                continue
            try:
                runner = start(peer, workload, threads)
            except MissingPeerError as reason:
                lines.note(workload=workload, peer=peer, skipped=str(reason))
                continue
            runners[peer] = runner
            if expected is None:
                expected = np.asarray(runner.about["answer"], np.float64)
            check(peer, runner.about["answer"], expected)
        candidates = {peer: runner.time_slice for peer, runner in runners.items()}
        samples = compare(candidates, slices=slices, seconds=seconds)
    finally:
        for runner in runners.values():
            runner.close()
    taken = {peer: summary(times) for peer, times in samples.items()}
    ours = taken["fastcnn"].median
    rows = []
    for peer, times in taken.items():
        row: dict[str, object] = {
            "case": f"{workload} {peer}",
            "threads": threads,
            "ms": times.median * 1e3,
            "spread": times.spread,
            "times_fastcnn": times.median / ours,
        }
        lines.row(**row)
        rows.append({**row, "workload": workload, "peer": peer})
    return rows


def table(rows: list[dict[str, object]]) -> str:
    """The results in Markdown: a line for each workload, peers as multiples of fastcnn's time."""
    peers = [peer for peer in PEERS[1:] if any(row["peer"] == peer for row in rows)]
    out = [
        "| network | threads | fastcnn, ms | " + " | ".join(peers) + " | best in float32 |",
        "| --- " * (len(peers) + 4) + "|",
    ]
    for workload, threads in dict.fromkeys((row["workload"], row["threads"]) for row in rows):
        here = {
            str(row["peer"]): row
            for row in rows
            if (row["workload"], row["threads"]) == (workload, threads)
        }
        ratios = {peer: float(str(row["times_fastcnn"])) for peer, row in here.items()}
        cells = [f"{ratios[peer]:.2f}" if peer in ratios else "" for peer in peers]
        exact = [peer for peer in ratios if peer not in {"fastcnn", *NOT_FLOAT32}]
        best = min(exact, key=ratios.__getitem__, default=None)
        out.append(
            f"| {workload} | {threads} | {float(str(here['fastcnn']['ms'])):.3g} | "
            + " | ".join(cells)
            + f" | {'' if best is None else f'{best} {ratios[best]:.2f}'} |"
        )
    return "\n".join(out)


def draw(rows: list[dict[str, object]], path: Path, threads: int, cpu: str) -> None:
    """A bar for each peer and workload: its time over fastcnn's, logarithmic."""
    from matplotlib.figure import Figure

    rows = [row for row in rows if row["threads"] == threads and row["peer"] != "fastcnn"]
    workloads = list(dict.fromkeys(str(row["workload"]) for row in rows))
    peers = [peer for peer in PEERS[1:] if any(row["peer"] == peer for row in rows)]
    figure = Figure(figsize=(10, 0.42 * len(workloads) + 2), layout="constrained")
    axes = figure.add_subplot()
    height = 0.8 / len(peers)
    for number, peer in enumerate(peers):
        found = {str(r["workload"]): float(str(r["times_fastcnn"])) for r in rows
                 if r["peer"] == peer}  # fmt: skip
        at = [place for place, workload in enumerate(workloads) if workload in found]
        widths = [np.log2(found[workloads[place]]) for place in at]
        where = [place + (number - (len(peers) - 1) / 2) * height for place in at]
        axes.barh(where, widths, height, label=peer)
    axes.axvline(0, color="black", linewidth=1)
    axes.set_yticks(range(len(workloads)), workloads)
    axes.invert_yaxis()
    low, high = np.floor(axes.get_xlim()[0]), np.ceil(axes.get_xlim()[1])
    marks = np.arange(low, high + 1)
    axes.set_xticks(marks, [f"{2**mark:g}" for mark in marks])
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("time of the library over fastcnn's (right of 1: fastcnn is faster)")
    axes.set_title(f"Whole networks, float32, {threads} threads, {cpu}", fontsize=11)
    figure.legend(loc="outside lower center", ncols=4, fontsize=9)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="default: all")
    parser.add_argument("--list", action="store_true", help="name the workloads")
    parser.add_argument("--peers", nargs="+", default=list(PEERS), choices=PEERS)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--slices", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=0.12, help="length of a slice")
    parser.add_argument("--output", type=Path, help="JSON lines; rows that it has are kept")
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--table", action="store_true", help="print the results in Markdown")
    Lines.add_option(parser)
    options = parser.parse_args()
    if options.list:
        print("\n".join(WORKLOADS))
        return
    for name in options.workloads:
        if name not in WORKLOADS:
            parser.error(f"no workload is called {name!r}; --list names them")
    lines = Lines(as_json=options.json, case_width=40)
    about = machine()
    lines.note(**about)
    rows: list[dict[str, object]] = []
    if options.output and options.output.exists():
        rows = [json.loads(line) for line in options.output.read_text().splitlines()]
    have = {(row["workload"], row["threads"]) for row in rows}
    peers = ["fastcnn", *(peer for peer in options.peers if peer != "fastcnn")]
    for workload in options.workloads or WORKLOADS:
        for threads in options.threads:
            if (workload, threads) in have:
                continue
            found = measure(workload, threads, peers, options.slices, options.seconds, lines)
            rows += found
            if options.output:
                with options.output.open("a") as file:
                    file.writelines(json.dumps(row) + "\n" for row in found)
    if options.table:
        print(table(rows))
    if options.picture:
        draw(rows, options.picture, max(options.threads), str(about["cpu"]))


if __name__ == "__main__":
    main()
