"""Inputs and outputs in lists, tuples and dicts: what belongs where, and in what comes back."""

from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest

from fastcnn import Input, Model, layers, load
from fastcnn.keras.models import clone_model

ONES = np.ones((4, 3), np.float32)
Pair = namedtuple("Pair", "first second")


def crossed():
    """The keys of a dict are one way round, the names of the inputs the other: p - q."""
    a, b = Input((3,), name="q"), Input((3,), name="p")
    same = layers.Dense(3, kernel_initializer="identity")  # so that there is something to train
    return Model({"p": a, "q": b}, same(layers.Subtract()([a, b])))


def nested():
    a, b, c = (Input((3,), name=name) for name in "abc")
    outputs = {
        "s": [layers.Dense(2, name="one")(a), layers.Dense(2, name="two")(b)],
        "t": layers.Dense(1, name="three")(c),
    }
    return Model({"x": [a, b], "y": c}, outputs)


def saved_and_loaded(model, path):
    model.save(path)
    return load(path)


def by_config(model, path):
    made = Model.from_config(model.get_config())
    made.set_weights(model.get_weights())
    return made


def cloned(model, path):
    made = clone_model(model)
    made.set_weights(model.get_weights())
    return made


COPIES = [saved_and_loaded, by_config, cloned]


@pytest.mark.parametrize("copy", [None, *COPIES])
def test_the_keys_of_a_dict_count(copy, tmp_path):
    model = crossed() if copy is None else copy(crossed(), tmp_path / "m")
    given = {"q": ONES, "p": 3 * ONES}
    for result in [model(given), model.predict(given), model.predict_on_batch(given)]:
        np.testing.assert_array_equal(result, 2 * ONES)
    np.testing.assert_array_equal(model.predict([3 * ONES, ONES]), 2 * ONES)
    with pytest.raises(ValueError, match=r"inputs are \['p', 'q'\], the dict has \['p'\]"):
        model.predict({"p": ONES})
    with pytest.raises(ValueError, match=r"takes 'p' of shape"):
        model.predict({"p": ONES[:, :2], "q": ONES})


def test_in_a_model_around():
    inner = crossed()
    a, b = Input((3,), name="a"), Input((3,), name="b")
    model = Model([a, b], inner({"q": b, "p": a}))
    np.testing.assert_array_equal(model([3 * ONES, ONES]), 2 * ONES)
    np.testing.assert_array_equal(model.predict({"b": ONES, "a": 3 * ONES}), 2 * ONES)


def test_training_by_key(tmp_path):
    model = crossed()
    model.compile("sgd", "mse")
    x = {"q": np.zeros((8, 3), np.float32), "p": np.ones((8, 3), np.float32)}
    y = np.ones((8, 3), np.float32)
    assert model.evaluate(x, y, verbose=0) == 0
    assert model.evaluate(iter([(x, y)]), verbose=0) == 0
    assert model.train_on_batch(x, y) == 0
    history = model.fit(x, y, validation_split=0.5, verbose=0).history
    assert history["loss"] == history["val_loss"] == [0]


def test_names_of_inputs_serve_where_they_cannot_be_confused():
    a, b = Input((3,), name="left"), Input((3,), name="right")
    model = Model({"p": a, "q": b}, layers.Subtract()([a, b]))
    np.testing.assert_array_equal(model({"left": 3 * ONES, "right": ONES}), 2 * ONES)
    # "q" is a key here, so it is not the input of that name.
    with pytest.raises(ValueError, match="'p'"):
        crossed().predict({"q": ONES})
    twice = [Input((3,), name="same"), Input((3,), name="same")]
    model = Model(twice, layers.Subtract()(twice))
    np.testing.assert_array_equal(model([3 * ONES, ONES]), 2 * ONES)
    with pytest.raises(ValueError, match="several are called 'same'"):
        model.predict({"same": ONES})
    with pytest.raises(ValueError, match="each once"):
        model({"same": ONES})


