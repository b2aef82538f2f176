"""Copies of models by ``pickle`` and ``copy``, and of everything around them."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

from fastcnn import (
    Input,
    Model,
    Sequential,
    Variable,
    callbacks,
    layers,
    load,
    losses,
    metrics,
    ops,
    optimizers,
    schedules,
)


def pickled(thing):
    return pickle.loads(pickle.dumps(thing))


both = pytest.mark.parametrize("duplicate", [pickled, copy.deepcopy])

X = np.random.default_rng(0).random((16, 6), np.float32)
Y = np.random.default_rng(1).integers(0, 3, 16)


class Scale(layers.Layer):
    """A layer of one's own that is registered nowhere."""

    def __init__(self, start=1.0, **settings):
        super().__init__(**settings)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight((input_shape[-1],), "ones", regularizer="l2", name="factor")

    def call(self, x):
        return ops.multiply(x, self.factor)


def doubled(y_true, y_pred):
    """A loss of one's own."""
    return 2 * losses.sparse_categorical_crossentropy(y_true, y_pred)


class Own(Model):
    """A class of one's own."""

    def __init__(self, units=3, **settings):
        super().__init__(**settings)
        self.units = units
        self.scale, self.dense = Scale(), layers.Dense(units, activation="softmax")

    def call(self, x):
        return self.dense(self.scale(x))


def trained(make=None, **settings):
    if make is None:
        chain = [Input((6,)), Scale(), layers.Dropout(0.5), layers.Dense(3, "softmax")]
        make = lambda: Sequential(chain)  # noqa: E731
    model = make()
    settings = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | settings
    model.compile(optimizers.Adam(schedules.ExponentialDecay(0.1, 5, 0.5)), **settings)
    model.fit(X, Y, batch_size=4, verbose=0)
    return model


def assert_same_training(a, b):
    """Both have the same weights now, and after training on."""
    for _ in range(2):
        for x, y in zip(a.get_weights(), b.get_weights(), strict=True):
            np.testing.assert_array_equal(x, y)
        for model in (a, b):
            model.fit(X, Y, batch_size=4, verbose=0)


@both
@pytest.mark.parametrize("make", [None, Own])
def test_models_with_all_that_a_file_has(duplicate, make):
    model = trained(make, loss=doubled)
    model.metadata = {"classes": ["a", "b", "c"]}
    other = duplicate(model)
    assert type(other) is type(model)
    assert other.name == model.name
    assert other.metadata == model.metadata
    assert other.optimizer.iterations == 4
    np.testing.assert_array_equal(model.predict(X), other.predict(X))
    before = model.get_weights()
    assert_same_training(model, other)
    other.set_weights(before)
    assert any((a != b).any() for a, b in zip(model.get_weights(), before, strict=True))


@both
def test_not_compiled(duplicate):
    a = Input((6,))
    shared = layers.Dense(6)
    model = Model({"k": a}, {"o": shared(Model(a, shared(a))(a))})
    other = duplicate(model)
    assert len(other.weights) == 2
    assert not other.compiled
    np.testing.assert_array_equal(model.predict({"k": X})["o"], other.predict({"k": X})["o"])


