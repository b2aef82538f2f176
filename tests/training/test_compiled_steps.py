"""Programs of models: what compiles one anew, what does not, and threads that want one at once."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, Sequential, graph, layers, ops, optimizers, runtime


def test_layers_may_be_exchanged():
    class Headed(Model):
        def __init__(self):
            super().__init__()
            self.head = layers.Dense(2)

        def call(self, x):
            return self.head(x)

    model = Headed()
    x = np.ones((3, 4))
    assert model.predict(x).shape == model(x).shape == (3, 2)
    model.head = layers.Dense(5)
    assert model.predict(x).shape == model(x).shape == (3, 5)


class Stack(Model):
    """Layers in a list and in a dict, a Variable, a model inside."""

    def __init__(self):
        super().__init__()
        self._blocks = []
        self._named = {}
        self.scale = fastcnn.Variable(np.ones(1, np.float32))
        self.inner = Sequential([Input((4,)), layers.Dense(3)])

    def call(self, x):
        for layer in [*self._blocks, *self._named.values(), self.inner]:
            x = layer(x)
        return ops.multiply(x, self.scale)


def change_list(model):
    model._blocks.append(layers.Dense(4, kernel_initializer="ones"))


def change_dict(model):
    model._named["last"] = layers.Rescaling(2.0)


def change_variable(model):
    model.scale = fastcnn.Variable(np.full(1, 3, np.float32))


def change_inner(model):
    model.inner.add(layers.Dense(5))


def shrink_inner(model):
    model.inner.pop()


def drop(model):
    del model._blocks[0]


@pytest.mark.parametrize(
    "changes",
    [[change_list], [change_list, drop], [change_dict], [change_variable], [change_inner],
     [change_inner, shrink_inner]],
)  # fmt: skip
def test_changed_models_are_compiled_anew(changes, rng):
    model = Stack()
    x = rng.standard_normal((2, 4)).astype(np.float32)
    model.predict(x), model(x)
    for change in changes:
        before = model.predict(x)
        change(model)
        after = model.predict(x)
        np.testing.assert_array_equal(after, model(x))
        assert after.shape != before.shape or (after != before).any()
        with fastcnn.tracing(training=False):
            tensor = graph.placeholder((2, 4))
            want = graph.compile([tensor], [model.on_tensors([tensor])])(x)[0]
        np.testing.assert_array_equal(after, want)


def test_frozen_layers_stay(line):
    model = Sequential([Input((3,)), layers.Dense(4, "tanh"), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(*line, verbose=0)
    before = model.get_weights()
    model.layers[0].trainable = False
    model.fit(*line, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(after[0], before[0])
    assert (after[2] != before[2]).any()


def test_frozen_averages_stay_without_other_weights(rng):
    norm = layers.BatchNormalization(center=False, scale=False)
    model = Sequential([Input((3,)), norm, layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = rng.standard_normal((8, 3), np.float32), rng.standard_normal((8, 1), np.float32)
    model.fit(x, y, verbose=0)
    norm.trainable = False
    before = norm.get_weights()
    model.fit(x, y, verbose=0)
    for a, b in zip(norm.get_weights(), before):
        np.testing.assert_array_equal(a, b)


def test_freezing_back_and_forth_compiles_twice(line, linear):
    model = linear()
    for _ in range(4):
        for trainable in (["kernel"], ["kernel", "bias"]):
            for weight in model.weights:
                weight.trainable = weight.name.split("/")[-1] in trainable
            model.layers[0].trainable = True
            model.train_on_batch(*line)
    assert len(model.programs) == 2


def test_learning_rates_change_without_compiling_anew(line, linear):
    model = linear(optimizers.SGD(lambda step: 0.1 / (step + 1)))
    model.fit(*line, epochs=2, batch_size=32, verbose=0)
    assert model.optimizer.iterations == 4
    assert model.optimizer.learning_rate == pytest.approx(0.1 / 5)
    programs = len(model.programs)
    before = model.get_weights()
    model.optimizer.learning_rate = 0.0
    model.fit(*line, epochs=1, batch_size=32, verbose=0)
    assert len(model.programs) == programs
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_full_batch_gradient_descent_compiles_once(line, linear, monkeypatch):
    model = linear(optimizers.GradientDescent(0.01))
    model.fit(*line, batch_size=10, verbose=0)
    monkeypatch.setattr(graph, "compile", None)
    model.fit(*line, batch_size=10, epochs=3, verbose=0)
    assert model.optimizer.iterations == 4


def test_other_models_do_not_compile_anything_anew(line, linear):
    model = linear()
    model.fit(*line, verbose=0)
    programs = len(model.programs)
    change_inner(Stack())
    linear().layers[0].trainable = False
    model.fit(*line, verbose=0)
    assert len(model.programs) == programs


def test_first_call_of_a_subclass_compiles_once(line):
    class Own(Model):
        def __init__(self):
            super().__init__()
            self._layer = layers.Dense(1)

        def call(self, x):
            return self._layer(x)

    model = Own()
    model.compile("sgd", "mse")
    for _ in range(3):
        model.train_on_batch(*line)
    assert len(model.programs) == 1


def test_many_shapes_keep_few_programs(rng):
    x = Input((None, None, 3))
    model = Model(x, layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3, padding="same")(x)))
    for extent in range(1, 60):
        assert model.predict(np.zeros((1, extent, 5, 3)), verbose=0).shape == (1, 2)
    assert len(model.programs) <= 16


def test_deferred_models_are_built_by_data(line):
    model = Sequential([layers.Dense(4, "relu"), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert not model.built
    model.fit(*line, verbose=0)
    assert model.input_shape == (None, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.predict(line[0]).shape == (64, 1)


@pytest.mark.parametrize("how", ["predict", "call", "build"])
def test_unbuilt_models_are_built_once_by_threads(how, rng):
    x = rng.standard_normal((2, 6), np.float32)
    ways = {
        "predict": lambda model: model.predict(x),
        "call": lambda model: model(x),
        "build": lambda model: model.build((None, 6)),
    }
    for _ in range(10):
        model = Sequential([layers.Dense(6) for _ in range(8)])
        start, failures = threading.Barrier(4), []

        def work(model=model, start=start, failures=failures):
            start.wait()
            try:
                ways[how](model)
            except Exception as error:
                failures.append(error)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures
        want = x
        for layer in model.layers:
            want = want @ layer.get_weights()[0]
        np.testing.assert_allclose(model.predict(x), want, rtol=1e-4, atol=1e-4)
        assert len(model.graph.calls) == len(model.layers) == 8


def test_two_threads_use_one_model(line, linear):
    x, y = line
    model = linear("adam")
    found = []

    def predict():
        for _ in range(200):
            found.append(np.isfinite(model.predict(x, verbose=0)).all())

    thread = threading.Thread(target=predict)
    thread.start()
    model.fit(x, y, epochs=20, batch_size=8, verbose=0)
    thread.join()
    assert len(found) == 200
    assert all(found)


def test_steps_of_one_optimizer_wait_for_each_other(line, linear):
    """Batches of different sizes have steps of their own, but one count."""
    x, y = line
    model = linear("adam")

    def train(size):
        for _ in range(200):
            model.train_on_batch(x[:size], y[:size])

    threads = [threading.Thread(target=train, args=(size,)) for size in (8, 16, 32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert model.optimizer.iterations == 600


WAYS = {
    "predict": lambda model, x: model.predict(x),
    "predict_on_batch": lambda model, x: model.predict_on_batch(x),
    "call": lambda model, x: model(x),
    "layer": lambda model, x: model.layers[0](x),
}


@pytest.fixture
def default_policy():
    winograd = runtime.winograd()
    runtime.set_winograd(True)
    yield
    runtime.set_isa(None)
    runtime.set_winograd(winograd)


def wide_convolution():
    model = Sequential([Input((12, 12, 32)), layers.Conv2D(32, 3, padding="same")])
    model.compile(loss="mse")
    return model, np.random.default_rng(0).normal(size=(4, 12, 12, 32)).astype(np.float32)


@pytest.mark.usefixtures("default_policy")
@pytest.mark.parametrize("way", WAYS)
def test_settings_of_the_runtime_reach_shapes_that_a_model_knows(way):
    """Other kernels round differently; the ones of before are found again."""
    model, x = wide_convolution()
    run = WAYS[way]
    winograd = run(model, x)
    runtime.set_winograd(False)
    direct = run(model, x)
    kernel, bias = (weight.numpy() for weight in model.weights)
    expected = ops.conv2d(x, kernel, bias, padding="same", algorithm="direct")
    np.testing.assert_array_equal(direct, expected)
    assert not np.array_equal(direct, winograd)
    if len(isas := runtime.available_isas()) > 1:
        runtime.set_isa(isas[0])
        assert not np.array_equal(run(model, x), direct)
        runtime.set_isa(None)
    runtime.set_winograd(True)
    compiled = len(model.programs)
    np.testing.assert_array_equal(run(model, x), winograd)
    assert len(model.programs) == compiled


@pytest.mark.usefixtures("default_policy")
def test_settings_of_the_runtime_reach_training_and_measuring():
    model, x = wide_convolution()

    def train():
        model.train_on_batch(x, x)
        model.test_on_batch(x, x)
        return len(model.programs)

    assert train() == train() == 2
    runtime.set_winograd(False)
    assert train() == train() == 4
