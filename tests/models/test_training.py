"""Training: steps against formulas, and fit with everything that can be handed to it."""

from __future__ import annotations

import signal

import numpy as np
import pytest

import fastcnn
from fastcnn import (
    Input,
    Model,
    Sequential,
    callbacks,
    graph,
    layers,
    losses,
    metrics,
    ops,
    optimizers,
)
from fastcnn.keras.utils import PyDataset, to_categorical


def twins(make):
    """Two models with equal weights."""
    first, second = make(), make()
    second.set_weights(first.get_weights())
    second.shuffle_seed = first.shuffle_seed
    return first, second


def assert_same_weights(a, b, **tolerance):
    for x, y in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(x, y, **({"rtol": 0, "atol": 0} | tolerance))


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
    a, b = twins(lambda: linear("adam", metrics=["mae"]))
    history = a.fit(x, y, batch_size=20, epochs=1, shuffle=False, verbose=0).history
    logs = [b.train_on_batch(x[i : i + 20], y[i : i + 20]) for i in range(0, 64, 20)]
    assert_same_weights(a, b)
    # Each call reports its own batch, fit the mean over examples: three times 20, then 4.
    means = np.average(logs, axis=0, weights=[20, 20, 20, 4])
    np.testing.assert_allclose([history["loss"][0], history["mae"][0]], means, rtol=1e-6)


def misaligned(x):
    raw = np.zeros(x.nbytes + 1, np.uint8)
    raw[1:] = x.reshape(-1).view(np.uint8)
    return raw[1:].view(x.dtype).reshape(x.shape)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    "form",
    [
        lambda x, y: (x.astype(np.float64), y.astype(np.float64)),
        lambda x, y: (np.asfortranarray(x), y[:, 0]),
        lambda x, y: (x.astype(">f4"), y),
        lambda x, y: (x.tolist(), y.tolist()),
        lambda x, y: (np.repeat(x, 2, 0)[::2], y),
        lambda x, y: (misaligned(x), y),
        lambda x, y: (read_only(x), y),
    ],
)
def test_any_form_of_array_gives_the_same(line, linear, form, shuffle):
    a, b = twins(linear)
    a.fit(*line, epochs=2, shuffle=shuffle, verbose=0)
    b.fit(*form(*line), epochs=2, shuffle=shuffle, verbose=0)
    assert_same_weights(a, b)


def images(count=24):
    generator = np.random.default_rng(1)
    return generator.integers(0, 256, (count, 6, 6, 3), np.uint8), generator.integers(0, 4, count)


