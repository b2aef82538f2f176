"""Updates of Variables against their formulas in float64, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from fastcnn import Variable, graph, ops, runtime
from fastcnn.testing import EPSILON, TINY, assert_within

# A scalar, a tail, and more than one work item.
SHAPES = [(), (0, 3), (7,), (5, 33), (3, 11, 1031)]


def state(rng: np.random.Generator, shape: tuple[int, ...], count: int) -> list[np.ndarray]:
    return [np.asarray(rng.standard_normal(shape), np.float32) for _ in range(count)]


def update(
    build: Callable[..., graph.Tensor],
    variables: Sequence[np.ndarray],
    *inputs: np.ndarray,
) -> list[np.ndarray]:
    """The Variables after one update, ``build(*variables, *placeholders)``."""
    held = [Variable(value) for value in variables]
    tensors = [graph.placeholder(value.shape, value.dtype) for value in inputs]
    graph.compile(tensors, [], [build(*held, *tensors)])(*inputs)
    return [variable.numpy() for variable in held]


def exact(*arrays: np.ndarray) -> list[np.ndarray]:
    return [np.asarray(array, np.float64) for array in arrays]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8"])
def test_assign(shape, dtype, rng):
    old, new = (rng.integers(0, 99, shape).astype(dtype) for _ in range(2))
    (got,) = update(ops.assign, [old], new)
    np.testing.assert_array_equal(got, new)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("momentum", [0.0, 0.9, 0.99, 1.0])
def test_moving_average(shape, momentum, isa, rng):
    old, value = state(rng, shape, 2)
    (got,) = update(lambda v, x: ops.assign_moving_average(v, x, momentum), [old], value)
    a, b = exact(old, value)
    # Two factors, two products and a sum round.
    bound = 2 * EPSILON * (abs(a) * momentum + abs(b) * (1 - momentum)) + TINY
    assert_within(got, a * momentum + b * (1 - momentum), bound)


def test_threads_make_no_difference(isa, thread_counts, rng):
    w, m, g = state(rng, (3, 40, 1031), 3)
    rate, step = np.asarray(np.float32(0.01)), np.array(3)
    outcomes = set()
    for threads in thread_counts:
        runtime.set_num_threads(threads)
        got = update(
            lambda w, m, v, g, lr, t: ops.adam_update(w, g, m, v, lr, t),
            [w, m, np.square(m)],
            g,
            rate,
            step,
        )
        outcomes.add(b"".join(array.tobytes() for array in got))
    assert len(outcomes) == 1


def test_gradients_read_the_variable_from_before_the_update():
    w = Variable(np.float32([1, 2]))
    rate = graph.placeholder(())
    loss = ops.sum(ops.square(w.tensor))
    (gradient,) = graph.gradients(loss, [w])
    f = graph.compile([rate], [loss], [ops.sgd_update(w, gradient, None, rate)])
    assert f(np.array(0.25, np.float32))[0] == 5
    np.testing.assert_array_equal(w.numpy(), [0.5, 1])
    assert f(np.array(0.25, np.float32))[0] == 1.25


W, M, V = (Variable(np.zeros((2, 3), np.float32)) for _ in range(3))
G, RATE = graph.placeholder((2, 3)), graph.placeholder(())
OTHER = Variable(np.zeros(3, np.float32))
WHOLE = Variable(np.zeros((2, 3), np.int64))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: ops.assign(G, G), TypeError, "assign: variable must be a Variable, got Tensor"),
        (lambda: ops.assign(W, OTHER), ValueError, r"shape \(2, 3\), got \(3,\)"),
        (lambda: ops.assign(WHOLE, G), TypeError, "value must be int64, got float32"),
        (lambda: ops.assign_moving_average(WHOLE, G, 0.9), TypeError, "must be float32, got int64"),
        (lambda: ops.assign_moving_average(W, G, 1.5), ValueError, "momentum must be .*got 1.5"),
        (lambda: ops.sgd_update(W, G, None, 0.1), TypeError, r"learning_rate .*placeholder\(\(\)"),
        (lambda: ops.sgd_update(W, OTHER, None, RATE), ValueError, "gradient must have the var"),
        (lambda: ops.sgd_update(W, G, OTHER, RATE), ValueError, "velocity must have the variable"),
        (lambda: ops.sgd_update(W, G, None, RATE, 0.9), ValueError, "need a velocity"),
        (lambda: ops.sgd_update(W, G, None, G), ValueError, "learning_rate must have rank 0"),
        (lambda: ops.adam_update(W, G, M, OTHER, RATE, RATE), ValueError, "v must have the var"),
        (lambda: ops.adam_update(W, G, M, V, RATE, 1), TypeError, "step must be a scalar Tensor"),
        (
            lambda: ops.adam_update(W, G, M, V, RATE, RATE, beta_1=-0.1),
            ValueError,
            "beta_1 must be between 0 and 1, got -0.1",
        ),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_variable_may_be_written_only_once():
    with pytest.raises(ValueError, match="adam_update: variable, m and v must be different"):
        ops.adam_update(W, G, V, V, RATE, RATE)
    with pytest.raises(ValueError, match="sgd_update: variable and velocity must be different"):
        ops.sgd_update(W, G, W, RATE)