@pytest.mark.parametrize("copy", [None, *COPIES])
def test_nested(copy, tmp_path):
    model = nested()
    x = {"y": 3 * ONES, "x": [ONES, 2 * ONES]}
    expected = model.predict(x)
    if copy is not None:
        model = copy(model, tmp_path / "m")
    for given in [x, {"y": 3 * ONES, "x": (ONES, 2 * ONES)}, [ONES, 2 * ONES, 3 * ONES]]:
        for result in [model(given), model.predict(given)]:
            assert list(result) == ["s", "t"]
            assert isinstance(result["s"], list)
            np.testing.assert_array_equal(result["s"][0], expected["s"][0])
            np.testing.assert_array_equal(result["s"][1], expected["s"][1])
            np.testing.assert_array_equal(result["t"], expected["t"])
    with pytest.raises(ValueError, match="'x/a'"):
        model.predict({"y": ONES, "x": [ONES[:, :1], ONES]})
    assert model.output_names == ["s/one", "s/two", "t"]


def test_nested_losses_and_labels():
    model = nested()
    x = {"x": [ONES, ONES], "y": ONES}
    y = {"t": ONES[:, :1], "s": [ONES[:, :2], ONES[:, :2]]}
    for settings in [
        {"loss": {"t": "mse", "s": ["mse", "mae"]}, "metrics": {"s": [["mae"], ["mse"]]}},
        {"loss": ["mse", "mae", "mse"], "metrics": [["mae"], ["mse"], None]},
        {"loss": {"s/one": "mse", "s/two": "mae", "t": "mse"}, "metrics": [["mae"], ["mse"], []]},
    ]:
        model.compile("sgd", **settings)
        logs = model.evaluate(x, y, verbose=0, return_dict=True)
        losses = ["s/one_loss", "s/two_loss", "t_loss"]
        assert set(logs) == {"loss", *losses, "s/one_mae", "s/two_mse"}
        np.testing.assert_allclose(logs["loss"], sum(logs[key] for key in losses), rtol=1e-5)
        one, two, three = (model.predict(x)[key] for key in ("s", "s", "t"))
        np.testing.assert_allclose(logs["s/one_mae"], abs(one[0] - 1).mean(), rtol=1e-5)
        np.testing.assert_allclose(logs["s/two_mse"], ((two[1] - 1) ** 2).mean(), rtol=1e-5)
        np.testing.assert_allclose(logs["t_loss"], ((three - 1) ** 2).mean(), rtol=1e-5)
    model.compile("sgd", "mse", loss_weights={"s": [2, 3], "t": 0})
    logs = model.evaluate(x, y, verbose=0, return_dict=True)
    total = 2 * logs["s/one_loss"] + 3 * logs["s/two_loss"]
    np.testing.assert_allclose(logs["loss"], total, rtol=1e-5)
    with pytest.raises(ValueError, match=r"\['u'\] are not outputs of the model"):
        model.compile("sgd", {"s": ["mse", "mse"], "u": "mse"})
    with pytest.raises(ValueError, match=r"outputs are \['s', 't'\], the dict has \['t'\]"):
        model.evaluate(x, {"t": ONES[:, :1]}, verbose=0)


def test_sample_weights_by_output():
    a = Input((3,))
    model = Model(a, {"o": layers.Dense(1)(a)})
    model.compile("sgd", "mse", weighted_metrics=["mse"])
    weights = np.array([1, 0, 0, 0], np.float32)
    x = np.random.default_rng(0).random((4, 3), np.float32)
    given = model.evaluate(x, {"o": x[:, :1]}, sample_weight={"o": weights}, verbose=0)
    assert given == model.evaluate(x, x[:, :1], sample_weight=weights, verbose=0)


@pytest.mark.parametrize("kind", [list, tuple, dict])
def test_one_output_in_a_structure(kind):
    a = Input((3,))
    y = layers.Dense(2)(a)
    model = Model(a, {"o": y} if kind is dict else kind([y]))
    for result in [model(ONES), model.predict(ONES), model.predict_on_batch(ONES)]:
        if kind is dict:
            assert list(result) == ["o"]
        else:  # as in Keras, a list of one is what is in it
            assert result.shape == (4, 2)


