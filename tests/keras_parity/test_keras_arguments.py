"""Arguments and functions of Keras, with and without what fastcnn supports."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import keras, ops
from fastcnn.keras import activations, layers, losses, metrics, optimizers


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh", "softmax", "linear"])
def test_activations_are_functions(name):
    x = np.array([[-1.0, 0.0, 2.0]], np.float32)
    function = getattr(activations, name)
    assert name in activations.__all__
    np.testing.assert_array_equal(function(x), layers.Activation(name)(x))
    assert function(keras.Input((3,))).shape == (None, 3)
    assert layers.Dense(2, activation=function).get_config()["activation"] == name


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.BinaryAccuracy("b", "float16"), "BinaryAccuracy: dtype is not supported"),
        (lambda: keras.Input((3,), sparse=True), "Input: sparse is not supported"),
        (lambda: keras.Input((3,), optional=True), "Input: optional is not supported"),
        (lambda: keras.Input((3,), batch_shape=(2, 3)), "either batch_shape, or shape"),
        (
            lambda: layers.Dense(2, "swishy"),
            "unknown activation 'swishy'; did you mean 'swish'.*your own",
        ),
    ],
)
def test_unsupported_arguments_are_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_positions():
    assert layers.Dropout(0.5, None, 7).seed == 7
    assert metrics.BinaryAccuracy("hits", None, 0.7).threshold == 0.7
    assert keras.Input((3,), 2, "uint8", None, None, None, "x").name == "x"
    assert keras.Input(batch_shape=(2, 3)).shape == (2, 3)


def test_settings_that_are_not_supported_are_not_saved():
    for thing in (
        layers.Dense(2),
        layers.Conv2D(2, 3),
        layers.BatchNormalization(),
        layers.Dropout(0.5),
        layers.InputLayer((3,)),
        metrics.BinaryAccuracy(),
    ):
        config = thing.get_config()
        assert type(thing).from_config(config).get_config() == config


def test_dropout_of_everything():
    x = np.full((2, 3), np.nan, np.float32)
    layer = layers.Dropout(1.0)
    np.testing.assert_array_equal(layer(x, training=True), np.zeros((2, 3)))
    np.testing.assert_array_equal(layer(x), x)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2), layer, layers.Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert (model.get_weights()[3] != before[3]).all()


def test_learning_rates_are_assigned():
    optimizer = optimizers.Adam(0.1)
    optimizer.learning_rate.assign(0.05)
    assert optimizer.learning_rate == 0.05
    assert optimizer.learning_rate.numpy() == np.float32(0.05)
    optimizer.learning_rate.assign(optimizer.learning_rate * 2)
    assert optimizer.get_config()["learning_rate"] == 0.1
    with pytest.raises(ValueError, match="at least 0"):
        optimizer.learning_rate.assign(-1.0)


@pytest.mark.parametrize(
    ("function", "labels", "want"),
    [
        ("categorical_crossentropy", [[0, 1]], -np.log(0.9)),
        ("sparse_categorical_crossentropy", [1], -np.log(0.9)),
        ("binary_crossentropy", [[0, 1]], -np.log(0.9)),
        ("mean_squared_error", [[0, 1]], 0.01),
        ("mean_absolute_error", [[0, 1]], 0.1),
    ],
)
def test_losses_of_plain_lists(function, labels, want):
    got = getattr(losses, function)(labels, [[0.1, 0.9]])
    np.testing.assert_allclose(got, [want], rtol=1e-5)


def relu(x):
    return ops.multiply(x, 2.0)


def mse(y_true, y_pred):
    return ops.mean(ops.abs(ops.subtract(y_true, y_pred)), axis=-1)


@pytest.mark.parametrize(
    ("activation", "loss", "message"),
    [
        (relu, "mse", "of your own called 'relu' cannot be saved.*another name"),
        (lambda x: x, "mse", "lambda cannot be saved.*def my_function"),
        (None, mse, "of your own called 'mse' cannot be saved"),
    ],
)
def test_functions_that_would_come_back_as_others(activation, loss, message, tmp_path):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, activation)])
    model.compile("sgd", loss)
    model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
    with pytest.raises((TypeError, ValueError), match=message):
        model.save(tmp_path / "model")
    assert not list(tmp_path.iterdir())
