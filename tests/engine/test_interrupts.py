"""Ctrl-C while one long call runs."""

from __future__ import annotations

import pytest

from child_process import python
from sanitizers import unless_sanitized

pytestmark = unless_sanitized("one work item of these calls takes seconds")

#: Presses Ctrl-C while `work` runs, which would take minutes.
SETUP = """
import os, signal, sys, threading
import numpy as np
from fastcnn import _core, graph, ops, runtime
runtime.set_num_threads(2)
def interrupt(work, after=0.7):
    timer = threading.Timer(after, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        work()
    finally:
        timer.join()
def products(count):
    x = y = graph.placeholder((1536, 1536))
    for _ in range(count):
        y = ops.multiply(ops.matmul(y, x), 1 / 1536)
    return graph.compile([x], [y])
ones = np.ones((1536, 1536), np.float32)
"""


@pytest.mark.parametrize(
    "work",
    ["lambda: long(ones)", "lambda: runtime.peak(seconds=60)"],
    ids=["a program", "measuring"],
)
def test_a_long_call_is_interrupted(work: str) -> None:
    code = f"""{SETUP}
long, short = products(1000), products(2)
for _ in range(2):
    try:
        interrupt({work})
    except KeyboardInterrupt:
        pass
    else:
        sys.exit("not interrupted")
[y] = short(ones)
assert np.allclose(y, 1)
"""
    result = python(code)
    assert result.returncode == 0, result.stderr


def test_a_handler_that_raises_nothing_changes_nothing() -> None:
    code = f"""{SETUP}
seen = []
signal.signal(signal.SIGINT, lambda *_: seen.append(long(ones)[0]))  # calls what is interrupted
long = products(20)
def work():
    [y] = long(ones)
    assert np.allclose(y, 1)
interrupt(work, 0.1)
assert len(seen) == 1 and np.allclose(seen[0], 1)
"""
    result = python(code)
    assert result.returncode == 0, result.stderr


def test_interrupted_steps_leave_whole_weights() -> None:
    code = f"""{SETUP}
from fastcnn import layers, models
model = models.Sequential([layers.Input((1536,)), *[layers.Dense(1536) for _ in range(10)]])
model.compile("sgd", "mse")
x = np.zeros((1536, 1536), np.float32)  # only biases would change
before = [w.copy() for w in model.get_weights()]
y = np.ones((1536, 1536), np.float32)
def work():
    for _ in range(1000):
        before[:] = model.get_weights()
        model.train_on_batch(x, y)
try:
    interrupt(work, 1.5)
except KeyboardInterrupt:
    after = model.get_weights()
    changed = [not np.array_equal(a, b) for a, b in zip(before, after)]
    biases = [c for c, w in zip(changed, before) if w.ndim == 1]
    sys.exit(0 if len(set(biases)) == 1 else "some biases are new")
"""
    result = python(code, timeout=120)
    assert result.returncode == 0, result.stderr
