"""Compares the time of one 32x32 image through the textbook CNN with ONNX Runtime and PyTorch.

    python -m bench.predict_one [--threads 1 2] [--slices 15]

Small networks show the overhead around the kernels: ``predict_on_batch``, ``model(x)`` and
``predict`` are candidates of their own. Every candidate has a process of its own
(``bench.predict_runner``), which runs for slices of 0.12 s while all others are stopped. Libraries
that are not installed are left out with a line.

All get the same float32 image and the same weights, in the layout and with the preparation that
each prefers, which is not timed: PyTorch runs channels-last in inference mode, ONNX Runtime gets
channels first and packs its weights when it loads. Every answer is checked against NumPy in float64
before anything is timed. No call takes fresh pages from the system, so the allocator is the
system's for all.

Columns: median microseconds a call, spread, and the ratio to ONNX Runtime on as many threads.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from bench.harness import Lines, compare, machine
from fastcnn import reference
from fastcnn.bench.peer_process import MissingPeerError, Runner
from fastcnn.bench.timing import summary

PEERS = (
    "fastcnn:predict_on_batch",
    "fastcnn:call",
    "fastcnn:predict",
    "onnxruntime",
    "torch",
)  # fmt: skip


def textbook_weights(rng: np.random.Generator) -> list[np.ndarray]:
    """Draw kernels and biases of the five layers, in Keras' order and layout."""
    sizes = [(3, 3, 3, 32), (3, 3, 32, 64), (3, 3, 64, 128), (512, 128), (128, 10)]
    weights = []
    for size in sizes:
        scale = (2 / np.prod(size[:-1])) ** 0.5
        weights.append(rng.standard_normal(size, np.float32) * np.float32(scale))
        weights.append(rng.standard_normal(size[-1], np.float32) * np.float32(0.1))
    return weights


def expected(image: np.ndarray, weights: list[np.ndarray]) -> np.ndarray:
    """Return the network's answer in float64."""
    x = image.astype(np.float64)
    for kernel, bias in zip(weights[:6:2], weights[1:6:2]):
        x = reference.max_pool2d(reference.conv2d(x, kernel, bias, activation="relu"), 2)
    hidden = reference.dense(reference.flatten(x), *weights[6:8], activation="relu")
    return reference.softmax(reference.dense(hidden, *weights[8:]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--peers", nargs="+", default=PEERS, metavar="LIBRARY[:WAY]")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--slices", "--turns", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.12, help="length of a slice")
    Lines.add_option(parser)
    options = parser.parse_args()

    lines = Lines(as_json=options.json)
    lines.note(**machine())
    rng = np.random.default_rng(0)
    image, weights = rng.random((1, 32, 32, 3), np.float32), textbook_weights(rng)
    want = expected(image, weights)[0]
    runners: dict[str, Runner] = {}
    with tempfile.TemporaryDirectory() as folder:
        inputs = Path(folder) / "inputs.npz"
        np.savez(inputs, image=image, **{f"w{i}": w for i, w in enumerate(weights)})
        try:
            for threads in options.threads:
                for peer in options.peers:
                    library, _, way = peer.partition(":")
                    name = f"{peer}/{threads}"
                    command = ["-m", "bench.predict_runner", library, "--inputs", str(inputs)]
                    command += ["--threads", str(threads), "--way", way or "predict_on_batch"]
                    try:
                        runner = Runner(command, {"OMP_NUM_THREADS": str(threads)})
                    except MissingPeerError as reason:
                        lines.note(peer=name, skipped=str(reason))
                        continue
                    runners[name] = runner
                    # Probabilities after five layers of float32 sums.
                    np.testing.assert_allclose(runner.about["answer"], want, rtol=1e-4, atol=1e-6)
            candidates = {name: runner.time_slice for name, runner in runners.items()}
            samples = compare(candidates, slices=options.slices, seconds=options.seconds)
        finally:
            for runner in runners.values():
                runner.close()
    medians = {name: summary(taken).median for name, taken in samples.items()}
    for name, taken in samples.items():
        bar = medians.get(f"onnxruntime/{name.rpartition('/')[2]}", float("nan"))
        lines.row(
            case=name,
            call_us=medians[name] * 1e6,
            spread=summary(taken).spread,
            against_onnxruntime=medians[name] / bar,
        )


if __name__ == "__main__":
    main()
