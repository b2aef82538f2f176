"""Threads that call at the same time, at the interpreter's exit, and around a fork."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
import pytest

from child_process import python
from fastcnn import _core, ops

survives_fork = pytest.mark.skipif(
    _core.threads_from() == "OpenMP", reason="OpenMP's runtime does not survive fork"
)


def test_two_threads_may_call_at_once(rng: np.random.Generator) -> None:
    x = rng.standard_normal((4, 20, 20, 8), np.float32)
    k = rng.standard_normal((3, 3, 8, 24), np.float32)
    want = ops.conv2d(x, k)
    wrong: list[int] = []

    def work() -> None:
        for i in range(50):
            if not np.array_equal(ops.conv2d(x, k), want):
                wrong.append(i)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


@survives_fork
def test_a_forked_child_works() -> None:
    code = """
import os, sys
import numpy as np
from fastcnn import _core, ops, runtime
runtime.set_num_threads(3)
x = np.random.default_rng(0).standard_normal((8, 32, 32, 16), np.float32)
k = np.ones((3, 3, 16, 32), np.float32)
want = ops.conv2d(x, k)
child = os.fork()
if child == 0:
    same = np.array_equal(ops.conv2d(x, k), want)
    os._exit(0 if same else 1)
_, status = os.waitpid(child, 0)
assert np.array_equal(ops.conv2d(x, k), want)
sys.exit(os.waitstatus_to_exitcode(status))
"""
    result = python(code)
    assert result.returncode == 0, result.stderr


#: What daemon threads do again and again while the main thread exits.
ENDLESS_CALLS = {
    "a kernel": "ops.matmul(x, x)",
    "a training step": "model.train_on_batch(x, x)",
    "reading a Variable": "model.weights[0].numpy()",
    "assigning a Variable": "model.weights[0].assign(w)",
    "measuring": "runtime.peak(seconds=1e-3)",
}


@pytest.mark.parametrize("call", ENDLESS_CALLS.values(), ids=ENDLESS_CALLS)
def test_daemon_threads_inside_calls_do_not_disturb_the_exit(call: str) -> None:
    code = f"""
import sys, threading, time
import numpy as np
from fastcnn import layers, models, ops, runtime
x = np.ones((64, 200), np.float32)[:, :64].copy()
model = models.Sequential([layers.Input((64,)), layers.Dense(64)])
model.compile("sgd", "mse")
w = model.weights[0].numpy()
begun = threading.Semaphore(0)
def work():
    while True:
        {call}
        begun.release()
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
for _ in range(8):
    begun.acquire()
sys.exit(5)
"""
    for _ in range(3):
        result = python(code)
        assert result.returncode == 5, result.stderr


def test_one_scope_gives_the_gil_away() -> None:
    sources = Path(__file__).parents[2] / "csrc"
    users = {
        path.name
        for path in sources.rglob("*")
        if path.suffix in (".cpp", ".h")
        and re.search(r"gil_scoped_release|PyEval_SaveThread|ALLOW_THREADS", path.read_text())
    }
    assert users == {"released_gil.cpp"}


@survives_fork
def test_children_forked_while_threads_are_inside_calls_work() -> None:
    code = """
import itertools, os, signal, sys, threading
import numpy as np
from fastcnn import layers, models, ops, runtime
runtime.set_num_threads(2)
x = np.random.default_rng(0).standard_normal((64, 64), np.float32)
numbers = itertools.count(1)
def network():
    model = models.Sequential([layers.Input((64,)), layers.Dense(64)])
    model.compile("sgd", "mse")
    return model
shared = network()
def train():
    shared.train_on_batch(x, x)
def predict():
    shared.predict_on_batch(x)
def assign():
    shared.set_weights(shared.get_weights())
def build():
    network().train_on_batch(x, x)
def compile_new():
    ops.matmul(x, np.ones((64, next(numbers)), np.float32))
def repeat(work):
    while True:
        work()
def child():
    signal.alarm(20)  # ends a child that hangs
    for work in (train, predict, assign, build, compile_new):
        work()
    same = np.array_equal(ops.matmul(x, x), want)
    os._exit(0 if same and np.isfinite(shared.get_weights()[0]).all() else 1)
want = ops.matmul(x, x)
for work in (train, predict, assign, build, compile_new, train):
    work()
    threading.Thread(target=repeat, args=(work,), daemon=True).start()
for _ in range(60):
    process = os.fork()
    if process == 0:
        try:
            child()
        finally:
            os._exit(2)
    _, status = os.waitpid(process, 0)
    if status != 0:
        sys.exit(f"child: {os.waitstatus_to_exitcode(status)}")
sys.exit(3)
"""
    result = python(code, timeout=120)
    assert result.returncode == 3, result.stderr


@survives_fork
def test_a_layer_that_another_thread_was_building_is_built_in_the_child() -> None:
    code = """
import os, sys, threading
import numpy as np
from fastcnn import layers
begun = threading.Event()
class Slow(layers.Layer):
    def build(self, shape):
        self.a = self.add_weight((shape[-1],), "ones", name="a")
        if threading.current_thread() is not threading.main_thread():
            begun.set()
            threading.Event().wait()
        self.b = self.add_weight((shape[-1],), "ones", name="b")
    def call(self, x):
        return x * self.a + self.b
layer = Slow()
x = np.ones((2, 3), np.float32)
threading.Thread(target=layer, args=(x,), daemon=True).start()
begun.wait()
child = os.fork()
if child == 0:
    y = layer(x)
    os._exit(0 if (y == 2).all() and [w.name for w in layer.weights] == ["slow/a", "slow/b"] else 1)
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
"""
    result = python(code)
    assert result.returncode == 0, result.stderr
