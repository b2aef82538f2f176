"""A layer of one's own, with weights that meet no input first, learns what it learns in Keras."""

from __future__ import annotations

import os

import numpy as np
import pytest

import fastcnn.keras as ours
from fastcnn import ops as our_ops

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
pytestmark = pytest.mark.filterwarnings("ignore")

try:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
except ImportError:
    keras = None
    pytestmark = [pytestmark, pytest.mark.skip(reason="Keras 3 is not installed")]


def own_layer(package, ops, layers):
    class Inner(layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(name="scale", shape=(3,), initializer="zeros")

        def call(self, x):
            return x * ops.exp(self.scale)

    class Own(layers.Layer):
        def __init__(self, **rest):
            super().__init__(**rest)
            self.inner = Inner()

        def build(self, input_shape):
            self.a = self.add_weight(name="a", shape=(3,), initializer="ones")
            self.b = self.add_weight(name="b", shape=(3,), initializer="ones")
            self.c = self.add_weight(name="c", shape=(1,), initializer="ones")
            self.d = self.add_weight(name="d", shape=(2,), initializer="ones")

        def call(self, x):
            y = self.inner(x) * ops.add(self.a, self.b)
            y = y + ops.concatenate([self.c, self.d]) - 0.5 * self.a
            return y * (self.a / 2.0 - -self.b)

    inside = package.Sequential([package.Input((3,)), Own(name="own")])
    model = package.Sequential([package.Input((3,)), inside, layers.Dense(2, name="dense")])
    model.compile(package.optimizers.SGD(0.01), "mse")
    return model


def by_name(model):
    return {weight.name.split("/")[-1]: np.asarray(weight) for weight in model.weights}


def test_same_steps_as_in_keras():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((8, 3), np.float32), rng.standard_normal((8, 2), np.float32)
    mine = own_layer(ours, our_ops, ours.layers)
    theirs = own_layer(keras, keras.ops, keras.layers)
    start = {name: rng.uniform(0.1, 1, a.shape) for name, a in by_name(mine).items()}
    for model in (mine, theirs):
        for weight in model.weights:
            weight.assign(start[weight.name.split("/")[-1]].astype(np.float32))
    for _ in range(4):
        a, b = mine.train_on_batch(x, y), theirs.train_on_batch(x, y)
        np.testing.assert_allclose(a, b, rtol=1e-5)  # each of its own batch
    found, want = by_name(mine), by_name(theirs)
    assert len(found) == len(want) == 7
    for name, value in want.items():
        assert abs(value - start[name]).max() > 1e-3, name
        np.testing.assert_allclose(found[name], value, rtol=1e-5, atol=1e-6, err_msg=name)
