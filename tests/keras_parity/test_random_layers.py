"""Layers of random configurations compute what Keras 3 computes, forward and backward."""

from __future__ import annotations

import os

import numpy as np
import pytest

import fastcnn.keras as ours
from fastcnn import graph, ops, tracing
from fastcnn.layers.base.regularization_losses import penalties
from layers.cases import ROWS

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
pytestmark = pytest.mark.filterwarnings("ignore")

try:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
        import tensorflow as tf
except ImportError:
    keras = None
    pytestmark = [
        pytestmark,
        pytest.mark.skip(reason="Keras 3 with TensorFlow is not installed"),
    ]


def as_list(value):
    return list(value) if isinstance(value, list | tuple) else [value]


def configurations():
    for row in ROWS:
        for index in range(row.count):
            yield pytest.param(row, index, id=f"{row}-{index}")


def our_results(layer, xs, dys, training):
    """Outputs and gradients of inputs and trainable weights."""
    inputs = [graph.placeholder(x.shape) for x in xs]
    weights = [graph.placeholder(dy.shape) for dy in dys]
    with tracing(training=training) as trace:
        outputs = as_list(layer(inputs if len(inputs) > 1 else inputs[0], training=training))
    total = None
    for y, dy in zip(outputs, weights, strict=True):
        term = ops.sum(ops.multiply(y, dy))
        total = term if total is None else ops.add(total, term)
    for _, penalty in penalties(layer, trace):
        total = ops.add(total, penalty)
    wanted = graph.gradients(total, [*inputs, *layer.trainable_weights])
    found = graph.compile([*inputs, *weights], [*outputs, *wanted], trace.assignments)(*xs, *dys)
    return found[: len(outputs)], found[len(outputs) :]


def their_results(layer, xs, dys, training, gradients):
    inputs = [tf.constant(x) for x in xs]
    with tf.GradientTape() as tape:
        for x in inputs:
            tape.watch(x)
        outputs = as_list(layer(inputs if len(inputs) > 1 else inputs[0], training=training))
        total = sum(tf.reduce_sum(y * dy) for y, dy in zip(outputs, dys, strict=True))
        total += sum(layer.losses)
    if not gradients:
        return [y.numpy() for y in outputs], []
    sources = [*inputs, *[weight.value for weight in layer.trainable_weights]]
    grads = tape.gradient(total, sources, unconnected_gradients="zero")
    return [y.numpy() for y in outputs], [np.asarray(grad) for grad in grads]


def drawn(row, rng, shape):
    return [row.values(rng, s) for s in (shape if isinstance(shape, list) else [shape])]


@pytest.mark.parametrize(("row", "index"), list(configurations()))
def test_same_as_keras(row, index):
    rng = row.rng(index)
    config = row.draw(rng)
    training = row.training[int(rng.integers(len(row.training)))]
    xs = drawn(row, rng, config.shape)
    first = xs if isinstance(config.shape, list) else xs[0]
    mine = getattr(ours.layers, row.layer)(**config.arguments)
    theirs = getattr(keras.layers, row.layer)(**config.arguments)
    shape = mine(first).shape
    theirs(first)
    names = [weight.name.split("/")[-1] for weight in mine.weights]
    assert names == [weight.name for weight in theirs.weights], config
    values = [rng.uniform(0.5, 1.5, weight.shape) for weight in theirs.weights]
    mine.set_weights(values)
    theirs.set_weights(values)
    # Few bits, so that products with them hardly round.
    dys = [np.asarray(rng.integers(-8, 9, shape) / 4, np.float32)]

    open_batch = [(None, *x.shape[1:]) for x in xs]
    open_batch = open_batch if isinstance(config.shape, list) else open_batch[0]
    assert mine.compute_output_shape(open_batch) == tuple(theirs.compute_output_shape(open_batch))

    want, want_slopes = their_results(theirs, xs, dys, training, row.gradients)
    got, slopes = our_results(mine, xs, dys, training)
    for a, b in zip(got, want, strict=True):
        assert a.shape == b.shape, config
        close(a, b, row.tolerance, f"output, {config}")
    if row.gradients:
        for name, a, b in zip(
            [*("x" for _ in xs), *(weight.name for weight in theirs.trainable_weights)],
            slopes,
            want_slopes,
            strict=True,
        ):
            close(a, b, row.tolerance, f"gradient of {name}, {config}")
    for name, a, b in zip(names, mine.get_weights(), theirs.get_weights(), strict=True):
        close(a, b, row.tolerance, f"{name} afterwards, {config}")


def close(a, b, tolerance, name):
    largest = np.max(abs(b), initial=1)
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * largest, err_msg=name)


@pytest.mark.parametrize(("name", "wrong"), [("Add", True), ("Average", True), ("Multiply", False)])
def test_columns_that_keras_takes_for_a_bias(name, wrong):
    """Why rows of sums have batches larger than images: Keras' TensorFlow backend adds an input of
    shape (4, 1, 1) to one of (4, 4, 6) along axis 1. NumPy, and Keras' other backends, broadcast.
    """
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape, np.float32) for shape in ((4, 4, 6), (4, 1, 1)))
    want = {"Add": a + b, "Average": (a + b) / 2, "Multiply": a * b}[name]
    np.testing.assert_allclose(getattr(ours.layers, name)()([a, b]), want, rtol=1e-6)
    theirs = np.asarray(getattr(keras.layers, name)()([a, b]))
    if wrong:
        assert abs(theirs - want).max() > 0.5, "Keras adds rightly now: see docs/keras.md"
        factor = np.float32(1 if name == "Add" else 0.5)
        want = (a + b.reshape(1, 4, 1)) * factor
    np.testing.assert_allclose(theirs, want, rtol=1e-6)
