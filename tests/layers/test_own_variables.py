"""Variables without a Tensor beside them: part of the graph in a call, numbers elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, Sequential, graph, layers, ops


class Own(layers.Layer):
    """``x * exp(a + b) + [c, d]`` from Variables alone, and what only numbers make of them."""

    def build(self, input_shape):
        self.a = self.add_weight(name="a", shape=(), initializer="zeros")
        self.b = self.add_weight(name="b", shape=(), initializer="zeros")
        self.c = self.add_weight(name="c", shape=(1,), initializer="zeros")
        self.d = self.add_weight(name="d", shape=(2,), initializer="zeros")
        self.first = ops.exp(self.a)  # while weights are made, a number

    def call(self, x):
        factor = ops.exp(ops.add(self.a, self.b))
        shift = ops.concatenate([self.c, self.d])
        return ops.add(ops.multiply(x, factor), shift)


class Operators(layers.Layer):
    """``x * (2 * a - 1 / b + -c)`` by operators."""

    def build(self, input_shape):
        self.a, self.b, self.c = (
            self.add_weight(name=name, shape=(3,), initializer="ones") for name in "abc"
        )

    def call(self, x):
        return x * (
            2.0 * self.a - 1.0 / self.b + np.ones(3, np.float32) * -self.c + self.a * self.b
        )


class Table(layers.Layer):
    """A layer inside that is given an array: its weights learn too."""

    def __init__(self, **rest):
        super().__init__(**rest)
        self.rows = layers.Dense(3, use_bias=False)

    def call(self, x):
        return ops.add(x, self.rows(np.eye(1, 4, dtype=np.float32)))


class Outer(layers.Layer):
    """A layer that calls another one, and a Variable of its own."""

    def __init__(self, **rest):
        super().__init__(**rest)
        self.inner = Own()

    def build(self, input_shape):
        self.scale = self.add_weight(name="scale", shape=(3,), initializer="ones")

    def call(self, x):
        return self.inner(x) * ops.square(self.scale)


X = np.random.default_rng(0).standard_normal((8, 3)).astype(np.float32)
Y = np.random.default_rng(1).standard_normal((8, 3)).astype(np.float32)


@pytest.mark.parametrize("kind", [Own, Operators, Table, Outer])
def test_gradients_reach_every_weight(kind):
    """Slopes of the loss by each weight, as differences of what ``evaluate`` says."""
    layer = kind()
    model = Sequential([Input((3,)), layer])
    model.compile(fastcnn.optimizers.SGD(1.0), "mse")
    before = layer.get_weights()
    slopes = []
    for index, value in enumerate(before):
        slope = np.empty_like(value)
        for place in np.ndindex(value.shape):
            losses = []
            for step in (0.01, -0.01):
                moved = [array.copy() for array in before]
                moved[index][place] += step
                layer.set_weights(moved)
                losses.append(model.evaluate(X, Y, verbose=0))
            slope[place] = (losses[0] - losses[1]) / 0.02
        slopes.append(slope)
    layer.set_weights(before)
    model.train_on_batch(X, Y)
    for old, new, slope in zip(before, layer.get_weights(), slopes, strict=True):
        np.testing.assert_allclose(old - new, slope, rtol=5e-3, atol=2e-4)
    assert all(np.abs(slope).max() > 1e-3 for slope in slopes)


def test_what_is_written_later_is_seen():
    layer = Own()
    model = Model(x := Input((3,)), layer(x))
    np.testing.assert_array_equal(model.predict(X), X)
    layer.a.assign(np.float32(1))
    np.testing.assert_allclose(model.predict(X), X * np.e, rtol=1e-6)
    np.testing.assert_allclose(layer(X), X * np.e, rtol=1e-6)
    nested = Model(y := Input((3,)), model(y))
    np.testing.assert_allclose(nested.predict(X), X * np.e, rtol=1e-6)
    assert isinstance(layer.first, np.ndarray)


def test_outside_of_a_trace_it_runs_at_once():
    v = fastcnn.Variable(np.arange(3, dtype=np.float32))
    for got, want in [
        (ops.exp(v), np.exp(np.arange(3))),
        (v + v, [0, 2, 4]),
        (np.ones(3, np.float32) - v, [1, 0, -1]),
        (2.0 * v / 4.0, [0, 0.5, 1]),
        (-v, [0, -1, -2]),
        (np.exp(v), np.exp(np.arange(3))),
    ]:
        assert isinstance(got, np.ndarray)
        np.testing.assert_allclose(got, want, rtol=1e-6)


def test_a_trace_of_ones_own():
    v = fastcnn.Variable(np.ones(3, np.float32))
    with fastcnn.tracing():
        loss = ops.mean(ops.square(v - np.float32(3)))
        (slope,) = graph.gradients(loss, [v])
    np.testing.assert_allclose(graph.compile([], [slope])()[0], np.full(3, -4 / 3), rtol=1e-6)
    step = fastcnn.training_step(loss, [v], fastcnn.optimizers.SGD(0.75), inputs=[])
    step()
    np.testing.assert_allclose(v.numpy(), [2, 2, 2], rtol=1e-6)


def test_a_loss_with_a_weight_of_its_own():
    """Uncertainty of a task: learnt beside the model, by a function of labels and outputs."""
    layer = Own()

    def loss(y_true, y_pred):
        error = ops.mean(ops.square(y_pred - y_true), axis=-1)
        return error * ops.exp(-layer.a) + layer.a

    model = Sequential([Input((3,)), layer])
    model.compile(fastcnn.optimizers.SGD(0.1), loss)
    model.train_on_batch(X, Y)
    # Both through the outputs and through the loss: d/da mean(e) exp(-a) + a at a = 0.
    error = X - Y
    want = -0.1 * ((2 * error * X).mean() - (error**2).mean() + 1)
    np.testing.assert_allclose(layer.a.numpy(), want, rtol=1e-4)


def test_what_would_be_a_constant_is_refused():
    v = fastcnn.Variable(np.ones(3, np.float32), name="scale")
    with (
        fastcnn.tracing(),
        pytest.raises(TypeError, match=r"scale: NumPy would take .* or say variable.numpy\(\)"),
    ):
        np.exp(v)
    with pytest.raises(TypeError, match=r"output must be a Tensor, got ndarray: .*tracing\(\)"):
        graph.gradients(ops.sum(ops.exp(v)), [v])
    with pytest.raises(TypeError, match=r"training_step: the loss .* Tensor, got ndarray.*tracing"):
        fastcnn.training_step(ops.sum(v), [v], "sgd", inputs=[])


def test_what_is_no_number_reaches_a_layer_inside_as_it_is():
    class Either(layers.Layer):
        def call(self, x):
            given, other = x
            return given if other is None else ops.add(given, other)

    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.either = Either()
            self.either.built = True  # without weights

        def build(self, input_shape):
            self.scale = self.add_weight(name="scale", shape=(3,), initializer="ones")

        def call(self, x):
            return ops.add(self.either([x, None]), self.either([self.scale, np.float32(1)]))

    np.testing.assert_array_equal(Outer()(X), X + 2)
