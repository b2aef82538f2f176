"""Layers of one's own: what they hold, their modes, arguments and mistakes."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import activations, graph, layers, ops
from fastcnn.graph.variable import Variable
from fastcnn.layers.base.trace_context import tracing


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
