"""Model files: what comes back, and what is not written."""

from __future__ import annotations

import json
import os
import time

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, Sequential, layers, ops
from fastcnn.saving import model_file
from saving.raw_files import network, parts


@pytest.fixture
def data(rng):
    return rng.integers(0, 256, (20, 8, 8, 3), np.uint8), rng.integers(0, 3, 20)


def test_sequential_comes_back(path, data):
    model = network()
    model.metadata["class_names"] = ["a", "b", "c"]
    model.save(path)
    again = fastcnn.load(path, verify=True)
    assert type(again) is Sequential
    assert again.name == model.name
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert again.metadata == {"class_names": ["a", "b", "c"]}
    assert not again.compiled
    np.testing.assert_array_equal(again.predict(data[0]), model.predict(data[0]))


def test_functional_comes_back(path, rng):
    a, b = Input((4, 4, 2), name="a"), Input((3,), name="b")
    shared = layers.Dense(3, name="shared")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1)(a))
    inner = Sequential([Input((3,)), layers.Dense(3, "relu")], name="inner")
    y = ops.multiply(inner(shared(x)) + shared(b), np.array([1.5, 2.5, -1.0], np.float32))
    model = Model({"a": a, "b": b}, {"sum": ops.sum(y, axis=-1, keepdims=True), "y": y - 1})
    model.save(path)
    again = fastcnn.load(path)
    x = {"a": rng.standard_normal((5, 4, 4, 2)), "b": rng.standard_normal((5, 3))}
    want, got = model.predict(x), again.predict(x)
    assert list(got) == ["sum", "y"]
    for key, values in want.items():
        np.testing.assert_array_equal(got[key], values)
    assert len(again.weights) == len(model.weights)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop"])
def test_training_goes_on_bit_for_bit(path, data, optimizer):
    def train(model, **epochs):
        return model.fit(*data, batch_size=8, verbose=0, **epochs)

    model = network(dropout=0.4)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    train(model, epochs=2)
    model.save(path)
    want = train(model, initial_epoch=2, epochs=4).history
    again = fastcnn.load(path)
    got = train(again, initial_epoch=2, epochs=4).history
    assert got == want
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class Doubled(layers.Layer):
    def __init__(self, units, **rest):
        super().__init__()
        self.units = units
        self.inner = layers.Dense(units)

    def call(self, x):
        return ops.multiply(self.inner(x), 2.0)

    def get_config(self):
        return {"units": self.units}


class Small(Model):
    def __init__(self, units=2):
        super().__init__()
        self.units = units
        self.first = Doubled(units)
        self.second = layers.Dense(1)

    def call(self, x):
        return self.second(self.first(x))


def half_squared_error(y_true, y_pred):
    return ops.multiply(ops.mean_squared_error(y_true, y_pred), 0.5)


def test_custom_objects_are_handed_in(path, rng):
    model = Small(5)
    model.compile("adam", half_squared_error)
    x, y = rng.standard_normal((16, 3)), rng.standard_normal((16, 1))
    model.fit(x, y, verbose=0)
    model.save(path)
    with pytest.raises(ValueError, match="unknown layer 'Small'.*custom_objects"):
        fastcnn.load(path)
    mine = {"Small": Small, "Doubled": Doubled, "half_squared_error": half_squared_error}
    again = fastcnn.load(path, custom_objects=mine)
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


def test_weights_alone(path, data):
    model, other = network(), network()
    model.save_weights(path)
    other.load_weights(path)
    np.testing.assert_array_equal(other.predict(data[0]), model.predict(data[0]))
    with pytest.raises(ValueError, match="weights only.*load_weights"):
        fastcnn.load(path)
    with pytest.raises(ValueError, match="holds 8 weights, the model has 2"):
        Sequential([Input((2,)), layers.Dense(2)]).load_weights(path)


def test_unbuilt_models_have_nothing_to_save(path):
    with pytest.raises(ValueError, match="no weights yet"):
        Sequential([layers.Dense(2)]).save(path)
    assert not path.exists()


def test_written_at_once_or_not_at_all(path, tmp_path, monkeypatch):
    network().save(path)
    before = path.read_bytes()
    with pytest.raises(FileExistsError, match="overwrite=True"):
        network().save(path, overwrite=False)

    def broken(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        network().save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.safetensors"]
    with pytest.raises(FileNotFoundError, match="no folder"):
        network().save(tmp_path / "missing" / "model")


def test_permissions_are_those_of_any_file(path, tmp_path):
    (tmp_path / "other").write_text("")
    network().save(path)
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_brackets_in_strings_are_no_depth(path):
    model = network()
    model.metadata["text"] = '"[{\\' * 300
    model.save(path)
    assert fastcnn.load(path).metadata == model.metadata


def test_what_could_not_be_read_again_is_not_saved(path, tmp_path, monkeypatch):
    model = network()
    model.metadata["text"] = "x" * (64 << 20)
    with pytest.raises(ValueError, match="cannot save .* at most 67108864"):
        model.save(path)
    model.metadata = {"deep": json.loads("[" * 250 + "]" * 250)}
    with pytest.raises(ValueError, match="cannot save .* nested 25. deep"):
        model.save(path)
    model.metadata = {}
    monkeypatch.setattr(model_file, "_MOST_LAYERS", 5)
    with pytest.raises(ValueError, match="has 8 layers, at most 5"):
        model.save(path)
    assert os.listdir(tmp_path) == []


def test_names_of_many_layers_are_compared_quickly():
    many = [layers.Activation("relu", name=f"a{number}") for number in range(20_000)]
    start = time.perf_counter()
    Sequential(many)
    assert time.perf_counter() - start < 3
    with pytest.raises(ValueError, match="a layer called 'a0' is there already"):
        Sequential([*many, layers.Activation("relu", name="a0")])


def test_weights_of_the_same_name(path):
    inner = [
        Sequential([Input((1,)), layers.Dense(1, use_bias=False, name=name)])
        for name in ["same", "same", "optimizer/0", "optimizer/0", "same"]
    ]
    Sequential(inner).save(path)
    names = [name for name in parts(path)[0] if name != "__metadata__"]
    assert sorted(names) == [
        "0/kernel:2", "0/kernel:3", "same/kernel", "same/kernel:2", "same/kernel:3"
    ]  # fmt: skip
    again = fastcnn.load(path)
    np.testing.assert_array_equal(again.predict([[3.0]]), Sequential(inner).predict([[3.0]]))


def test_names_of_many_outputs():
    x = Input((3,))
    same = layers.Activation("relu", name="same")
    model = Model(x, [same(x) for _ in range(3)])
    assert model.output_names == ["same", "same_1", "same_2"]


def my_schedule(step):
    return 0.1 / (step + 1)


def test_schedules_are_handed_in(path):
    model = network()
    model.compile(fastcnn.optimizers.SGD(my_schedule), "mse")
    model.save(path)
    with pytest.raises(ValueError, match="unknown learning rate schedule 'my_schedule'"):
        fastcnn.load(path)
    again = fastcnn.load(path, custom_objects={"my_schedule": my_schedule})
    assert again.optimizer.learning_rate == 0.1
