"""What a step of training costs, everything counted, beside PyTorch and Keras.

    python -m bench.fit_cifar10 [--peers fastcnn torch+tcmalloc keras] [--turns 7]

The textbook CNN on CIFAR-10 (from ``$FASTCNN_DATA_DIR``, else noise of that shape), batch 32,
Adam. Each peer trains in a process of its own (``bench.fit_runner``); they take turns of one epoch
over ``--images`` images, all others stopped meanwhile, so that one run gives fair ratios. PyTorch
runs channels-last with its fused Adam; ``+tcmalloc`` preloads that allocator, without which fresh
buffers cost PyTorch much of its speed. Peers that are not installed are left out with a line.

Columns: median milliseconds a step, spread over the turns, images a second, and how many times
faster fastcnn is.
"""

from __future__ import annotations

import argparse

from bench.harness import Lines, machine
from fastcnn.bench.relay import MissingPeerError, Runner, find_tcmalloc, race
from fastcnn.bench.timing import summary

PEERS = ("fastcnn", "torch+tcmalloc", "torch", "keras", "keras+tcmalloc")


def start(peer: str, images: int, batch: int, threads: int) -> Runner:
    """A runner that has trained its first epoch."""
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
    parser.add_argument("--turns", type=int, default=7)
    parser.add_argument("--images", type=int, default=9600, help="images in an epoch, one turn")
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
        steps = {
            peer: summary(samples)
            for peer, samples in race(runners, turns=options.turns, seconds=0).items()
        }
    finally:
        for runner in runners.values():
            runner.close()
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
