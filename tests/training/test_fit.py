"""Training: steps against formulas, and what fit promises."""

from __future__ import annotations

import signal

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, Sequential, callbacks, layers, metrics, ops, optimizers
from training.small_models import assert_same_weights, classifier, images, pair


def test_sgd_step_is_the_formula(line, linear):
    x, y = line
    model = linear(optimizers.SGD(0.1))
    kernel, bias = (w.astype(np.float64) for w in model.get_weights())
    loss = model.train_on_batch(x, y)
    error = x @ kernel + bias - y
    np.testing.assert_allclose(loss, (error**2).mean(), rtol=1e-5)
    np.testing.assert_allclose(
        model.get_weights()[0], kernel - 0.1 * 2 * x.T @ error / len(x), rtol=1e-4, atol=1e-6
    )
    np.testing.assert_allclose(
        model.get_weights()[1], bias - 0.1 * 2 * error.mean(0), rtol=1e-4, atol=1e-6
    )


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "gradient_descent"])
def test_every_optimizer_learns_the_plane(line, linear, optimizer):
    optimizer = optimizers.get(optimizer)
    optimizer.learning_rate = 0.1 if optimizer.name in ("SGD", "GradientDescent") else 0.05
    model = linear(optimizer)
    epochs = 300 if optimizer.full_batch else 60
    history = model.fit(*line, batch_size=16, epochs=epochs, verbose=0).history
    assert history["loss"][-1] < 1e-2 < history["loss"][0]


def test_fit_is_train_on_batch_again_and_again(line, linear):
    x, y = line
    a, b = pair(lambda: linear("adam", metrics=["mae"]))
    history = a.fit(x, y, batch_size=20, epochs=1, shuffle=False, verbose=0).history
    logs = [b.train_on_batch(x[i : i + 20], y[i : i + 20]) for i in range(0, 64, 20)]
    assert_same_weights(a, b)
    # Each call reports its own batch, fit the mean over examples: three times 20, then 4.
    means = np.average(logs, axis=0, weights=[20, 20, 20, 4])
    np.testing.assert_allclose([history["loss"][0], history["mae"][0]], means, rtol=1e-6)


def test_full_batch_gradient_descent_does_not_depend_on_pieces(line, linear):
    a, b = pair(lambda: linear(optimizers.GradientDescent(0.1)))
    first = a.fit(*line, batch_size=64, epochs=5, verbose=0).history["loss"]
    second = b.fit(*line, batch_size=10, epochs=5, verbose=0).history["loss"]
    np.testing.assert_allclose(first, second, rtol=1e-5)
    assert_same_weights(a, b, rtol=1e-5, atol=1e-6)  # a weight may be next to 0
    assert a.optimizer.iterations == 5
    with pytest.raises(ValueError, match="whole training set"):
        a.fit(iter([line] * 2), steps_per_epoch=2, verbose=0)


def test_every_fit_of_full_batch_gradient_descent_trains(line, linear):
    model = linear(optimizers.GradientDescent(0.01))
    before = model.get_weights()
    for _ in range(50):
        model.fit(*line, batch_size=10, verbose=0)
        after = model.get_weights()
        assert all((a != b).any() for a, b in zip(after, before))
        before = after


def test_several_outputs(rng):
    x = Input((3,), name="x")
    y, z = layers.Dense(1, name="y")(x), layers.Dense(2, activation="softmax", name="z")(x)
    model = Model(x, [y, z])
    model.compile(
        "sgd",
        {"y": "mse", "z": "sparse_categorical_crossentropy"},
        loss_weights={"y": 2.0},
        metrics={"z": ["accuracy"]},
    )
    data = rng.standard_normal((32, 3), np.float32)
    labels = {"y": data[:, :1], "z": (data[:, 0] > 0).astype(int)}
    history = model.fit(data, labels, epochs=2, verbose=0).history
    assert list(history) == ["loss", "y_loss", "z_loss", "z_accuracy"]
    np.testing.assert_allclose(
        history["loss"], 2 * np.array(history["y_loss"]) + history["z_loss"], rtol=1e-5
    )
    first, second = model.predict(data)
    assert (first.shape, second.shape) == ((32, 1), (32, 2))


