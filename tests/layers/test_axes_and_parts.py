"""Layers along other axes than the last, parts of symbolic values, layers used twice."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, Sequential, graph, layers, optimizers, reference
from fastcnn.graph.variable import Variable


def test_rescaling_by_channel(rng, tmp_path):
    x = rng.integers(0, 255, (2, 3, 3, 2)).astype(np.uint8)
    layer = layers.Rescaling([0.5, 2.0], offset=[1, -1])
    want = x * np.array([0.5, 2.0]) + np.array([1.0, -1.0])
    np.testing.assert_allclose(layer(x), want, rtol=1e-6)
    model = Sequential([Input((3, 3, 2)), layer])
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_allclose(fastcnn.load(tmp_path / "m.safetensors").predict(x), want, rtol=1e-6)
    with pytest.raises(ValueError, match=r"scale must be a number, or a list .* shape \(1, 2\)"):
        layers.Rescaling([[1.0, 2.0]])


@pytest.mark.parametrize("axis", [1, 2, -2, -1, 3])
def test_batch_normalization_along_an_axis(axis, rng):
    x = rng.standard_normal((4, 3, 5, 2)).astype(np.float32)
    layer, last = layers.BatchNormalization(axis), layers.BatchNormalization()
    moved = np.moveaxis(x, axis, -1)
    for training in (True, False):
        y = layer(x, training=training)
        want = np.moveaxis(np.asarray(last(moved, training=training)), -1, axis)
        np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-6)
    assert layer.gamma.shape == (x.shape[axis],)
    with pytest.raises(ValueError, match=r"axis=0; an input of shape .* has the axes 1 to 3"):
        layers.BatchNormalization(0)(x)


@pytest.mark.parametrize("axis", [[1, 2], (-1, 1), [3], [1, 2, 3]])
def test_softmax_along_several_axes(axis, rng):
    x = rng.standard_normal((2, 3, 4, 5)).astype(np.float32)
    powers = np.exp(x.astype(np.float64))
    want = powers / powers.sum(tuple(axis), keepdims=True)
    layer = layers.Softmax(axis)
    np.testing.assert_allclose(layer(x), want, rtol=1e-5)
    again = layers.Softmax.from_config(layer.get_config())
    np.testing.assert_array_equal(again(x), layer(x))
    model = Model(i := Input((3, 4, 5)), layers.Softmax(axis)(i))
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-5)


INDICES = [
    0, -1, slice(None), slice(1, None), slice(None, -1), slice(0, 5, 2), slice(1, 4, 3), ...,
    (..., 0), (slice(None), 1), (slice(None), None, slice(1, 3)), (0, ..., slice(None, None, 2)),
    (slice(2, 2),), (slice(None), slice(None), -2), (None, 1, 2, 3),
]  # fmt: skip


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_parts_of_tensors_and_variables(index, rng):
    x = rng.standard_normal((4, 3, 5)).astype(np.float32)
    tensor = graph.placeholder(x.shape)
    np.testing.assert_array_equal(graph.compile([tensor], [tensor[index]])(x)[0], x[index])
    np.testing.assert_array_equal(np.asarray(Variable(x)[index]), x[index])


def test_gradients_of_parts(rng):
    x = rng.standard_normal((4, 6)).astype(np.float32)
    tensor = graph.placeholder(x.shape)
    part = tensor[1:, ::2]
    (gradient,) = graph.gradients(fastcnn.ops.sum(part * part), [tensor])
    want = np.zeros_like(x)
    want[1:, ::2] = 2 * x[1:, ::2]
    np.testing.assert_allclose(graph.compile([tensor], [gradient])(x)[0], want)


OPEN = [(slice(None), 1), (slice(None), slice(None), slice(None, None, 2)), slice(1, None),
        (slice(None), slice(-1, None), 0), (..., 0), (slice(None), slice(0, 2), None)]  # fmt: skip


@pytest.mark.parametrize("index", OPEN, ids=str)
def test_parts_of_models_values(index, rng, tmp_path):
    x = rng.standard_normal((4, 3, 5)).astype(np.float32)
    i = Input((3, 5))
    model = Model(i, i[index])
    np.testing.assert_array_equal(model(x), x[index])
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(fastcnn.load(tmp_path / "m.safetensors")(x), x[index])


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        ((0, 0, 0, 0), IndexError, "too many indices for an array of shape"),
        ((slice(None), 3), IndexError, "index 3 is out of range for axis 1"),
        (slice(None, 2), ValueError, "axis 0 .* is open: only a slice from some position on"),
        (-1, ValueError, "axis 0 .* is open: count from its beginning"),
        ((slice(None), slice(None, None, -1)), ValueError, "a step of 1 or more, got -1"),
        ((slice(None), [0, 1]), TypeError, "an index must be an integer, .* got list"),
    ],
)
def test_parts_that_cannot_be_had(index, error, message):
    with pytest.raises(error, match=message):
        Input((3, 5))[index]
    with pytest.raises(TypeError, match="KerasTensor cannot be iterated over"):
        list(Input((3, 5)))


def test_a_layer_twice_in_a_stack(rng, tmp_path):
    shared = layers.Dense(4)
    model = Sequential([Input((4,)), shared, layers.ReLU(), shared])
    assert len(model.weights) == 2
    x = rng.standard_normal((2, 4)).astype(np.float32)
    kernel, bias = model.get_weights()
    want = reference.dense(reference.dense(x, kernel, bias, activation="relu"), kernel, bias)
    np.testing.assert_allclose(model.predict(x), want, rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "m.safetensors")
    again = fastcnn.load(tmp_path / "m.safetensors")
    assert len(again.weights) == 2
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    with pytest.raises(ValueError, match="a layer called 'other' is there already"):
        Sequential([layers.Dense(2, name="other"), layers.Dense(2, name="other")])


def test_names_of_what_evaluate_returns(line):
    x, y = line
    model = Sequential([Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"], weighted_metrics=["mae", "mse"])
    assert model.metrics_names == ["loss"]
    values = model.evaluate(x, y, sample_weight=np.ones(len(x)), verbose=0)
    assert model.metrics_names == ["loss", "mae", "weighted_mae", "mse"]
    assert len(values) == 4


@pytest.mark.parametrize("make", [lambda: optimizers.SGD(0.1, momentum=0.9),
                                  lambda: optimizers.Adam(0.1, clipnorm=1.0)])  # fmt: skip
def test_gradients_of_ones_own(make, rng):
    first, second = rng.standard_normal((3, 2)).astype(np.float32), np.ones(2, np.float32)
    eager = [Variable(first), Variable(second)]
    compiled = [Variable(first), Variable(second)]
    one, other = make(), make()
    a, b = graph.placeholder((3, 2)), graph.placeholder((2,))
    with fastcnn.tracing():
        loss = fastcnn.ops.sum(a * compiled[0].tensor) + fastcnn.ops.sum(b * compiled[1].tensor)
    step = fastcnn.training_step(loss, compiled, other, inputs=[a, b])
    for _ in range(3):
        gradients = [rng.standard_normal(v.shape).astype(np.float32) for v in eager]
        one.apply_gradients(zip(gradients, eager, strict=True))
        step(*gradients)
    for x, y in zip(eager, compiled, strict=True):
        np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-6)
    assert one.iterations == 3
    assert len(one.variables) == len(other.variables) > 0
    one.apply([None, gradients[1]], eager)
    assert one.iterations == 4
    with pytest.raises(ValueError, match="the gradient of 'variable' has shape .*2, 2.*expected"):
        one.apply([np.ones((2, 2)), gradients[1]], eager)
    with pytest.raises(ValueError, match=r"apply\(\) got 1 gradients for 2 variables"):
        one.apply(gradients[:1], eager)
