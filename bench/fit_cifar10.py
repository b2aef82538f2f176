"""Compares the time of a training step, everything included, with PyTorch and Keras.

    python -m bench.fit_cifar10 [--peers fastcnn torch+tcmalloc keras] [--slices 7]

The textbook CNN on CIFAR-10 (from ``$FASTCNN_DATA_DIR``, else noise of that shape), batch 32,
Adam. Each candidate trains in a process of its own (``bench.fit_runner``), one epoch of
``--images`` images at a time while all others are stopped, so that one run gives fair ratios.

All train on the same images in float32. Weights and order are each library's own and unseeded: the
time of a step does not depend on them. PyTorch runs channels-last with its fused Adam, and unlike
the other two it need not compute the accuracy. ``+tcmalloc`` preloads that allocator, without which
page faults of fresh buffers slow PyTorch down; fastcnn runs with the system's. Libraries that are
not installed are left out with a line.

Columns: median milliseconds a step, spread over the slices (from the 10th to the 90th percentile,
over the median), images a second, and how many times as long as fastcnn it takes.
"""

from __future__ import annotations

import argparse

from bench.harness import Lines, compare, machine
from fastcnn.bench.peer_process import MissingPeerError, Runner, find_tcmalloc
from fastcnn.bench.timing import summary

PEERS = ("fastcnn", "torch+tcmalloc", "torch", "keras", "keras+tcmalloc")


def start(peer: str, images: int, batch: int, threads: int) -> Runner:
    """Return a process that has trained its first epoch."""
    library, _, allocator = peer.partition("+")
    environment = {"OMP_NUM_THREADS": str(threads)}
    if allocator:
        tcmalloc = find_tcmalloc()
        if tcmalloc is None:
            raise MissingPeerError("tcmalloc is not installed (Debian: libtcmalloc-minimal4)")
        environment["LD_PRELOAD"] = str(tcmalloc)
    sizes = ["--images", images, "--batch", batch, "--threads", threads]
    return Runner(["-m", "bench.fit_runner", library, *map(str, sizes)], environment)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", nargs="+", default=PEERS, metavar="LIBRARY[+tcmalloc]")
    parser.add_argument("--slices", "--turns", type=int, default=7, help="epochs that count")
    parser.add_argument("--images", type=int, default=9600, help="images in an epoch")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    Lines.add_option(parser)
    options = parser.parse_args()

    lines = Lines(as_json=options.json)
    lines.note(**machine(threads=options.threads))
    runners: dict[str, Runner] = {}
    try:
        for peer in options.peers:
            try:
                runners[peer] = start(peer, options.images, options.batch, options.threads)
                lines.note(peer=peer, **runners[peer].about)
            except MissingPeerError as reason:
                lines.note(peer=peer, skipped=str(reason))
        candidates = {peer: runner.time_slice for peer, runner in runners.items()}
        # A slice is an epoch, however long it takes.
        samples = compare(candidates, slices=options.slices, seconds=0)
    finally:
        for runner in runners.values():
            runner.close()
    steps = {peer: summary(taken) for peer, taken in samples.items()}
    for peer, step in steps.items():
        ours = steps.get("fastcnn")
        lines.row(
            case=peer,
            step_ms=step.median * 1e3,
            spread=step.spread,
            images_per_s=options.batch / step.median,
            fastcnn_is_faster=step.median / ours.median if ours else float("nan"),
        )


if __name__ == "__main__":
    main()
