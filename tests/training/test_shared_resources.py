"""What calls of one process share: arenas, Programs, and weights between steps."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, layers, models, ops, runtime
from fastcnn.graph.compile_cache import CompileCache
from fastcnn.graph.variable import assign_all, values_of


def heavy(rows: int = 512) -> graph.Function:
    x = graph.placeholder((rows, 512))
    y = x
    for _ in range(3):
        y = ops.tanh(ops.matmul(y, np.eye(512, dtype=np.float32)))
    return graph.compile([x], [ops.sum(y)])


def test_arenas_are_shared_and_given_back() -> None:
    functions = [heavy(512), heavy(500), heavy(300)]
    runtime.release_arenas()
    assert runtime.arena_use() == (0, 0)
    largest = max(f.arena_bytes for f in functions)
    for f in functions * 2:
        f(np.ones(f.inputs[0].shape, np.float32))
    use = runtime.arena_use()
    assert use.in_use == 0
    assert largest <= use.idle < 1.5 * largest

    barrier = threading.Barrier(4)

    def call() -> None:
        barrier.wait()
        for _ in range(5):
            functions[0](np.ones((512, 512), np.float32))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    use = runtime.arena_use()
    assert use.in_use == 0
    assert use.idle < 4.5 * largest
    runtime.release_arenas()
    assert runtime.arena_use() == (0, 0)


def test_a_call_and_predict_share_a_program(rng: np.random.Generator) -> None:
    model = models.Sequential([layers.Input((8,)), layers.Dense(4), layers.Dense(2)])
    x = rng.standard_normal((3, 8), np.float32)
    y = model(x)
    assert len(model.programs) == 1
    np.testing.assert_array_equal(model.predict(x, verbose=0), y)
    assert len(model.programs) == 1
    assert model(x, training=True).shape == (3, 2)
    with pytest.raises(ValueError, match="8"):
        model(rng.standard_normal((3, 7), np.float32))


def test_layers_that_are_random_in_prediction_too(rng: np.random.Generator) -> None:
    i = layers.Input((64,))
    model = models.Model(i, layers.Dropout(0.5)(i, training=True))
    x = np.ones((2, 64), np.float32)
    for run in (lambda: model.predict(x, verbose=0), lambda: model(x)):
        first, second = run(), run()
        assert 0 < (first == 0).mean() < 1
        assert not np.array_equal(first, second)


def test_a_known_shape_does_not_wait_for_another() -> None:
    cache: CompileCache[str] = CompileCache()
    cache.get("known", lambda: "there")
    begun, finish = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        assert finish.wait(10)
        return "made"

    results: list[str] = []
    threads = [
        threading.Thread(target=lambda: results.append(cache.get("new", slow))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    assert cache.get("known", lambda: "never") == "there"
    assert cache.find("known") == "there"
    assert cache.get("other", lambda: "other") == "other"
    finish.set()
    for thread in threads:
        thread.join(10)
    assert results == ["made"] * 3
    assert len(cache) == 3


def test_who_waits_gets_the_error_too_and_the_next_call_tries_again() -> None:
    cache: CompileCache[int] = CompileCache()
    begun, finish = threading.Event(), threading.Event()

    def fails() -> int:
        begun.set()
        assert finish.wait(10)
        raise ValueError("no such thing")

    errors: list[str] = []

    def ask() -> None:
        try:
            cache.get("key", fails)
        except ValueError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    threads[0].start()
    assert begun.wait(10)
    threads[1].start()
    time.sleep(0.05)
    finish.set()
    for thread in threads:
        thread.join(10)
    assert errors == ["no such thing"] * 2
    assert cache.get("key", lambda: 1) == 1


def test_making_may_ask_for_what_is_being_made() -> None:
    cache: CompileCache[int] = CompileCache()
    assert cache.get("a", lambda: 1 + cache.get("a", lambda: 1)) == 2


def test_threads_of_one_call() -> None:
    f = heavy()
    x = np.ones((512, 512), np.float32)
    (want,) = f(x)
    for threads in (1, 2, 3):
        np.testing.assert_array_equal(f(x, threads=threads)[0], want)
    with pytest.raises(ValueError, match="at most 256 threads"):
        f(x, threads=1000)


class Steps:
    """A step that adds 1 to each of many weights, over and over in another thread."""

    def __init__(self) -> None:
        self.weights = [fastcnn.Variable(np.zeros(2000, np.float32)) for _ in range(60)]
        updates = [ops.assign(w, ops.add(w.tensor, 1.0)) for w in self.weights]
        self.step = graph.compile([], [], updates)
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self.stop.is_set():
            self.step()

    def __enter__(self) -> Steps:
        self.thread.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop.set()
        self.thread.join()


def test_values_are_those_of_one_step() -> None:
    with Steps() as steps:
        for _ in range(200):
            values = values_of(steps.weights)
            assert len({float(value[0]) for value in values}) == 1


def test_all_values_are_assigned_at_once() -> None:
    weights = [fastcnn.Variable(np.zeros(2000, np.float32)) for _ in range(60)]
    total = graph.compile([], [ops.concatenate([w.tensor[:1] for w in weights])])
    done = threading.Event()

    def write() -> None:
        for number in range(300):
            assign_all(weights, [np.full(2000, number, np.float32)] * len(weights))
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert len(set(total()[0].tolist())) == 1
    writer.join()
    with pytest.raises(ValueError, match="must have shape"):
        assign_all(weights[:2], [np.ones(2000), np.ones(3)])
    assert weights[0].numpy()[0] == 299


def test_a_file_holds_one_step(tmp_path: Any, rng: np.random.Generator) -> None:
    model = models.Sequential([layers.Input((4,)), *[layers.Dense(4) for _ in range(20)]])
    model.compile("sgd", "mse")
    for weight in model.weights:
        weight.assign(np.zeros(weight.shape))
    stop = threading.Event()
    updates = [ops.assign(w, ops.add(w.tensor, 1.0)) for w in model.weights]
    step = graph.compile([], [], updates)

    def run() -> None:
        while not stop.is_set():
            step()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        for number in range(10):
            path = tmp_path / f"{number}.safetensors"
            model.save(path)
            saved = fastcnn.load(path).get_weights()
            assert len({float(value.flat[0]) for value in saved}) == 1
    finally:
        stop.set()
        thread.join()