def test_runs_repeat_under_a_seed():
    def run():
        fastcnn.set_random_seed(7)
        model = classifier()
        model.fit(*images(), epochs=2, batch_size=8, verbose=0)
        return model

    assert_same_weights(run(), run())


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "gradient_descent"])
def test_training_does_not_depend_on_the_number_of_threads(optimizer, rng):
    x = rng.random((40, 17, 15, 3), np.float32)
    y = rng.integers(0, 5, 40)

    def weights(threads):
        fastcnn.runtime.set_num_threads(threads)
        fastcnn.set_random_seed(3)
        model = Sequential(
            [
                Input((17, 15, 3)),
                layers.Conv2D(20, 3, padding="same", activation="relu"),
                layers.BatchNormalization(),
                layers.MaxPooling2D(),
                layers.Conv2D(9, 3, strides=2),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Dropout(0.3),
                layers.Flatten(),
                layers.Dense(33, activation="tanh"),
                layers.Dropout(0.2),
                layers.Dense(5, activation="softmax"),
            ]
        )
        model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, batch_size=16, epochs=3, verbose=0).history
        return [*model.get_weights(), np.array(history["loss"]), model.predict(x)]

    before = fastcnn.runtime.num_threads()
    try:
        one, *others = [weights(threads) for threads in (1, 2, 3)]
    finally:
        fastcnn.runtime.set_num_threads(before)
    for other in others:
        for a, b in zip(one, other):
            np.testing.assert_array_equal(a, b)


def test_models_train_and_keep_private_parts(line, tmp_path):
    class Hidden(Model):
        def __init__(self):
            super().__init__()
            self._layer = layers.Dense(1)
            self._shift = fastcnn.Variable(np.zeros(1, np.float32), name="shift")

        def get_config(self):
            return {}

        def call(self, x):
            return ops.add(self._layer(x), self._shift)

    model = Hidden()
    model.compile("sgd", "mse")
    model(line[0])
    before = model.get_weights()
    model.fit(*line, verbose=0)
    assert len(before) == 3
    assert all((a != b).any() for a, b in zip(model.get_weights(), before))
    model.save(tmp_path / "hidden")
    again = fastcnn.load(tmp_path / "hidden", custom_objects={"Hidden": Hidden})
    np.testing.assert_array_equal(again.predict(line[0]), model.predict(line[0]))


def test_interrupted_training_leaves_a_usable_model(line, linear):
    model = linear()

    class Interrupt(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 2:
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        model.fit(*line, batch_size=8, epochs=5, callbacks=[Interrupt()], verbose=1)
    assert model.optimizer.iterations == 3
    assert np.isfinite(model.predict(line[0])).all()
    model.fit(*line, verbose=0)


def test_models_within_models_share_training(line):
    inner = Sequential([Input((3,)), layers.Dense(4, "tanh")])
    x = Input((3,))
    model = Model(x, layers.Dense(1)(inner(x)))
    model.compile("adam", "mse")
    before = inner.get_weights()
    model.fit(*line, verbose=0)
    assert (inner.get_weights()[0] != before[0]).any()
    assert len(model.trainable_weights) == 4


def test_own_losses_metrics_and_layers(line, linear):
    def distance(y_true, y_pred):
        return ops.abs(y_true - y_pred)

    class Largest(metrics.Metric):
        def values(self, y_true, y_pred):
            return ops.square(y_true - y_pred)

    model = linear(loss=distance, metrics=[distance, Largest(name="squares")])
    logs = model.evaluate(*line, verbose=0, return_dict=True)
    error = line[1] - model.predict(line[0])
    assert list(logs) == ["loss", "distance", "squares"]
    assert logs["loss"] == logs["distance"]
    assert logs["squares"] == pytest.approx(float((error**2).mean()), rel=1e-4)
