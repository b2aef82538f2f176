"""Compiled graphs: order of updates, memory, copies, several outputs, errors."""

from __future__ import annotations

import threading

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, ops
from fastcnn.ops.optimizer.update import assign


def test_outputs_may_be_inputs_aliases_or_repeated(rng: np.random.Generator) -> None:
    x = graph.placeholder((2, 6))
    y = ops.relu(x)
    flat = ops.reshape(y, (12,))
    f = graph.compile([x], [x, y, flat, y])
    value = rng.standard_normal((2, 6), np.float32)
    got = f(value)
    positive = np.maximum(value, 0)
    for array, want in zip(got, [value, positive, positive.reshape(12), positive], strict=True):
        np.testing.assert_array_equal(array, want)
    assert len({id(array) for array in got}) == 4


def test_unused_inputs_are_allowed(rng: np.random.Generator) -> None:
    x, unused = graph.placeholder((3,)), graph.placeholder((5,))
    f = graph.compile([unused, x], [ops.relu(x)])
    value = rng.standard_normal(3).astype(np.float32)
    np.testing.assert_array_equal(f(np.zeros(5, np.float32), value)[0], np.maximum(value, 0))


def test_missing_placeholder_is_named() -> None:
    x, y = graph.placeholder((3,), name="images"), graph.placeholder((3,), name="weights")
    with pytest.raises(ValueError, match="placeholder 'weights', which is not among the inputs"):
        graph.compile([x], [x + y])


def test_wrong_arrays_are_refused() -> None:
    x = graph.placeholder((3,))
    f = graph.compile([x], [ops.relu(x)])
    with pytest.raises(ValueError, match=r"must have shape \(3,\), got \(4,\)"):
        f(np.zeros(4, np.float32))
    with pytest.raises(TypeError, match="must be float32, got float64"):
        f(np.zeros(3))


def test_reads_see_the_value_before_the_updates() -> None:
    a = fastcnn.Variable(np.float32(1))
    b = fastcnn.Variable(np.float32(10))
    swap = graph.compile(
        [], [a.tensor + 0.0], [assign(a, b.tensor + 0.0), assign(b, a.tensor + 0.0)]
    )
    (seen,) = swap()
    assert (seen, a.numpy(), b.numpy()) == (1, 10, 1)


def test_dead_inputs_are_overwritten_only_when_dead(rng: np.random.Generator) -> None:
    # A long chain with a value that is needed again at the end.
    x = graph.placeholder((64, 64))
    first = ops.exp(x)
    y = first
    for _ in range(6):
        y = ops.relu(y) + ops.sigmoid(y)
    f = graph.compile([x], [y + first])
    value = rng.standard_normal((64, 64), np.float32)
    want = first_value = np.exp(value.astype(np.float64))
    for _ in range(6):
        want = np.maximum(want, 0) + 1 / (1 + np.exp(-want))
    np.testing.assert_allclose(f(value)[0], want + first_value, rtol=1e-5)
    # Four values at most live at once.
    assert f.arena_bytes <= 4 * value.nbytes


def test_a_view_that_is_an_output_is_not_overwritten(rng: np.random.Generator) -> None:
    x = graph.placeholder((4, 4))
    y = ops.relu(x)
    # exp may take over memory that ends with it, but the caller still reads the view.
    f = graph.compile([x], [ops.reshape(y, (16,)), ops.negative(ops.exp(y))])
    value = rng.standard_normal((4, 4), np.float32)
    want = np.maximum(value, 0)
    view, other = f(value)
    np.testing.assert_array_equal(view, want.ravel())
    np.testing.assert_allclose(other, -np.exp(want), rtol=1e-6)


def test_an_input_that_is_reshaped_keeps_its_shape(rng: np.random.Generator) -> None:
    x = graph.placeholder((2, 3))
    f = graph.compile([x], [ops.square(ops.reshape(x, (6,)))])
    value = rng.standard_normal((2, 3), np.float32)
    np.testing.assert_array_equal(f(value)[0], np.square(value).ravel())


def test_memory_is_not_reused_across_dtypes() -> None:
    """int64 (n,) and float32 (2, n) fill the same bytes, but not in step."""
    scores = graph.placeholder((8, 3))
    labels = ops.argmax(scores, axis=-1)
    classes = np.array([[0], [1]])
    f = graph.compile([scores], [ops.equal(labels, classes) * 3.0])
    value = np.eye(3, dtype=np.float32)[[0, 1, 2, 1, 0, 2, 1, 0]]
    np.testing.assert_array_equal(f(value)[0], 3.0 * (value.argmax(1) == classes))


def test_results_of_updates_are_not_read() -> None:
    v = fastcnn.Variable(np.float32(1))
    done = assign(v, v.tensor + 1.0)
    with pytest.raises(ValueError, match="reads the result of the update of 'variable'"):
        graph.compile([], [done * 2.0], [done])
    with pytest.raises(ValueError, match="update of 'variable' is not among the updates"):
        graph.compile([], [done * 2.0])


def test_concurrent_runs_do_not_share_memory(rng: np.random.Generator) -> None:
    x = graph.placeholder((32, 32))
    f = graph.compile([x], [ops.matmul(ops.relu(x), ops.exp(x))])
    inputs = [rng.standard_normal((32, 32), np.float32) for _ in range(4)]
    want = [f(value)[0] for value in inputs]
    wrong: list[int] = []

    def work(i: int) -> None:
        for _ in range(200):
            if not np.array_equal(f(inputs[i])[0], want[i]):
                wrong.append(i)

    workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_readers_see_finished_updates_only() -> None:
    """A program that doubles a variable twice never shows the value between."""
    v = fastcnn.Variable(np.ones(20000, np.float32))
    w = fastcnn.Variable(np.ones(20000, np.float32))
    step = graph.compile([], [], [assign(v, v.tensor + 1.0), assign(w, w.tensor + 1.0)])
    look = graph.compile([], [v.tensor + 0.0, w.tensor + 0.0])
    stop = threading.Event()
    torn: list[tuple[float, float]] = []

    def read() -> None:
        while not stop.is_set():
            a, b = look()
            if a.min() != a.max() or b.min() != b.max() or a[0] != b[0]:
                torn.append((float(a[0]), float(b[0])))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(300):
        step()
    stop.set()
    reader.join()
    assert not torn
    assert v.numpy()[0] == 301


def test_profile_names_every_step(rng: np.random.Generator) -> None:
    x = graph.placeholder((8, 8))
    function = graph.compile([x], [ops.exp(ops.relu(ops.matmul(x, x)) + x)])
    profile = function.profile(rng.standard_normal((8, 8), np.float32))
    assert [row.op for row in profile.rows] == ["matmul", "fused_elementwise"]
    assert all(row.seconds > 0 for row in profile.rows)
    with pytest.warns(DeprecationWarning, match="read its rows"):
        (product, _) = profile
    assert product == ("matmul", "(8, 8) (8, 8)", profile.rows[0].milliseconds)


def test_large_results_begin_on_a_cache_line() -> None:
    x = graph.placeholder((512, 1024))
    function = graph.compile([x], [ops.relu(x)])
    value = np.ones((512, 1024), np.float32)
    for _ in range(3):
        (result,) = function(value)
        assert result.ctypes.data % 64 == 0
        assert result.flags.c_contiguous
        assert result.flags.writeable
