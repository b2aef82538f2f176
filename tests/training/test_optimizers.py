"""Optimizers against their formulas in float64."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, ops, optimizers
from fastcnn.variable import Variable

STEPS = 6


def gradients(rng):
    return rng.standard_normal((STEPS, 5)).astype(np.float32)


def follow(optimizer, start, drawn):
    """The values of a Variable whose gradient in each step is given."""
    variable = Variable(start)
    slope = graph.placeholder(start.shape)
    loss = ops.sum(ops.multiply(variable.tensor, slope))
    step = fastcnn.training_step(loss, [variable], optimizer, inputs=[slope])
    for gradient in drawn:
        step(gradient)
    return variable.numpy()


def sgd(w, drawn, rate, momentum=0.0, nesterov=False):
    v = np.zeros_like(w)
    for g in drawn:
        v = momentum * v - rate * g
        w = w + (momentum * v - rate * g if nesterov else v)
    return w


def adam(w, drawn, rate=1e-3, b1=0.9, b2=0.999, epsilon=1e-7):
    m = v = np.zeros_like(w)
    for t, g in enumerate(drawn, 1):
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g * g
        w = w - rate * np.sqrt(1 - b2**t) / (1 - b1**t) * m / (np.sqrt(v) + epsilon)
    return w


def rmsprop(w, drawn, rate=1e-3, rho=0.9, epsilon=1e-7):
    v = np.zeros_like(w)
    for g in drawn:
        v = rho * v + (1 - rho) * g * g
        w = w - rate * g / np.sqrt(v + epsilon)
    return w


CASES = [
    (optimizers.GradientDescent(0.3), lambda w, g: sgd(w, g, 0.3)),
    (optimizers.SGD(), lambda w, g: sgd(w, g, 0.01)),
    (optimizers.SGD(0.1, 0.9), lambda w, g: sgd(w, g, 0.1, 0.9)),
    (optimizers.SGD(0.1, 0.9, True), lambda w, g: sgd(w, g, 0.1, 0.9, True)),
    (optimizers.SGD(0.1, clipvalue=0.5), lambda w, g: sgd(w, g.clip(-0.5, 0.5), 0.1)),
    (
        optimizers.SGD(0.1, clipnorm=1.0),
        lambda w, g: sgd(w, g / np.linalg.norm(g, axis=1, keepdims=True).clip(1), 0.1),
    ),
    (optimizers.Adam(), adam),
    (optimizers.Adam(0.1, 0.5, 0.7, 1e-2), lambda w, g: adam(w, g, 0.1, 0.5, 0.7, 1e-2)),
    (optimizers.RMSprop(), rmsprop),
]


@pytest.mark.parametrize(("optimizer", "formula"), CASES)
def test_formulas(optimizer, formula, rng):
    start, drawn = rng.standard_normal(5).astype(np.float32), gradients(rng)
    again = type(optimizer).from_config(optimizer.get_config())
    want = formula(start.astype(np.float64), drawn.astype(np.float64))
    # About ten roundings a step, each of the size of the value or of the step.
    bound = 10 * STEPS * np.finfo(np.float32).eps * (1 + np.abs(want))
    for each in (optimizer, again):
        assert (np.abs(follow(each, start, drawn) - want) <= bound).all()
        assert each.iterations == STEPS


def test_norm_of_all_gradients_together():
    a, b = Variable(np.zeros(2, np.float32)), Variable(np.zeros(1, np.float32))
    loss = ops.sum(ops.multiply(a.tensor, np.array([3.0, 0.0], np.float32)))
    loss = ops.add(loss, ops.multiply(ops.sum(b.tensor), 4.0))
    step = fastcnn.training_step(loss, [a, b], optimizers.SGD(1.0, global_clipnorm=1.0), inputs=[])
    step()
    np.testing.assert_allclose(a.numpy(), [-0.6, 0], rtol=1e-6)
    np.testing.assert_allclose(b.numpy(), [-0.8], rtol=1e-6)


def test_schedules_are_asked_before_each_step(rng):
    drawn = gradients(rng)
    got = follow(optimizers.SGD(lambda step: 1.0 / (step + 1)), np.zeros(5, np.float32), drawn)
    want = -sum(g / (i + 1) for i, g in enumerate(drawn))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optimizers.SGD(-1), "learning_rate must be at least 0, got -1"),
        (lambda: optimizers.SGD(float("nan")), "learning_rate"),
        (lambda: optimizers.SGD(momentum=2), "between 0 and 1"),
        (lambda: optimizers.SGD(clipnorm=1, clipvalue=1), "at most one of clipnorm"),
        (lambda: optimizers.Adam(beta_1=1), "below 1"),
        (lambda: optimizers.Adam(amsgrad=True), "use amsgrad=False"),
        (lambda: optimizers.RMSprop(centered=True), "not supported"),
        (lambda: optimizers.get(3), "an optimizer is a name"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()
