"""The order of layers is Keras'; tests/keras_parity/test_parity.py compares it with Keras."""

from __future__ import annotations

import numpy as np

import fastcnn
from fastcnn import layers


def names(model):
    return [layer.name for layer in model.layers]


def test_what_is_furthest_from_the_outputs_comes_first():
    x = layers.Input((4,), name="x")
    # Made first, called last, and on the short way.
    short = layers.Dense(3, name="short")(x)
    long = layers.Dense(3, name="long_2")(layers.Dense(3, name="long_1")(x))
    model = fastcnn.Model(x, layers.Add(name="sum")([short, long]))
    assert names(model) == ["x", "long_1", "short", "long_2", "sum"]
    assert [w.name for w in model.weights][:4] == [
        "long_1/kernel", "long_1/bias", "short/kernel", "short/bias",
    ]  # fmt: skip


def test_a_shared_layer_stands_where_its_first_call_does():
    a, b = (layers.Input((4,), name=name) for name in "ab")
    shared = layers.Dense(4, name="shared")
    far = layers.Dense(4, name="far")(shared(a))
    model = fastcnn.Model([a, b], layers.Add(name="sum")([shared(b), far]))
    # Both inputs are as far away as the layer's furthest call; the way back meets b first.
    assert names(model) == ["b", "a", "shared", "far", "sum"]


def test_outputs_of_a_dict_and_inputs_that_nothing_reads():
    x, unread = layers.Input((4,), name="x"), layers.Input((2,), name="unread")
    z = layers.Dense(1, name="z")(x)
    a = layers.Dense(1, name="a")(x)
    model = fastcnn.Model([x, unread], {"z": z, "a": a})
    assert names(model) == ["x", "unread", "a", "z"]


def test_saved_and_loaded_in_the_same_order(tmp_path, rng):
    x = layers.Input((4,), name="x")
    short = layers.Dense(3, name="short")(x)
    long = layers.Dense(3, name="long_2")(layers.Dense(3, name="long_1")(x))
    model = fastcnn.Model(x, layers.Add(name="sum")([short, long]))
    model.save(tmp_path / "model")
    again = fastcnn.load(tmp_path / "model")
    assert names(again) == names(model)
    for mine, kept in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, kept)
