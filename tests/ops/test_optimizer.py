"""Updates of Variables, and all that may surround them, against their formulas in float64."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import pytest

from fastcnn import Variable, graph, ops, runtime
from fastcnn.testing import EPSILON, TINY, assert_within
from ops.cases.optimizer import ERRORS, RATE, RULES, G, V, W

# A scalar, a tail, and more than one work item.
SHAPES = [(), (0, 3), (7,), (5, 33), (3, 11, 1031)]
LEARNING_RATE = 0.3


def start(rule, rng, shape):
    """Variable, gradient and state."""
    values = [np.asarray(rng.standard_normal(shape), np.float32) for _ in range(2)]
    for name in rule.state:
        value = np.asarray(rng.standard_normal(shape), np.float32)
        values.append(np.square(value) + np.float32(0.1) if name[0] == "*" else value)
    return values


def bounds(formula, values, terms):
    """How far results may be off: each operand is known to a few roundings, and so is the result.

    The formulas work element by element, so one difference tells a derivative everywhere.
    """
    exact = [np.asarray(value, np.float64) for value in values]
    results = formula(*exact)
    allowed = [terms * EPSILON * abs(result) + TINY for result in results]
    for k, value in enumerate(exact):
        step = 1e-6 * (abs(value) + 1e-3)
        moved = formula(*exact[:k], value + step, *exact[k + 1 :])
        for j, (there, here) in enumerate(zip(moved, results, strict=True)):
            allowed[j] = allowed[j] + terms * EPSILON * abs((there - here) / step * value)
    return results, allowed


def run(rule, values, step, dtype="int64", **around):
    held = [Variable(values[0]), *map(Variable, values[2:])]
    gradient, rate = graph.placeholder(values[1].shape), graph.placeholder(())
    number = graph.placeholder((), dtype)
    options = ops.UpdateOptions(**around) if around else None
    update = rule.build(held[0], gradient, *held[1:], rate, number, options)
    counts = any(tensor.node is number.node for tensor in update.node.inputs)
    inputs = [gradient, rate, *([number] if counts else [])]
    arrays = [values[1], np.array(LEARNING_RATE, np.float32), np.array(step, dtype)][: len(inputs)]
    graph.compile(inputs, [], [update])(*arrays)
    return [variable.numpy() for variable in held]


def _at(formula, rate, step, *arrays):
    return formula(*arrays, rate, step)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RULES)
def test_formulas(name, shape, isa, rng):
    rule = RULES[name]
    values = start(rule, rng, shape)
    rate = float(np.float32(LEARNING_RATE))
    for step, dtype in ((1, "int64"), (3, "float32"), (2000, "int64")):
        got = run(rule, values, step, dtype)
        formula = partial(_at, rule.formula, rate, step)
        exact, allowed = bounds(formula, values, rule.terms)
        for what, a, b, bound in zip(("variable", *rule.state), got, exact, allowed, strict=True):
            assert_within(a, b, bound, name=f"{what} in step {step}")


@pytest.mark.parametrize("name", RULES)
def test_weight_decay_clipping_and_rate(name, isa, rng):
    rule = RULES[name]
    values = start(rule, rng, (5, 33))
    around = {"weight_decay": 0.2, "rate_factor": 0.5, "gradient_factor": 0.25, "limit": 0.3}
    got = run(rule, values, 2, **around)
    rate = 0.5 * float(np.float32(LEARNING_RATE))

    def formula(w, g, *state):
        return rule.formula(w * (1 - 0.2 * rate), (0.25 * g).clip(-0.3, 0.3), *state, rate, 2)

    exact, allowed = bounds(formula, values, rule.terms + 4)
    for a, b, bound in zip(got, exact, allowed, strict=True):
        assert_within(a, b, bound)


@pytest.mark.parametrize("name", ["sgd", "momentum", "amsgrad", "ftrl"])
@pytest.mark.parametrize("shape", [(7,), (3, 11, 1031)])
def test_gathering_and_averages(name, shape, isa, rng):
    """Nine steps of which every third updates, and every second update overwrites."""
    rule = RULES[name]
    w, _, *state = start(rule, rng, shape)
    gradients = rng.standard_normal((9, *shape)).astype(np.float32)
    held = [Variable(value) for value in (w, *state)]
    total, average = (Variable(np.zeros(shape, np.float32)) for _ in range(2))
    gradient, rate, scale = (graph.placeholder(s) for s in (shape, (), ()))
    number = graph.placeholder((), "int64")
    around = ops.UpdateOptions(
        gradient_factor=1 / 3,
        scale=scale,
        every=3,
        sum=total,
        average=average,
        average_momentum=0.6,
        overwrite_every=2,
        step=number,
    )
    update = rule.build(held[0], gradient, *held[1:], rate, number, around)
    f = graph.compile([gradient, rate, number, scale], [], [update])
    exact = [value.astype(np.float64) for value in (w, *state)]
    mean = np.zeros(shape)
    for step, g in enumerate(gradients, 1):
        f(g, np.array(LEARNING_RATE, np.float32), np.array(step), np.array(0.5, np.float32))
        if step % 3 == 0:
            joined = gradients[step - 3 : step].astype(np.float64).sum(0) / 6
            exact = list(
                rule.formula(
                    exact[0], joined, *exact[1:], float(np.float32(LEARNING_RATE)), step // 3
                )
            )
        count = (step - 1) // 3 + 1
        mean = exact[0] if count == 1 else 0.6 * mean + 0.4 * exact[0]
        if count % 2 == 0:
            exact[0] = mean
        # Some twenty roundings a step of numbers of about 5.
        for variable, want in zip((*held, average), (*exact, mean), strict=True):
            np.testing.assert_allclose(variable.numpy(), want, rtol=2e-5, atol=2e-5)
    np.testing.assert_array_equal(total.numpy(), 0)


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


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_variable_may_be_written_only_once():
    with pytest.raises(ValueError, match="adam_update: variable, m and v must be different"):
        ops.adam_update(W, G, V, V, RATE, RATE)
    with pytest.raises(ValueError, match="sgd_update: variable and velocity must be different"):
        ops.sgd_update(W, G, W, RATE)
