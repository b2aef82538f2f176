"""Steps of optimizers, and all that may surround them, against their formulas in float64."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest

from fastcnn import Variable, graph, ops, reference, runtime
from fastcnn.ops.norms import orthogonalized, sum_of_squares
from fastcnn.testing import EPSILON, TINY, assert_within, error_bound

# A scalar, a tail, and more than one work item.
SHAPES = [(), (0, 3), (7,), (5, 33), (3, 11, 1031)]
RATE = 0.3


@dataclass(frozen=True)
class Rule:
    """A step: what it keeps, how it is called, and its formula.

    Attributes:
        state: Names of its Variables; those with a star are never negative.
        build: Takes variable, gradient, state, rate, step and surroundings.
        formula: Takes variable, gradient, state, rate and the number of the step; returns the new
            variable and the new state.
        terms: Roundings on the longest way through the formula.
    """

    state: tuple[str, ...]
    build: Callable[..., graph.Tensor]
    formula: Callable[..., tuple[Any, ...]]
    terms: int = 12


def sgd(w, g, rate, step):
    return (w - rate * g,)


def momentum(w, g, v, rate, step, nesterov=False):
    v = 0.9 * v - rate * g
    return (w + (0.9 * v - rate * g if nesterov else v), v)


def adam(w, g, m, v, *largest_rate_step, b1=0.9, b2=0.99, epsilon=1e-7):
    *largest, rate, t = largest_rate_step
    m, v = m + (g - m) * (1 - b1), v + (g * g - v) * (1 - b2)
    largest = [np.maximum(each, v) for each in largest]
    scale = rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    return (w - scale * m / (np.sqrt(largest[0] if largest else v) + epsilon), m, v, *largest)


def adamax(w, g, m, u, rate, t):
    m, u = m + (g - m) * 0.1, np.maximum(0.99 * u, abs(g))
    return (w - rate / (1 - 0.9**t) * m / (u + 1e-7), m, u)


def nadam(w, g, m, v, rate, t):
    u = [0.9 * (1 - 0.5 * 0.96**i) for i in range(1, t + 2)]
    now, later = np.prod(u[:-1]), np.prod(u)
    m, v = m + (g - m) * 0.1, v + (g * g - v) * 0.01
    mean = u[-1] * m / (1 - later) + (1 - u[-2]) * g / (1 - now)
    return (w - rate * mean / (np.sqrt(v / (1 - 0.99**t)) + 1e-7), m, v)


def rmsprop(w, g, v, *others, centered=False):
    # A mean that does not belong to v may make their difference negative: epsilon is large.
    *others, rate, _ = others
    v = 0.9 * v + 0.1 * g * g
    divisor = v
    if centered:
        mean = 0.9 * others.pop(0) + 0.1 * g
        divisor = v - mean**2
    change = rate * g / np.sqrt(divisor + 25.0)
    new = [v, mean] if centered else [v]
    if others:
        change = 0.7 * others[0] + change
        new.append(change)
    return (w - change, *new)


def adagrad(w, g, s, rate, step):
    return (w - rate * g / np.sqrt(s + g * g + 0.01), s + g * g)


def adadelta(w, g, v, s, rate, step):
    v = 0.9 * v + 0.1 * g * g
    change = np.sqrt(s + 1e-3) * g / np.sqrt(v + 1e-3)
    return (w - rate * change, v, 0.9 * s + 0.1 * change**2)


def ftrl(w, g, s, z, rate, step, power=-0.5):
    new = s + g * g
    z = z + g + 0.2 * w - (new**-power - s**-power) / rate * w
    held = z.clip(-0.3, 0.3)
    return ((held - z) / (new**-power / rate + 2 * 0.2 + 0.4 / rate), new, z)


def lion(w, g, m, rate, step):
    return (w - rate * np.sign(0.9 * m + 0.1 * g), 0.95 * m + 0.05 * g)


def _ftrl(power):
    return lambda w, g, s, z, rate, step, around: ops.ftrl_update(
        w, g, s, z, rate, power=power, l1=0.3, l2=0.2, shrinkage=0.1, beta=0.4, around=around
    )


RULES = {
    "sgd": Rule((), lambda w, g, r, t, a: ops.sgd_update(w, g, None, r, around=a), sgd),
    "momentum": Rule(
        ("v",), lambda w, g, v, r, t, a: ops.sgd_update(w, g, v, r, 0.9, around=a), momentum
    ),
    "nesterov": Rule(
        ("v",),
        lambda w, g, v, r, t, a: ops.sgd_update(w, g, v, r, 0.9, True, around=a),
        lambda *all: momentum(*all, nesterov=True),
    ),
    "heavy_ball": Rule(
        (),
        lambda w, g, r, t, a: ops.heavy_ball_update(w, g, r, 0.8, around=a),
        lambda w, g, rate, step: (0.8 * w + g,),
    ),
    "adam": Rule(
        ("m", "*v"),
        lambda w, g, m, v, r, t, a: ops.adam_update(w, g, m, v, r, t, beta_2=0.99, around=a),
        adam,
    ),
    "amsgrad": Rule(
        ("m", "*v", "*largest"),
        lambda w, g, m, v, s, r, t, a: ops.adam_update(
            w, g, m, v, r, t, beta_2=0.99, largest=s, around=a
        ),
        adam,
    ),
    "adamax": Rule(
        ("m", "*norm"),
        lambda w, g, m, u, r, t, a: ops.adamax_update(w, g, m, u, r, t, beta_2=0.99, around=a),
        adamax,
    ),
    "nadam": Rule(
        ("m", "*v"),
        lambda w, g, m, v, r, t, a: ops.nadam_update(w, g, m, v, r, t, beta_2=0.99, around=a),
        nadam,
        20,
    ),
    "rmsprop": Rule(
        ("*v",),
        lambda w, g, v, r, t, a: ops.rmsprop_update(w, g, v, r, epsilon=25.0, around=a),
        rmsprop,
    ),
    "rmsprop_momentum": Rule(
        ("*v", "velocity"),
        lambda w, g, v, u, r, t, a: ops.rmsprop_update(
            w, g, v, r, epsilon=25.0, momentum=0.7, velocity=u, around=a
        ),
        rmsprop,
    ),
    "rmsprop_centered": Rule(
        ("*v", "mean"),
        lambda w, g, v, mean, r, t, a: ops.rmsprop_update(
            w, g, v, r, epsilon=25.0, mean=mean, around=a
        ),
        lambda *all: rmsprop(*all, centered=True),
    ),
    "rmsprop_centered_momentum": Rule(
        ("*v", "mean", "velocity"),
        lambda w, g, v, mean, u, r, t, a: ops.rmsprop_update(
            w, g, v, r, epsilon=25.0, momentum=0.7, mean=mean, velocity=u, around=a
        ),
        lambda *all: rmsprop(*all, centered=True),
    ),
    "adagrad": Rule(
        ("*s",),
        lambda w, g, s, r, t, a: ops.adagrad_update(w, g, s, r, epsilon=0.01, around=a),
        adagrad,
    ),
    "adadelta": Rule(
        ("*v", "*s"),
        lambda w, g, v, s, r, t, a: ops.adadelta_update(
            w, g, v, s, r, rho=0.9, epsilon=1e-3, around=a
        ),
        adadelta,
    ),
    "ftrl": Rule(("*s", "z"), _ftrl(-0.5), ftrl, 20),
    # Two powers, each with the roundings of a logarithm and an exponential, cancel each other.
    "ftrl_power": Rule(("*s", "z"), _ftrl(-0.8), lambda *all: ftrl(*all, power=-0.8), 200),
    "ftrl_constant": Rule(("*s", "z"), _ftrl(0.0), lambda *all: ftrl(*all, power=0.0), 20),
    "lion": Rule(
        ("m",), lambda w, g, m, r, t, a: ops.lion_update(w, g, m, r, beta_2=0.95, around=a), lion
    ),
}


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
    surroundings = ops.Surroundings(**around) if around else None
    update = rule.build(held[0], gradient, *held[1:], rate, number, surroundings)
    counts = any(tensor.node is number.node for tensor in update.node.inputs)
    inputs = [gradient, rate, *([number] if counts else [])]
    arrays = [values[1], np.array(RATE, np.float32), np.array(step, dtype)][: len(inputs)]
    graph.compile(inputs, [], [update])(*arrays)
    return [variable.numpy() for variable in held]


def _at(formula, rate, step, *arrays):
    return formula(*arrays, rate, step)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", RULES)
def test_formulas(name, shape, isa, rng):
    rule = RULES[name]
    values = start(rule, rng, shape)
    rate = float(np.float32(RATE))
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
    rate = 0.5 * float(np.float32(RATE))

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
    around = ops.Surroundings(
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
        f(g, np.array(RATE, np.float32), np.array(step), np.array(0.5, np.float32))
        if step % 3 == 0:
            joined = gradients[step - 3 : step].astype(np.float64).sum(0) / 6
            exact = list(
                rule.formula(exact[0], joined, *exact[1:], float(np.float32(RATE)), step // 3)
            )
        count = (step - 1) // 3 + 1
        mean = exact[0] if count == 1 else 0.6 * mean + 0.4 * exact[0]
        if count % 2 == 0:
            exact[0] = mean
        # Some twenty roundings a step of numbers of about 5.
        for variable, want in zip((*held, average), (*exact, mean), strict=True):
            np.testing.assert_allclose(variable.numpy(), want, rtol=2e-5, atol=2e-5)
    np.testing.assert_array_equal(total.numpy(), 0)


@pytest.mark.parametrize("n", [0, 1, 15, 33, 70001])
@pytest.mark.parametrize("added", [False, True])
def test_sum_of_squares(n, added, isa, thread_counts, rng):
    x, y = (rng.standard_normal(n).astype(np.float32) for _ in range(2))
    inputs = [graph.placeholder((n,)) for _ in range(2)]
    f = graph.compile(inputs, [sum_of_squares(inputs[0], inputs[1] if added else None)])
    want = ((x.astype(np.float64) + (y if added else 0)) ** 2).sum()
    outcomes = set()
    for threads in thread_counts:
        runtime.set_num_threads(threads)
        (got,) = f(x, y)
        outcomes.add(got.tobytes())
        # Four chains of lanes within an item of 2 ** 15, then items in double.
        assert abs(got - want) <= (n / 4 + 10) * EPSILON * want
    assert len(outcomes) == 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (40, 3), (33, 33), (0, 4)])
def test_orthogonalized(shape, isa, rng):
    x = rng.standard_normal(shape).astype(np.float32)
    source = graph.placeholder(shape)
    (got,) = graph.compile([source], [orthogonalized(source)])(x)
    wide = x.astype(np.float64)
    wide = wide.T if shape[0] > shape[1] else wide
    wide = wide / (np.linalg.norm(wide) + 1e-7)
    for _ in range(5):
        s = wide @ wide.T
        wide = 3.4445 * wide + (-4.775 * s + 2.0315 * s @ s) @ wide
    want = wide.T if shape[0] > shape[1] else wide
    # Each iteration stretches small errors by up to 3.4445; terms of products are few.
    np.testing.assert_allclose(got, want, atol=3.4445**5 * 8 * EPSILON)


def test_products_of_the_iteration_are_within_their_bound(rng):
    """One iteration, where errors have not been stretched yet."""
    x = rng.standard_normal((16, 48)).astype(np.float32)
    source = graph.placeholder(x.shape)
    (got,) = graph.compile(
        [source], [orthogonalized(source, steps=1, coefficients=(1.0, 0.5, 0.25))]
    )(x)

    def formula(x):
        s = reference.matmul(x, x.T)
        return x + reference.matmul(0.5 * s + 0.25 * reference.matmul(s, s), x)

    norm = np.linalg.norm(x.astype(np.float64)) + 1e-7
    wide = x.astype(np.float64) / norm
    bound = error_bound(formula, wide, terms=48 + 16 + 16 + 8)
    assert_within(got, formula(wide), bound)


W, M, V = (Variable(np.zeros((2, 3), np.float32)) for _ in range(3))
G, RATE_INPUT = graph.placeholder((2, 3)), graph.placeholder(())


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: ops.sgd_update(W, G, None, RATE_INPUT, around=ops.Surroundings(sum=M)),
            ValueError,
            "sgd_update: sum, average and every need the number of the step: give step",
        ),
        (
            lambda: ops.sgd_update(W, G, None, RATE_INPUT, around=ops.Surroundings(limit=0.0)),
            ValueError,
            "limit must be above 0, got 0.0",
        ),
        (
            lambda: ops.lion_update(W, G, M, RATE_INPUT, around=ops.Surroundings(weight_decay=-1)),
            ValueError,
            "weight_decay must be a number of at least 0, got -1",
        ),
        (
            lambda: ops.adam_update(
                W, G, M, V, RATE_INPUT, RATE_INPUT, around=ops.Surroundings(average=V)
            ),
            ValueError,
            "variable, m, v and average must be different",
        ),
        (
            lambda: ops.rmsprop_update(W, G, M, RATE_INPUT, momentum=0.5),
            ValueError,
            "momentum needs a velocity",
        ),
        (
            lambda: ops.ftrl_update(W, G, M, V, RATE_INPUT, power=0.5),
            ValueError,
            "power must be at most 0, got 0.5",
        ),
        (
            lambda: ops.adagrad_update(W, G, M, RATE_INPUT, epsilon=-1),
            ValueError,
            "adagrad_update: epsilon must be at least 0, got -1.0",
        ),
        (lambda: sum_of_squares(G, M.numpy()[0]), ValueError, r"addend must have x's shape"),
        (
            lambda: graph.gradients(sum_of_squares(G), [G]),
            NotImplementedError,
            "sum_of_squares has no gradient rule",
        ),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()
