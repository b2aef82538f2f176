"""Measures the overhead of a call, and how much work it takes for a second thread to pay off.

    python -m bench.call_overhead

The first table calls operations on arrays of a few numbers, which take next to no time to compute:
the median is the cost of checks, dispatch and returning results. "core" is one call of a compiled
Program.

The second table increases the work of an operation until one thread takes tens to hundreds of
microseconds, and compares one thread with two. ``gap`` is how long the caller does something else
between two calls, in microseconds: after a short gap the second thread is still spinning, after a
long one it sleeps and has to be woken.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np

import fastcnn
from bench.harness import Lines, compare, machine
from fastcnn import graph, ops, runtime
from fastcnn.bench.timing import summary, time_slice

Call = Callable[[], object]

# Columns, channels or elements, from little work to a few hundred microseconds on one thread.
SIZES = {
    "matmul": (40, 64, 88, 112, 144, 176, 232),
    "conv2d": (4, 6, 8, 11, 16, 22, 36),
    "relu": (40_000, 80_000, 160_000, 250_000, 400_000, 800_000),
}


def small_calls() -> dict[str, Call]:
    """Return calls that compute next to nothing."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((1, 4, 4, 2), np.float32)
    kernel = rng.standard_normal((3, 3, 2, 2), np.float32)
    bias = np.zeros(2, np.float32)
    a = rng.standard_normal((4, 4), np.float32)
    tensor = graph.placeholder((4, 4))
    function = graph.compile([tensor], [ops.relu(tensor)])
    out = [np.empty((4, 4), np.float32)]
    model = fastcnn.Sequential(
        [
            fastcnn.Input((4, 4, 2)),
            fastcnn.layers.Conv2D(2, 3, activation="relu"),
            fastcnn.layers.Flatten(),
            fastcnn.layers.Dense(2, activation="softmax"),
        ]
    )
    return {
        "core": lambda: function.run_into([a], out),
        "graph function": lambda: function(a),
        "ops.relu(x)": lambda: ops.relu(x),
        "ops.matmul(a, b)": lambda: ops.matmul(a, a),
        "ops.conv2d(x, k, b)": lambda: ops.conv2d(x, kernel, bias),
        "ops.max_pool2d(x, 2)": lambda: ops.max_pool2d(x, 2),
        "model(x)": lambda: model(x),
        "predict_on_batch(x)": lambda: model.predict_on_batch(x),
        "predict(x)": lambda: model.predict(x, verbose=0),
    }


def sized_call(op: str, size: int) -> Call:
    """Return a call of a compiled graph of one operation."""
    rng = np.random.default_rng(0)
    if op == "relu":
        tensors = [graph.placeholder((size,))]
        result = ops.relu(*tensors)
    elif op == "matmul":
        tensors = [graph.placeholder((size, 256)), graph.placeholder((256, size))]
        result = ops.matmul(*tensors)
    else:
        tensors = [graph.placeholder((1, size, size, 64)), graph.placeholder((3, 3, 64, 64))]
        result = ops.conv2d(*tensors, padding="same")
    function = graph.compile(tensors, [result])
    arrays = [rng.standard_normal(tensor.shape, np.float32) for tensor in tensors]
    out = [np.empty(result.shape, np.float32)]
    return lambda: function.run_into(arrays, out)


def wait(microseconds: float) -> None:
    """Keep the core busy for a while, as a caller that does something else."""
    end = time.perf_counter() + microseconds * 1e-6
    while time.perf_counter() < end:
        pass


def speed_up(call: Call, gap: float, rounds: int) -> tuple[float, float]:
    """Return the median seconds on one thread and on two, measured alternately."""
    samples: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for threads, taken in samples.items():
            runtime.set_num_threads(threads)
            for number in range(12):
                wait(gap)
                start = time.perf_counter()
                call()
                if number >= 2:
                    taken.append(time.perf_counter() - start)
    runtime.set_num_threads(None)
    return statistics.median(samples[1]), statistics.median(samples[2])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--gaps", type=float, nargs="*", default=[0, 20, 200], metavar="MICROSECONDS"
    )
    parser.add_argument("--rounds", type=int, default=60, help="of ten timed calls each")
    parser.add_argument("--ops", nargs="*", choices=sorted(SIZES), default=list(SIZES))
    Lines.add_option(parser)
    options = parser.parse_args()
    lines = Lines(as_json=options.json, case_width=22)
    lines.note(**machine(isa=runtime.isa()))
    small = {name: partial(time_slice, call) for name, call in small_calls().items()}
    for name, samples in compare(small, slices=5, seconds=0.05).items():
        timing = summary(samples)
        lines.row(case=name, microseconds=timing.median * 1e6, spread=timing.spread)
    for op in options.ops:
        for size in SIZES[op]:
            call = sized_call(op, size)
            for gap in options.gaps:
                one, two = speed_up(call, gap, options.rounds)
                lines.row(
                    case=f"{op} {size}",
                    gap=gap,
                    one_thread=one * 1e6,
                    two_threads=two * 1e6,
                    speed_up=one / two,
                )


if __name__ == "__main__":
    main()