def classifier(loss="sparse_categorical_crossentropy", **settings):
    model = Sequential(
        [
            Input((6, 6, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(optimizers.SGD(0.1), loss, **({"metrics": ["accuracy"]} | settings))
    return model


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int16, np.int64, np.float16, np.float32, np.float64]
)
def test_images_of_any_dtype(dtype):
    x, y = images()
    a, b = twins(classifier)
    a.fit(x, y, verbose=0)
    b.fit(x.astype(dtype), y[:, None].astype(np.uint8), verbose=0)
    assert_same_weights(a, b)


def test_sparse_and_one_hot_labels_are_one_loss():
    x, y = images()
    a, b = twins(classifier)
    b.compile(optimizers.SGD(0.1), "categorical_crossentropy", metrics=["accuracy"])
    first = a.fit(x, y, epochs=3, verbose=0).history
    second = b.fit(x, to_categorical(y, 4), epochs=3, verbose=0).history
    for key, values in first.items():
        np.testing.assert_allclose(second[key], values, rtol=1e-5)


def test_mapped_files_are_read_batch_by_batch(tmp_path, line, linear):
    x, y = line
    np.save(tmp_path / "x.npy", x)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    a, b = twins(lambda: linear("adam"))
    a.fit(x, y, batch_size=64, epochs=3, shuffle=False, verbose=0)
    b.fit(mapped, y, batch_size=64, epochs=3, shuffle=True, verbose=0)
    # One batch of everything in ascending order: shuffling must have changed nothing.
    assert_same_weights(a, b)


class Batches(PyDataset):
    def __init__(self, x, y, size=16):
        self.x, self.y, self.size = x, y, size
        self.epochs = 0

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, index):
        part = slice(index * self.size, (index + 1) * self.size)
        return self.x[part], self.y[part]

    def on_epoch_end(self):
        self.epochs += 1


def endless(x, y, size=16):
    while True:
        for start in range(0, len(x), size):
            yield x[start : start + size], y[start : start + size]


def test_sources_of_batches(line, linear):
    a, b = twins(linear)
    c, _ = twins(linear)
    c.set_weights(a.get_weights())
    batches = Batches(*line)
    a.fit(*line, batch_size=16, epochs=3, shuffle=False, verbose=0)
    b.fit(batches, epochs=3, shuffle=False, verbose=0)
    c.fit(endless(*line), steps_per_epoch=4, epochs=3, verbose=0)
    assert batches.epochs == 3
    assert_same_weights(a, b)
    assert_same_weights(a, c)
    np.testing.assert_array_equal(a.predict(line[0]), a.predict(batches))
    assert a.evaluate(*line, verbose=0) == pytest.approx(
        a.evaluate(endless(*line), steps=4, verbose=0)
    )


def test_generators_that_end_too_early(line, linear):
    model = linear()
    source = iter([line] * 3)
    with pytest.warns(UserWarning, match="ran out"):
        history = model.fit(source, steps_per_epoch=2, epochs=4, verbose=0)
    assert len(history.history["loss"]) == 2


def test_arrays_go_on_from_epoch_to_epoch_with_steps(line, linear):
    history = linear().fit(*line, batch_size=48, steps_per_epoch=3, epochs=2, verbose=0)
    assert len(history.history["loss"]) == 2


def test_validation(line, linear):
    x, y = line
    a, b = twins(linear)
    split = a.fit(x, y, validation_split=0.25, epochs=2, shuffle=False, verbose=0).history
    given = b.fit(
        x[:48], y[:48], validation_data=(x[48:], y[48:]), epochs=2, shuffle=False, verbose=0
    ).history
    assert split == given
    assert split["val_loss"][-1] == a.evaluate(x[48:], y[48:], verbose=0)
    rare = a.fit(x, y, validation_split=0.25, epochs=4, validation_freq=2, verbose=0).history
    assert len(rare["val_loss"]) == 2


def test_sample_weights_scale_the_loss(line, linear):
    x, y = line
    weights = np.linspace(0, 2, len(x))
    model = linear(metrics=["mse"], weighted_metrics=["mae"])
    error = y - model.predict(x)
    loss, plain, weighted = model.evaluate(x, y, sample_weight=weights, batch_size=64, verbose=0)
    np.testing.assert_allclose(loss, (weights * (error**2)[:, 0]).mean(), rtol=1e-5)
    np.testing.assert_allclose(plain, (error**2).mean(), rtol=1e-5)
    np.testing.assert_allclose(weighted, np.average(abs(error[:, 0]), weights=weights), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:class_weight has nothing")
@pytest.mark.parametrize("one_hot", [False, True])
def test_class_weights_are_sample_weights(one_hot):
    x, y = images()
    labels = to_categorical(y, 4) if one_hot else y
    a, b = twins(
        lambda: classifier(
            "categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy"
        )
    )
    a.fit(x, labels, class_weight={0: 3.0, 2: 0.5}, verbose=0)
    b.fit(x, labels, sample_weight=np.array([3.0, 1.0, 0.5, 1.0])[y], verbose=0)
    assert_same_weights(a, b)


def test_full_batch_gradient_descent_does_not_depend_on_pieces(line, linear):
    a, b = twins(lambda: linear(optimizers.GradientDescent(0.1)))
    first = a.fit(*line, batch_size=64, epochs=5, verbose=0).history["loss"]
    second = b.fit(*line, batch_size=10, epochs=5, verbose=0).history["loss"]
    np.testing.assert_allclose(first, second, rtol=1e-5)
    assert_same_weights(a, b, rtol=1e-5)
    assert a.optimizer.iterations == 5
    with pytest.raises(ValueError, match="whole training set"):
        a.fit(endless(*line), steps_per_epoch=2, verbose=0)


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


def test_a_step_of_two_models(rng):
    """A student follows a teacher, which gets no gradient though it is listed."""
    x = graph.placeholder((16, 3))
    teacher, student = layers.Dense(2), layers.Dense(2)
    target = ops.stop_gradient(teacher(x))
    loss = losses.MeanSquaredError()(target, student(x))
    variables = [*teacher.trainable_weights, *student.trainable_weights]
    step = fastcnn.training_step(loss, variables, optimizers.SGD(0.3), inputs=[x], outputs=[target])
    before = teacher.get_weights()
    data = rng.standard_normal((16, 3), np.float32)
    values = [float(step(data)[0]) for _ in range(100)]
    assert values[-1] < 1e-3 < values[0]
    np.testing.assert_array_equal(teacher.get_weights()[0], before[0])


def test_steps_refuse_what_makes_no_sense():
    x = graph.placeholder((4, 2))
    layer = layers.Dense(1)
    y = layer(x)
    with pytest.raises(ValueError, match="must be a scalar Tensor.*ops.mean"):
        fastcnn.training_step(y, layer.trainable_weights, "sgd", inputs=[x])
    with pytest.raises(ValueError, match="nothing to train"):
        fastcnn.training_step(ops.mean(y), [], "sgd", inputs=[x])
    with pytest.raises(ValueError, match="not among the inputs"):
        fastcnn.training_step(ops.mean(y), layer.trainable_weights, "sgd", inputs=[])


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


def test_bytes_are_cast_only_for_layers_that_need_it():
    x, _ = images()
    for first in (layers.Rescaling(1 / 255), layers.Conv2D(2, 1)):
        model = Sequential([Input((6, 6, 3)), first])
        model.predict(x)
        with fastcnn.tracing():
            y = model(graph.placeholder(x.shape, "uint8"))
        assert y.dtype == np.float32
        np.testing.assert_allclose(model.predict(x), model.predict(x.astype("f")), rtol=1e-6)


def test_every_fit_of_full_batch_gradient_descent_trains(line, linear):
    model = linear(optimizers.GradientDescent(0.01))
    before = model.get_weights()
    for _ in range(50):
        model.fit(*line, batch_size=10, verbose=0)
        after = model.get_weights()
        assert all((a != b).any() for a, b in zip(after, before))
        before = after