@both
def test_not_built(duplicate):
    model = Sequential([layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    other = duplicate(model)
    other.fit(X, Y, verbose=0)
    assert not model.built
    assert len(duplicate(Own(units=5)).predict(X)[0]) == 5
    with pytest.raises(ValueError, match="call it on data"):
        duplicate(Sequential([built(layers.Dense(3))]))


def built(layer):
    layer(X)
    return layer


class Functional(Model):
    """Passes on what a graph consists of."""


class Chain(Sequential):
    def __init__(self, layers=None, name=None):
        super().__init__(layers, name=name)


class Fixed(Sequential):
    """Has a constructor of its own."""

    def __init__(self, units=3):
        super().__init__([Input((6,)), layers.Dense(units)])


@both
def test_subclasses_with_a_graph(duplicate, tmp_path):
    a = Input((6,))
    for model, kind in [
        (Functional(a, layers.Dense(3)(a)), Functional),
        (Chain([Input((6,)), layers.Dense(3)]), Chain),
        (Fixed(), Sequential),
    ]:
        model.save(tmp_path / "m")
        own = {"Functional": Functional, "Chain": Chain, "Fixed": Fixed}
        for other in [duplicate(model), load(tmp_path / "m", custom_objects=own)]:
            assert type(other) is kind
            np.testing.assert_array_equal(other.predict(X), model.predict(X))


@both
def test_what_is_frozen(duplicate, tmp_path):
    model = Own()
    model(X)
    model.scale.trainable = False
    model.dense.weights[1].trainable = False
    model.save(tmp_path / "m")
    own = {"Own": Own, "Scale": Scale}
    for other in [duplicate(model), load(tmp_path / "m", custom_objects=own)]:
        assert [weight.shape for weight in other.trainable_weights] == [(6, 3)]
        assert not other.scale.trainable


def test_in_another_process(tmp_path):
    model = Sequential([Input((6,)), layers.Dense(3)])
    path = tmp_path / "model"
    path.write_bytes(pickle.dumps([model, X, model.predict(X)]))
    code = (
        "import pickle, sys, numpy; "
        "model, x, y = pickle.load(open(sys.argv[1], 'rb')); "
        "numpy.testing.assert_array_equal(model.predict(x), y)"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True)


def test_arrays_stay_out_of_band():
    """What moves models between processes need not copy their weights."""
    model = Sequential([Input((6,)), layers.Dense(3)])
    buffers = []
    data = pickle.dumps(model, protocol=5, buffer_callback=buffers.append)
    assert sum(len(buffer.raw()) for buffer in buffers) == 4 * (6 * 3 + 3)
    other = pickle.loads(data, buffers=buffers)
    np.testing.assert_array_equal(model.predict(X), other.predict(X))


@both
def test_what_cannot_be_saved_says_why(duplicate):
    model = trained(loss=lambda a, b: losses.sparse_categorical_crossentropy(a, b))
    with pytest.raises(TypeError, match="lambda"):
        duplicate(model)

    class Same(layers.Layer):
        def call(self, x):
            return x

    first = Same

    class Same(layers.Layer):
        def __init__(self, **settings):
            super().__init__(**settings)

        def call(self, x):
            return 2 * x

    first.__qualname__ = "first.Same"
    with pytest.raises(ValueError, match="two .*called 'Same'"):
        duplicate(Sequential([Input((6,)), first(), Same()]))


def test_classes_of_one_name_cannot_be_saved(tmp_path):
    class Dense(layers.Layer):
        def call(self, x):
            return x

    model = Sequential([Input((6,)), Dense(), layers.Dense(3)])
    with pytest.raises(ValueError, match="two .*called 'Dense'"):
        model.save(tmp_path / "m")
    assert not list(tmp_path.iterdir())
    Sequential([Input((6,)), Dense()]).save(tmp_path / "m")
    custom = load(tmp_path / "m", custom_objects={"Dense": Dense})
    assert type(custom.layers[0]) is Dense


@both
def test_layers(duplicate):
    layer = Scale(start=3.0, name="scale")
    layer.note = {"any": [1, 2]}
    fresh = duplicate(layer)
    assert not fresh.built
    expected = layer(X)
    other = duplicate(layer)
    assert (other.name, other.start, other.note) == ("scale", 3.0, {"any": [1, 2]})
    assert other.note is not layer.note
    assert other.weights[0].regularizer.get_config() == layer.weights[0].regularizer.get_config()
    np.testing.assert_array_equal(other(X), expected)
    other.set_weights([np.zeros(6, np.float32)])
    np.testing.assert_array_equal(layer(X), expected)
    np.testing.assert_array_equal(fresh(X), expected)


@both
def test_sharing_among_layers_stays(duplicate):
    dense = built(layers.Dense(6))
    a, (b, weight) = duplicate([dense, (dense, dense.weights[0])])
    assert a is b
    assert weight is a.weights[0]
    assert weight in a.trainable_weights


@both
def test_a_layer_of_a_model_comes_without_it(duplicate):
    layer = layers.Dense(3)
    Sequential([Input((6,)), layer])
    other = duplicate(layer)
    np.testing.assert_array_equal(other(X), layer(X))
    with pytest.raises(AttributeError, match="applied to 0 symbolic inputs"):
        _ = other.output


@both
def test_variables(duplicate):
    variable = Variable(np.arange(3), name="v", trainable=False)
    other = duplicate(variable)
    assert (other.name, other.trainable, other.dtype) == ("v", False, variable.dtype)
    other.assign([0, 0, 0])
    np.testing.assert_array_equal(variable.numpy(), [0, 1, 2])


@both
def test_optimizers(duplicate):
    optimizer = optimizers.Adam(0.5)
    weight = Variable(np.ones(3, np.float32))
    optimizer.state(weight)[0].assign(np.full(3, 7, np.float32))
    optimizer.iterations = 5
    other, same = duplicate((optimizer, weight))
    assert (float(other.learning_rate), other.iterations) == (0.5, 5)
    np.testing.assert_array_equal(other.state(same)[0].numpy(), [7, 7, 7])
    assert other.state(same)[0] is not optimizer.state(weight)[0]
    # The rate that was read is a number, and does not bring the optimizer along.
    rate = duplicate(optimizer.learning_rate)
    assert type(rate) is float
    model = Sequential([Input((6,)), layers.Dense(3, "softmax")])
    model.compile(duplicate(trained().optimizer), "sparse_categorical_crossentropy")
    model.fit(X, Y, verbose=0)


@both
def test_history_and_callbacks(duplicate, tmp_path):
    model = Sequential([Input((6,)), layers.Dense(3, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    used = [
        callbacks.CSVLogger(tmp_path / "log.csv"),
        callbacks.ModelCheckpoint(tmp_path / "m", monitor="loss", save_best_only=True),
        callbacks.EarlyStopping("loss", restore_best_weights=True),
        callbacks.ReduceLROnPlateau("loss"),
        callbacks.TerminateOnNaN(),
        callbacks.BackupAndRestore(tmp_path / "backup"),
        callbacks.LearningRateScheduler(schedules.ExponentialDecay(0.1, 5, 0.5)),
    ]
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=used)
    other = duplicate(history)
    assert other.history == history.history
    assert other.epoch == [0, 1]
    for callback in used:
        again = duplicate(callback)
        np.testing.assert_array_equal(again.model.predict(X), model.predict(X))
        assert model.fit(X, Y, verbose=0, callbacks=[again]).history["loss"]


def test_a_history_does_not_bring_its_model_along():
    model = trained(loss=lambda a, b: losses.sparse_categorical_crossentropy(a, b))
    history = model.fit(X, Y, verbose=0)
    assert len(pickle.dumps(history)) < 1000
    assert pickled(history).model is None
    assert history.model is model


def test_the_best_model_is_kept_by_a_callback():
    kept = []

    class Keep(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            kept.append(copy.deepcopy(self.model))

    model = trained()
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[Keep()])
    first, last = kept
    np.testing.assert_array_equal(last.predict(X), model.predict(X))
    assert (first.predict(X) != last.predict(X)).any()


@both
def test_losses_and_metrics(duplicate):
    loss = duplicate(losses.SparseCategoricalCrossentropy(from_logits=True))
    assert loss.from_logits is True
    metric = metrics.Recall(thresholds=[0.2, 0.5])
    metric.update_state([0, 1, 1], [0.1, 0.3, 0.7])
    np.testing.assert_array_equal(duplicate(metric).result(), metric.result())
