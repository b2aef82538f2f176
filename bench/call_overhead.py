"""What a call costs around its kernels, and from how much work on a second thread helps:
``python -m bench.call_overhead``.

The first table calls with arrays of a few numbers, so that next to nothing is computed: a median is
what checks, dispatch and the return of results cost. "core" is one call of a prepared Program.

The second table grows the work of an operation until one thread takes some tens to hundreds of
microseconds, and sets two threads beside it, in turns. ``gap`` is how long the caller does
something else between two calls, in microseconds: after a short one the second thread still looks
for work, after a long one it sleeps and has to be woken.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import numpy as np

import fastcnn
from bench.harness import Lines, machine
from fastcnn import graph, ops, runtime
from fastcnn.bench.timing import Timing, summary, turn

Call = Callable[[], object]

# Columns, channels or elements that make about so many microseconds of work on one thread.
SIZES = {
    "matmul": (40, 64, 88, 112, 144, 176, 232),
    "conv2d": (4, 6, 8, 11, 16, 22, 36),
    "relu": (40_000, 80_000, 160_000, 250_000, 400_000, 800_000),
}


def race(calls: Mapping[str, Call], *, turns: int, seconds: float) -> dict[str, Timing]:
    """What each call costs; they take turns, so what disturbs one disturbs all."""
    samples: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            samples[name] += turn(call, seconds)
    return {name: summary(taken) for name, taken in samples.items()}


def small_calls() -> dict[str, Call]:
    """Calls with next to no work."""
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
    """A call of a compiled graph of one operation."""
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
    end = time.perf_counter() + microseconds * 1e-6
    while time.perf_counter() < end:
        pass


def speed_up(call: Call, gap: float, rounds: int) -> tuple[float, float]:
    """Median seconds on one thread and on two; they change places every few calls."""
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
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument(
        "--gaps", type=float, nargs="*", default=[0, 20, 200], metavar="MICROSECONDS"
    )
    parser.add_argument("--rounds", type=int, default=60, help="of ten timed calls each")
    parser.add_argument("--ops", nargs="*", choices=sorted(SIZES), default=list(SIZES))
    Lines.add_option(parser)
    options = parser.parse_args()
    lines = Lines(as_json=options.json, case_width=22)
    lines.note(**machine(isa=runtime.isa()))
    for name, timing in race(small_calls(), turns=5, seconds=0.05).items():
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
