"""Layers: what they compute, what they keep, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import activations, graph, layers, ops, reference
from fastcnn.graph.variable import Variable
from fastcnn.layers.base.trace_context import tracing
from fastcnn.naming import clear_names

# One of each, with the shape of an input (or of several); arguments differ from the defaults.
CASES = [
    pytest.param(layers.Activation("tanh"), (2, 3), id="Activation"),
    pytest.param(layers.Add(), [(2, 3), (2, 3)], id="Add"),
    pytest.param(layers.AveragePooling2D(2, 1, "same"), (2, 5, 5, 3), id="AveragePooling2D"),
    pytest.param(layers.BatchNormalization(momentum=0.5, epsilon=0.1), (4, 3), id="BatchNorm"),
    pytest.param(layers.Concatenate(axis=1), [(2, 3), (2, 4)], id="Concatenate"),
    pytest.param(layers.Conv2D(4, 3, 2, "same", activation="relu"), (2, 7, 7, 3), id="Conv2D"),
    pytest.param(layers.Conv2D(4, (1, 2), groups=2, use_bias=False), (1, 3, 3, 2), id="grouped"),
    pytest.param(layers.Dense(4, "sigmoid", kernel_initializer="he_normal"), (2, 3), id="Dense"),
    pytest.param(layers.Dropout(0.3, seed=5), (2, 3), id="Dropout"),
    pytest.param(layers.Flatten(), (2, 3, 4), id="Flatten"),
    pytest.param(layers.GlobalAveragePooling2D(keepdims=True), (2, 3, 3, 2), id="GlobalAverage"),
    pytest.param(layers.MaxPooling2D((2, 1), padding="same"), (2, 5, 5, 3), id="MaxPooling2D"),
    pytest.param(layers.ReLU(6, 0.1, 0.5), (2, 3), id="ReLU"),
    pytest.param(layers.Rescaling(2.0, -1.0), (2, 3), id="Rescaling"),
    pytest.param(layers.Reshape((-1, 2)), (2, 3, 4), id="Reshape"),
    pytest.param(layers.Softmax(), (2, 3), id="Softmax"),
]


def draw(rng, shape):
    if isinstance(shape, list):
        return [draw(rng, item) for item in shape]
    return rng.standard_normal(shape, np.float32) * 3


@pytest.mark.parametrize(("layer", "shape"), CASES)
def test_made_again_from_its_config(layer, shape, rng):
    x = draw(rng, shape)
    y = layer(x)
    again = type(layer).from_config(layer.get_config())
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), y)
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(("layer", "shape"), CASES)
def test_output_shape_is_known_before_data(layer, shape, rng):
    y = layer(draw(rng, shape))
    batchless = (
        [(None, *item[1:]) for item in shape] if isinstance(shape, list) else (None, *shape[1:])
    )
    assert layer.compute_output_shape(batchless) == (None, *y.shape[1:])


def test_values_are_those_of_the_operations(rng):
    x = rng.standard_normal((2, 6, 6, 3), np.float32)
    layer = layers.Conv2D(5, 3, strides=2, padding="same", activation="relu")
    y = layer(x)
    kernel, bias = layer.get_weights()
    want = reference.conv2d(x, kernel, bias, strides=2, padding="same", activation="relu")
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("x", [-2.0, 0.25, 0.75, 3.0, 9.0])
def test_relu_variations(x):
    got = layers.ReLU(max_value=6, negative_slope=0.1, threshold=0.5)(np.array([[x]]))
    want = min(x, 6) if x >= 0.5 else 0.1 * (x - 0.5)
    np.testing.assert_allclose(got, [[want]], rtol=1e-6)


def test_rescaling_takes_uint8_as_it_is():
    y = layers.Rescaling(1 / 255)(np.array([[0, 255]], np.uint8))
    np.testing.assert_allclose(y, [[0, 1]])
    assert y.dtype == np.float32


def test_names_are_counted_as_in_keras():
    clear_names()
    names = [layers.Conv2D(1, 1).name, layers.Conv2D(1, 1).name, layers.MaxPooling2D().name]
    names += [layers.ReLU().name, layers.GlobalAveragePooling2D().name]
    assert names == ["conv2d", "conv2d_1", "max_pooling2d", "re_lu", "global_average_pooling2d"]


def test_batch_normalization_follows_the_batch(rng):
    layer = layers.BatchNormalization(momentum=0.9)
    x = rng.standard_normal((64, 3), np.float32) * 2 + 1
    y = layer(x, training=True)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    mean, variance = layer.get_weights()[2:]
    np.testing.assert_allclose(mean, 0.1 * x.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variance, 0.9 + 0.1 * x.var(0), rtol=1e-5)


def test_frozen_batch_normalization_uses_its_averages(rng):
    layer = layers.BatchNormalization()
    x = rng.standard_normal((8, 3), np.float32) + 5
    layer(x)
    layer.trainable = False
    before = layer.get_weights()
    np.testing.assert_allclose(layer(x, training=True), x / np.sqrt(1.001), rtol=1e-5)
    np.testing.assert_array_equal(layer.get_weights(), before)


def test_dropout_acts_in_training_only():
    x = np.ones((100, 100), np.float32)
    layer = layers.Dropout(0.25, seed=3)
    np.testing.assert_array_equal(layer(x), x)
    y = layer(x, training=True)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    # 10,000 draws: six standard deviations are 2.6 %.
    assert abs((y == 0).mean() - 0.25) < 0.026
    assert (layer(x, training=True) != y).any()
    np.testing.assert_array_equal(layers.Dropout(0.25, seed=3)(x, training=True), y * 0 + y)


def test_dropout_on_tensors_says_where_its_seed_goes():
    with pytest.raises(RuntimeError, match="tracing"):
        layers.Dropout(0.5)(graph.placeholder((2, 2)), training=True)


class Block(layers.Layer):
    """A layer made of layers and operations."""

    def __init__(self, units, **rest):
        super().__init__(**rest)
        self.units = units
        self.inner = [layers.Dense(units), layers.BatchNormalization()]

    def call(self, x):
        for layer in self.inner:
            x = layer(x)
        return ops.add(x, 1.0)


def test_layers_inside_a_layer_belong_to_it(rng):
    block = Block(3)
    x = rng.standard_normal((4, 2), np.float32)
    assert block(x).shape == (4, 3)
    assert len(block.weights) == 6
    assert len(block.trainable_weights) == 4
    block.trainable = False
    assert not block.trainable_weights
    assert not block.inner[1].trainable
    assert block.count_params() == 2 * 3 + 3 + 4 * 3


class Private(layers.Layer):
    """Parts in attributes of all kinds, with and without an underscore."""

    def __init__(self):
        super().__init__()
        self._first = layers.Dense(2)
        self._more = {"a": [layers.Dense(3)], "b": (layers.Dense(4),)}
        self._factor = Variable(np.full(4, 2, np.float32), name="factor")
        self.count = Variable(np.zeros(1, np.float32), name="count", trainable=False)
        self.again = self._factor

    def call(self, x):
        x = self._more["b"][0](self._more["a"][0](self._first(x)))
        return ops.multiply(x, self._factor)


def test_private_attributes_and_own_variables_are_tracked(rng):
    layer = Private()
    layer(rng.standard_normal((2, 5), np.float32))
    assert [weight.name for weight in layer.weights[:2]] == ["factor", "count"]
    assert [weight.shape for weight in layer.weights[2:]] == [
        (5, 2),
        (2,),
        (2, 3),
        (3,),
        (3, 4),
        (4,),
    ]
    assert len(layer.trainable_weights) == 7
    assert [weight.name for weight in layer.non_trainable_weights] == ["count"]
    layer.trainable = False
    assert not layer.trainable_weights
    assert not layer._first.trainable


def test_layers_that_know_each_other():
    inner, outer = Private(), Private()
    inner.parent, outer.child = outer, inner
    assert {weight.name for weight in outer.weights} == {"factor", "count"}
    assert len(outer.weights) == 4
    outer.trainable = False
    assert not inner.trainable


def test_mode_reaches_layers_inside(rng):
    block = Block(3)
    with tracing(training=True) as trace:
        block(graph.placeholder((4, 2)))
    assert len(trace.assignments) == 2
    with tracing(training=True) as trace:
        block(graph.placeholder((4, 2)), training=False)
    assert not trace.assignments


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv2D(0, 3), "filters must be a positive integer, got 0"),
        (lambda: layers.Conv2D(4, (3, 3, 3)), "kernel_size must be one int or two"),
        (lambda: layers.Conv2D(4, 3, padding="full"), "'valid', 'same', got 'full'"),
        (lambda: layers.Conv2D(4, 3, data_format="channels_first"), "channels_last.*moveaxis"),
        (lambda: layers.Conv2D(4, 3, groups=3), "groups=3 does not divide filters=4"),
        (lambda: layers.Dense(2.5), "units must be a positive integer"),
        (lambda: layers.Dense(2, "swishy"), "unknown activation 'swishy'; .*known: .*relu"),
        (lambda: layers.Dense(2, kernel_initializer="golden"), "unknown initializer 'golden'"),
        (lambda: layers.Dropout(1.5), "rate must lie between 0 and 1"),
        (lambda: layers.Reshape((-1, -1)), "at most one -1"),
        (lambda: layers.Input(), "shape is missing"),
        (lambda: layers.Input((3, -2)), "negative"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (layers.Conv2D(4, 3), (2, 8, 8), "x\\[..., None\\]"),
        (layers.Dense(4), (2, None), "known last axis.*GlobalAveragePooling2D"),
        (layers.Conv2D(4, 3, groups=2), (2, 8, 8, 3), "groups=2 cannot take 3"),
        (layers.BatchNormalization(axis=1), (2, 8, 8, 3), "last axis only"),
        (layers.Reshape((5,)), (2, 3, 4), "12 elements and do not fit"),
        (layers.Add(), (2, 3), "takes a list of inputs"),
    ],
)
def test_wrong_inputs(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer(layers.Input(shape[1:]))


def test_weights_are_checked_before_any_is_replaced():
    layer = layers.Dense(3)
    layer(np.zeros((1, 2), np.float32))
    before = layer.get_weights()
    with pytest.raises(ValueError, match="has 2 weights, set_weights got 1"):
        layer.set_weights(before[:1])
    with pytest.raises(ValueError, match=r"bias.*has shape \(3,\), set_weights got \(4,\)"):
        layer.set_weights([np.ones((2, 3)), np.ones(4)])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_weights_that_no_memory_holds():
    with pytest.raises(
        ValueError, match=r"kernel' of shape \(2147483648, 2147483648\).*cannot be made"
    ):
        layers.Dense(2**31)(layers.Input((2**31,)))


@pytest.mark.parametrize("result", [None, np.ones(3)])
def test_layers_return_tensors(result):
    class Wrong(layers.Layer):
        def call(self, x):
            return result

    for x in (layers.Input((3,)), np.ones((2, 3))):
        with pytest.raises(TypeError, match="must return Tensors made with fastcnn.ops, got"):
            Wrong()(x)


def test_forgotten_super_init():
    class Forgetful(layers.Layer):
        def __init__(self):
            pass

    with pytest.raises(RuntimeError, match=r"super\(\).__init__\(\)"):
        Forgetful()(np.zeros((1, 2)))


def test_arguments_must_be_kept_to_be_saved():
    class Secretive(layers.Layer):
        def __init__(self, units):
            super().__init__()

    with pytest.raises(TypeError, match="keeps no attribute self.units"):
        Secretive(3).get_config()


class Canonical(layers.Layer):
    """As the guide of Keras writes a layer of one's own."""

    def __init__(self, units=32, **kwargs):
        super().__init__(**kwargs)
        self.size = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.size), initializer="random_normal")

    def call(self, inputs):
        return ops.matmul(inputs, self.w)

    def get_config(self):
        return {**super().get_config(), "units": self.size}


class Wide(layers.Dense):
    def __init__(self, *args, factor=2, **kwargs):
        super().__init__(*args, **kwargs)
        self.factor = factor


def test_arguments_that_go_on_to_the_base_class():
    layer = Canonical(4, name="mine", trainable=False)
    assert layer.get_config() == {"units": 4, "name": "mine", "trainable": False}
    again = Canonical.from_config(layer.get_config())
    assert (again.size, again.name, again.trainable) == (4, "mine", False)
    wide = Wide.from_config(Wide(3, "relu", factor=5, name="wide").get_config())
    assert (wide.units, wide.factor, wide.name) == (3, 5, "wide")
    assert wide.activation is activations.relu
