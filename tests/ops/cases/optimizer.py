"""Updates of Variables by optimizers: their formulas in float64, and what they refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastcnn import Variable, graph, ops


@dataclass(frozen=True)
class Rule:
    """A step: what it keeps, how it is called, and its formula.

    Attributes:
        state: Names of its Variables; those with a star are never negative.
        build: Takes variable, gradient, state, rate, step and options.
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
        w, g, s, z, rate, power=power, l1=0.3, l2=0.2, shrinkage=0.1, beta=0.4, options=around
    )


RULES = {
    "sgd": Rule((), lambda w, g, r, t, a: ops.sgd_update(w, g, None, r, options=a), sgd),
    "momentum": Rule(
        ("v",), lambda w, g, v, r, t, a: ops.sgd_update(w, g, v, r, 0.9, options=a), momentum
    ),
    "nesterov": Rule(
        ("v",),
        lambda w, g, v, r, t, a: ops.sgd_update(w, g, v, r, 0.9, True, options=a),
        lambda *all: momentum(*all, nesterov=True),
    ),
    "heavy_ball": Rule(
        (),
        lambda w, g, r, t, a: ops.momentum_accumulate(w, g, r, 0.8, options=a),
        lambda w, g, rate, step: (0.8 * w + g,),
    ),
    "adam": Rule(
        ("m", "*v"),
        lambda w, g, m, v, r, t, a: ops.adam_update(w, g, m, v, r, t, beta_2=0.99, options=a),
        adam,
    ),
    "amsgrad": Rule(
        ("m", "*v", "*largest"),
        lambda w, g, m, v, s, r, t, a: ops.adam_update(
            w, g, m, v, r, t, beta_2=0.99, largest=s, options=a
        ),
        adam,
    ),
    "adamax": Rule(
        ("m", "*norm"),
        lambda w, g, m, u, r, t, a: ops.adamax_update(w, g, m, u, r, t, beta_2=0.99, options=a),
        adamax,
    ),
    "nadam": Rule(
        ("m", "*v"),
        lambda w, g, m, v, r, t, a: ops.nadam_update(w, g, m, v, r, t, beta_2=0.99, options=a),
        nadam,
        20,
    ),
    "rmsprop": Rule(
        ("*v",),
        lambda w, g, v, r, t, a: ops.rmsprop_update(w, g, v, r, epsilon=25.0, options=a),
        rmsprop,
    ),
    "rmsprop_momentum": Rule(
        ("*v", "velocity"),
        lambda w, g, v, u, r, t, a: ops.rmsprop_update(
            w, g, v, r, epsilon=25.0, momentum=0.7, velocity=u, options=a
        ),
        rmsprop,
    ),
    "rmsprop_centered": Rule(
        ("*v", "mean"),
        lambda w, g, v, mean, r, t, a: ops.rmsprop_update(
            w, g, v, r, epsilon=25.0, mean=mean, options=a
        ),
        lambda *all: rmsprop(*all, centered=True),
    ),
    "rmsprop_centered_momentum": Rule(
        ("*v", "mean", "velocity"),
        lambda w, g, v, mean, u, r, t, a: ops.rmsprop_update(
            w, g, v, r, epsilon=25.0, momentum=0.7, mean=mean, velocity=u, options=a
        ),
        lambda *all: rmsprop(*all, centered=True),
    ),
    "adagrad": Rule(
        ("*s",),
        lambda w, g, s, r, t, a: ops.adagrad_update(w, g, s, r, epsilon=0.01, options=a),
        adagrad,
    ),
    "adadelta": Rule(
        ("*v", "*s"),
        lambda w, g, v, s, r, t, a: ops.adadelta_update(
            w, g, v, s, r, rho=0.9, epsilon=1e-3, options=a
        ),
        adadelta,
    ),
    "ftrl": Rule(("*s", "z"), _ftrl(-0.5), ftrl, 20),
    # Two powers, each with the roundings of a logarithm and an exponential, cancel each other.
    "ftrl_power": Rule(("*s", "z"), _ftrl(-0.8), lambda *all: ftrl(*all, power=-0.8), 200),
    "ftrl_constant": Rule(("*s", "z"), _ftrl(0.0), lambda *all: ftrl(*all, power=0.0), 20),
    "lion": Rule(
        ("m",), lambda w, g, m, r, t, a: ops.lion_update(w, g, m, r, beta_2=0.95, options=a), lion
    ),
}


W, M, V = (Variable(np.zeros((2, 3), np.float32)) for _ in range(3))
G, RATE = graph.placeholder((2, 3)), graph.placeholder(())
OTHER = Variable(np.zeros(3, np.float32))
WHOLE = Variable(np.zeros((2, 3), np.int64))

#: Calls that must fail, the exception, and what its text says.
ERRORS: list[tuple[Callable[[], Any], type[Exception], str]] = [
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
    (
        lambda: ops.sgd_update(W, G, None, RATE, options=ops.UpdateOptions(sum=M)),
        ValueError,
        "sgd_update: sum, average and every need the number of the step: give step",
    ),
    (
        lambda: ops.sgd_update(W, G, None, RATE, options=ops.UpdateOptions(limit=0.0)),
        ValueError,
        "limit must be above 0, got 0.0",
    ),
    (
        lambda: ops.lion_update(W, G, M, RATE, options=ops.UpdateOptions(weight_decay=-1)),
        ValueError,
        "weight_decay must be a number of at least 0, got -1",
    ),
    (
        lambda: ops.adam_update(W, G, M, V, RATE, RATE, options=ops.UpdateOptions(average=V)),
        ValueError,
        "variable, m, v and average must be different",
    ),
    (
        lambda: ops.rmsprop_update(W, G, M, RATE, momentum=0.5),
        ValueError,
        "momentum needs a velocity",
    ),
    (
        lambda: ops.ftrl_update(W, G, M, V, RATE, power=0.5),
        ValueError,
        "power must be at most 0, got 0.5",
    ),
    (
        lambda: ops.adagrad_update(W, G, M, RATE, epsilon=-1),
        ValueError,
        "adagrad_update: epsilon must be at least 0, got -1.0",
    ),
]
