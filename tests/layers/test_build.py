"""``build`` called by hand, by a layer around or by the first call makes the same weights, once."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, Sequential, layers, ops

SINGLE = [
    (lambda: layers.Dense(3), (None, 4)),
    (lambda: layers.Conv2D(2, 3), (None, 5, 5, 3)),
    (lambda: layers.SeparableConv2D(2, 3), (None, 5, 5, 3)),
    (lambda: layers.Conv2DTranspose(2, 3), (None, 5, 5, 3)),
    (lambda: layers.BatchNormalization(), (None, 4)),
    (lambda: layers.LayerNormalization(), (None, 4)),
    (lambda: layers.GroupNormalization(2), (None, 4)),
    (lambda: layers.Normalization(), (None, 4)),
    (lambda: layers.PReLU(), (None, 4)),
    (lambda: layers.ReLU(), (None, 4)),
    (lambda: Sequential([layers.Dense(3), layers.Dense(2)]), (None, 4)),
    (lambda: Pair(), (None, 4)),
    (lambda: Network(), (None, 4)),
    (lambda: Deeper(2), (None, 4)),
]


class Pair(layers.Layer):
    """Builds its inner layers by hand, as Keras' guides do."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.first, self.second = layers.Dense(5), layers.Dense(2)

    def build(self, input_shape):
        self.first.build(input_shape)
        self.second.build(self.first.compute_output_shape(input_shape))
        self.built = True

    def call(self, x):
        return self.second(self.first(x))


class Outer(layers.Layer):
    """Has a weight of its own beside a layer, and leaves the rest to the first call."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.inner = Pair()

    def build(self, input_shape):
        super().build(input_shape)
        self.scale = self.add_weight((), "ones", name="scale")

    def call(self, x):
        return ops.multiply(self.inner(x), self.scale)


class Deeper(layers.Dense):
    """Adds a weight to those of its base."""

    def build(self, input_shape):
        self.built = True  # as old scripts do at the start
        super().build(input_shape)
        self.more = self.add_weight((self.units,), "ones", name="more")

    def call(self, x):
        return ops.multiply(super().call(x), self.more)


class Network(Model):
    def __init__(self):
        super().__init__()
        self.hidden, self.last = layers.Dense(3), layers.Dense(2)

    def call(self, x):
        return self.last(self.hidden(x))


@pytest.mark.parametrize(("make", "shape"), SINGLE)
def test_built_by_hand_and_by_a_call(make, shape, rng):
    x = rng.standard_normal((2, *shape[1:]), np.float32)
    called, built = make(), make()
    called(x)
    built.build(shape)
    assert built.built
    assert [w.shape for w in built.weights] == [w.shape for w in called.weights]
    kept = [id(w) for w in built.weights]
    weights = called.get_weights()
    if weights:
        built.set_weights(weights)
    np.testing.assert_array_equal(built(x), called(x))
    built.build(shape)
    assert [id(w) for w in built.weights] == kept


def test_layers_inside_may_wait_for_the_first_call(rng):
    layer = Outer()
    layer.build((None, 4))
    assert [w.shape for w in layer.weights] == [()]
    layer(rng.standard_normal((2, 4), np.float32))
    assert [w.shape for w in layer.weights] == [(), (4, 5), (5,), (5, 2), (2,)]


def test_adapting_before_and_after_build(rng):
    data = rng.standard_normal((20, 3))
    first, second = layers.Normalization(), layers.Normalization()
    first.build((None, 3))
    first.adapt(data)
    second.adapt(data)
    second.build((None, 3))
    for layer in (first, second):
        assert len(layer.weights) == 3
        assert abs(layer(data).mean()) < 1e-6


def test_a_failed_build_leaves_no_weights():
    class Fragile(layers.Layer):
        fail = True

        def build(self, input_shape):
            self.one = self.add_weight((2,), "ones", name="one")
            if self.fail:
                raise RuntimeError("once")

        def call(self, x):
            return ops.multiply(x, self.one)

    layer = Fragile()
    for attempt in (lambda: layer.build((None, 2)), lambda: layer(np.ones((1, 2), np.float32))):
        with pytest.raises(RuntimeError, match="once"):
            attempt()
        assert not layer.built
    layer.fail = False
    layer(np.ones((1, 2), np.float32))
    assert [w.name.rpartition("/")[2] for w in layer.weights] == ["one"]


def test_a_model_of_ones_own_built_by_hand_is_saved_and_trained(rng, tmp_path):
    fastcnn.layers.base.registry.register_layers(Network)
    model = Network()
    model.build((None, 4))
    assert [w.shape for w in model.weights] == [(4, 3), (3,), (3, 2), (2,)]
    before = model.get_weights()
    model.compile("sgd", "mse")
    x, y = rng.standard_normal((8, 4), np.float32), rng.standard_normal((8, 2), np.float32)
    model.fit(x, y, verbose=0)
    assert len(model.weights) == 4
    assert not np.array_equal(model.get_weights()[0], before[0])
    model.save(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(fastcnn.load(tmp_path / "m.safetensors")(x), model(x))


def test_several_inputs_built_by_hand():
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.left, self.right = layers.Dense(2), layers.Dense(2)

        def call(self, x):
            return ops.add(self.left(x["a"]), self.right(x["b"]))

    model = Two()
    model.build({"a": (None, 3), "b": (None, 5)})
    assert [w.shape for w in model.weights] == [(3, 2), (2,), (5, 2), (2,)]


def test_functional_models_need_no_build():
    x = Input((4,))
    model = Model(x, layers.Dense(2)(x))
    model.build((None, 4))
    assert len(model.weights) == 2


class BuildsByHand(Model):
    """Makes the weights of its layer in a ``build`` of its own."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.dense = layers.Dense(2)

    def build(self, input_shape):
        self.dense.build(input_shape)

    def call(self, x):
        return self.dense(x)


@pytest.mark.parametrize("way", ["build", "named", "call", "predict"])
def test_a_model_is_saved_whoever_built_it(way, tmp_path):
    model, x = BuildsByHand(), np.ones((2, 4), np.float32)
    if way == "build":
        model.build((None, 4))
    elif way == "named":
        model.build(input_shape=(None, 4))
    elif way == "call":
        model(x)
    else:
        model.predict(x)
    model.save(tmp_path / "m")
    again = fastcnn.load(tmp_path / "m", custom_objects={"BuildsByHand": BuildsByHand})
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
