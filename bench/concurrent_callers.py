"""Several callers of one model at the same time.

Each caller is a Python thread that predicts with one thread of its own. Two of them should reach
together what two threads of the machine can: the rate of one, times how much two threads' peak is
of one's, both measured in the same run, in turns. Also counted: predictions that saw weights of two
different steps while a third thread replaced all weights over and over (there must be none), and
the memory that callers hold while they run and after it.

    python -m bench.concurrent_callers --rounds 5
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections.abc import Callable

import numpy as np

from fastcnn import applications, graph, layers, models, runtime

SECONDS = 1.0


def rate(callers: int, call: Callable[[], object]) -> float:
    """Calls a second of so many threads together."""
    counts = [0] * callers
    start, stop = threading.Barrier(callers + 1), threading.Event()

    def run(number: int) -> None:
        start.wait()
        while not stop.is_set():
            call()
            counts[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    start.wait()
    began = time.perf_counter()
    time.sleep(SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def mixed_predictions() -> tuple[int, int]:
    """How many of how many predictions saw weights of two different steps."""
    model = models.Sequential([layers.Input((64,)), *[layers.Dense(64) for _ in range(20)]])
    model.build()
    shapes = [w.shape for w in model.weights]
    # With all kernels f * identity and no bias, the output is f ** 20 times the input.

    def weights(factor: float) -> list[np.ndarray]:
        kernel = np.eye(64, dtype=np.float32) * factor
        return [kernel if len(shape) == 2 else np.zeros(shape, np.float32) for shape in shapes]

    choices = [weights(1.0), weights(2.0)]
    stop = threading.Event()

    def write() -> None:
        turn = 0
        while not stop.is_set():
            model.set_weights(choices[turn % 2])
            turn += 1

    writer = threading.Thread(target=write)
    model.set_weights(choices[0])
    writer.start()
    x = np.ones((1, 64), np.float32)
    mixed = total = 0
    end = time.perf_counter() + 2 * SECONDS
    while time.perf_counter() < end:
        total += 1
        mixed += float(model(x)[0, 0]) not in (1.0, 2.0**20)
    stop.set()
    writer.join()
    return mixed, total


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    model = applications.TextbookCNN(weights=None, input_shape=(32, 32, 3), classes=10)
    x = graph.placeholder((8, 32, 32, 3))
    f = graph.compile([x], [model(x)])
    value = np.random.default_rng(0).random((8, 32, 32, 3), np.float32)

    def call() -> object:
        return f(value, threads=1)

    call()
    shares = []
    print(runtime.describe())
    print("\none caller/s  two callers/s  gain  peak of 2 threads / 1  share")
    for _ in range(rounds):
        one, single = rate(1, call), runtime.peak(threads=1, seconds=0.3)
        two, double = rate(2, call), runtime.peak(threads=2, seconds=0.3)
        shares.append((two / one) / (double / single))
        print(f"{one:12.0f} {two:14.0f} {two / one:5.2f} {double / single:23.2f} {shares[-1]:6.2f}")
    print(f"median share {statistics.median(shares):.2f} (aim: 0.90)")
    runtime.release_arenas()
    rate(4, call)
    held = runtime.arena_use()
    runtime.release_arenas()
    print(
        f"four callers left {held.idle / 2**20:.2f} MB of arenas ({f.arena_bytes / 2**20:.2f} MB "
        f"each), {runtime.arena_use().idle} bytes after release_arenas()"
    )
    mixed, total = mixed_predictions()
    print(f"{mixed} of {total} predictions mixed weights of two steps")


if __name__ == "__main__":
    main()