def test_one_input_in_a_structure():
    a = Input((3,), name="a")
    y = layers.Dense(2)(a)
    for inputs in [a, [a], (a,), {"k": a}]:
        model = Model(inputs, y)
        expected = model(ONES)
        ways = [ONES, [ONES], (ONES,), {"a": ONES}]
        for given in [*ways, {"k": ONES}] if isinstance(inputs, dict) else ways:
            np.testing.assert_array_equal(model(given), expected)
            np.testing.assert_array_equal(model.predict(given), expected)
        with pytest.raises(ValueError, match="the dict has"):
            model.predict({"other": ONES})
        with pytest.raises(ValueError, match="the dict has"):
            model({"other": ONES})


def test_named_tuples(tmp_path):
    a = Input((3,))
    model = Model(a, Pair(layers.Dense(2)(a), layers.Dense(1)(a)))
    for result in [model(ONES), model.predict(ONES)]:
        assert isinstance(result, Pair)
        assert result.second.shape == (4, 1)
    with pytest.raises(TypeError, match="Pair"):
        model.save(tmp_path / "m")


def test_keys_that_a_file_cannot_hold(tmp_path):
    a = Input((3,))
    model = Model(a, {0: layers.Dense(2)(a), 1: layers.Dense(1)(a)})
    assert list(model.predict(ONES)) == [0, 1]
    with pytest.raises(TypeError, match="key 0 .*strings"):
        model.save(tmp_path / "m")
    assert not list(tmp_path.iterdir())


class Two(Model):
    """Takes and returns a dict."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.first, self.second = layers.Dense(2), layers.Dense(1)

    def call(self, x):
        return {"z": self.first(x["a"]), "c": self.second(x["b"])}


@pytest.mark.parametrize("called", [False, True])
def test_subclasses(called, tmp_path):
    model = Two()
    x = {"b": 2 * ONES, "a": ONES}
    if called:
        model(x)
    model.compile("sgd", {"c": "mae", "z": "mse"}, metrics={"z": ["mae"]})
    y = {"c": ONES[:, :1], "z": ONES[:, :2]}
    assert set(model.fit(x, y, verbose=0).history) == {"loss", "c_loss", "z_loss", "z_mae"}
    for given in [x, {"a": ONES, "b": 2 * ONES}]:
        result = model.predict(given)
        assert list(result) == ["z", "c"]
        np.testing.assert_array_equal(result["z"], model(x)["z"])
        np.testing.assert_array_equal(result["c"], model(x)["c"])
    logs = model.evaluate(iter([(x, y)]), verbose=0, return_dict=True)
    np.testing.assert_allclose(logs["z_loss"], ((result["z"] - 1) ** 2).mean(), rtol=1e-5)
    model.save(tmp_path / "m")
    other = load(tmp_path / "m", custom_objects={"Two": Two})
    np.testing.assert_array_equal(other.predict(x)["c"], result["c"])
    assert other.evaluate(x, y, verbose=0, return_dict=True) == pytest.approx(logs)


def test_a_subclass_of_a_dict_is_first_seen_in_predict():
    x = {"b": 2 * ONES, "a": ONES}
    model = Two()
    result = model.predict(x)
    np.testing.assert_array_equal(result["z"], model(x)["z"])
    with pytest.raises(ValueError, match=r"the dict has \['a'\]"):
        model.predict({"a": ONES})


def test_a_structure_that_failed_binds_nobody(tmp_path):
    model = Two()
    with pytest.raises(KeyError):
        model.predict({"b": ONES, "c": ONES})
    assert list(model.predict({"b": ONES, "a": ONES})) == ["z", "c"]
    model = Two()
    with pytest.raises(KeyError):
        model({"b": ONES, "c": ONES})
    x = {"b": ONES, "a": ONES}
    y = model(x)
    assert list(y) == ["z", "c"]
    model.save(tmp_path / "m")
    other = load(tmp_path / "m", custom_objects={"Two": Two})
    np.testing.assert_array_equal(other.predict(x)["z"], y["z"])


def test_build_from_nested_shapes():
    class Nested(Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x[0]["a"]) + self.dense(x[1])

    model = Nested()
    model.build([{"a": (None, 3)}, (None, 3)])
    assert len(model.weights) == 2
    assert model.compute_output_shape([{"a": (None, 3)}, (None, 3)]) == (None, 2)
    result = model.predict([{"a": ONES}, ONES])
    np.testing.assert_array_equal(result, model([{"a": ONES}, ONES]))
