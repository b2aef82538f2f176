"""Data that ends before as many batches as were wanted, and data without what a call needs."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from fastcnn import Input, Model, callbacks, layers, optimizers
from fastcnn.keras.utils import PyDataset
from training.small_models import assert_same_weights, pair

SIZE = 16


def batches(x, y, count=4):
    """A generator of batches, again from the start after the last example."""
    for index in range(count):
        rows = slice(index * SIZE % len(x), index * SIZE % len(x) + SIZE)
        yield x[rows], y[rows]


class Batches(PyDataset):
    def __init__(self, x, y, count=4):
        super().__init__()
        self.x, self.y, self.count = x, y, count

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        rows = slice(index * SIZE, (index + 1) * SIZE)
        return self.x[rows], self.y[rows]


class Iterable:
    """Begins again with every loop over it."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __iter__(self):
        return batches(self.x, self.y)


@pytest.fixture
def fit(line, linear):
    """Fits three epochs; returns the history, and a model's callbacks are kept whole."""

    def run(**settings):
        return linear().fit(*line, epochs=3, verbose=0, **settings).history

    return run


@pytest.mark.parametrize(
    ("count", "steps", "validations", "message"),
    [
        (4, None, 1, "ran out in epoch 2 of 3; there is no further validation"),
        (
            6,
            4,
            2,
            r"ran out in epoch 2 of 3: measured on 2 of 4 batches \(validation_steps\); there",
        ),
        (8, 4, 2, "ran out in epoch 3 of 3; there is no further"),
    ],
)
def test_a_validation_generator_that_ends(count, steps, validations, message, line, fit):
    with pytest.warns(UserWarning, match=message) as caught:
        history = fit(validation_data=batches(*line, count), validation_steps=steps)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert (len(history["loss"]), len(history["val_loss"])) == (3, validations)


def test_callbacks_when_validation_has_ended(line, fit, tmp_path):
    log = tmp_path / "log.csv"
    kinds = [
        callbacks.EarlyStopping(patience=5, restore_best_weights=True),
        callbacks.ModelCheckpoint(tmp_path / "best.safetensors", save_best_only=True),
        callbacks.ReduceLROnPlateau(),
        callbacks.CSVLogger(log),
    ]
    with pytest.warns(UserWarning, match="ran out in epoch 2"):
        fit(validation_data=batches(*line), callbacks=kinds)
    lines = log.read_text().splitlines()
    assert [line.split(",")[-1] == "NA" for line in lines[1:]] == [False, True, True]


def test_weights_for_validation_are_put_back_when_there_is_none(line, linear):
    trained, same = pair(lambda: linear(optimizers.SGD(use_ema=True)))
    averaged = callbacks.SwapEMAWeights()
    with pytest.warns(UserWarning, match="ran out in epoch 2"):
        trained.fit(*line, epochs=3, verbose=0, validation_data=batches(*line), callbacks=averaged)
    same.fit(*line, epochs=3, verbose=0, callbacks=callbacks.SwapEMAWeights())
    assert_same_weights(trained, same)


@pytest.mark.parametrize("kind", [Batches, Iterable, lambda x, y: (x, y)])
def test_what_begins_again_is_measured_whole_every_time(kind, line, fit, recwarn):
    history = fit(validation_data=kind(*line))
    assert len(history["val_loss"]) == 3
    assert not recwarn.list


@pytest.mark.parametrize("kind", [Batches, Iterable, lambda x, y: (x, y)])
def test_more_validation_steps_than_batches(kind, line, fit):
    with pytest.warns(UserWarning, match=r"epoch 1 of 3: measured on [24] of 9 batches") as caught:
        history = fit(validation_data=kind(*line), validation_steps=9)
    assert len(caught) == 1
    assert len(history["val_loss"]) == 3


def test_validation_data_that_is_empty_from_the_start(line, fit):
    with pytest.raises(ValueError, match="there are no batches to measure on"):
        fit(validation_data=batches(*line, 0))


@pytest.mark.parametrize("kind", [Batches, Iterable, batches, lambda x, y: (x, y)])
def test_results_of_fewer_steps_say_so(kind, line, linear):
    model = linear()
    data = kind(*line)
    arrays = (
        {"x": data[0], "y": data[1], "batch_size": SIZE} if isinstance(data, tuple) else {"x": data}
    )
    whole = model.evaluate(*line, verbose=0)
    with pytest.warns(UserWarning, match=r"evaluate: .* after 4 of 9 batches \(steps\)"):
        assert model.evaluate(**arrays, steps=9, verbose=0) == pytest.approx(whole, rel=1e-5)
    if kind is batches:
        arrays = {"x": kind(*line)}
    arrays.pop("y", None)
    with pytest.warns(UserWarning, match=r"predict: .* after 4 of 9 batches \(steps\)"):
        found = model.predict(**arrays, steps=9, verbose=0)
    np.testing.assert_allclose(found, model.predict(line[0]), rtol=1e-5)


@pytest.mark.parametrize("kind", [Batches, Iterable, batches])
def test_as_many_steps_as_batches_are_all(kind, line, linear, recwarn):
    model = linear()
    model.evaluate(kind(*line), steps=4, verbose=0)
    assert len(model.predict(kind(*line), steps=4, verbose=0)) == 64
    model.fit(kind(*line), steps_per_epoch=4, verbose=0)
    assert not recwarn.list


def started(model):
    """A callback that fails if training begins."""
    return callbacks.LambdaCallback(on_train_begin=lambda logs: pytest.fail("training began"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"validation_data": "x"}, "validation_data: there are no labels .*validation_data=(x, y)"),
        ({"validation_data": ("x",)}, "validation_data: there are no labels"),
        ({"validation_data": ("x", "short")}, "validation_data: x, y and sample_weight must have"),
        ({"validation_data": ("narrow", "y")}, "validation_data: model .* takes"),
        ({"y": None}, "fit: there are no labels .* fit(x, y)"),
        ({"y": None, "validation_split": 0.5}, "fit: there are no labels"),
    ],
)
def test_labels_that_are_missing_are_missed_before_work_begins(settings, message, line, linear):
    x, y = line
    known = {"x": x, "y": y, "short": y[:5], "narrow": x[:, :2]}

    def meant(value):
        return tuple(map(meant, value)) if isinstance(value, tuple) else known.get(value)

    model = linear()
    arguments = {"x": x, "y": y} | {
        name: value if isinstance(value, float) else meant(value)
        for name, value in settings.items()
    }
    pattern = re.escape(message).replace(r"\.\*", ".*")
    with pytest.raises(ValueError, match=pattern):
        model.fit(**arguments, verbose=0, callbacks=started(model))


def test_batches_without_labels(line, linear):
    model = linear()
    inputs = [x for x, _ in batches(*line)]
    with pytest.raises(ValueError, match="fit: there are no labels"):
        model.fit(iter(inputs), verbose=0)
    with pytest.raises(ValueError, match=r"evaluate: there are no labels .*evaluate\(x, y\)"):
        model.evaluate(line[0], verbose=0)
    with pytest.raises(ValueError, match="validation_data: there are no labels"):
        model.fit(*line, validation_data=iter(inputs), verbose=0)
    assert model.predict(iter(inputs), verbose=0).shape == (64, 1)


def test_batches_that_are_lists(line, linear):
    model, same = pair(linear)
    model.fit(([x, y] for x, y in batches(*line)), verbose=0)
    same.fit(batches(*line), verbose=0)
    assert_same_weights(model, same)
    assert model.predict(([x, y] for x, y in batches(*line)), verbose=0).shape == (64, 1)


def test_lists_of_several_inputs(line):
    x, y = line
    a, b = Input((3,)), Input((3,))
    model = Model([a, b], layers.Dense(1)(layers.Add()([a, b])))
    model.compile("sgd", "mse")
    model.fit(iter([[[x, x], y], [[x, x], y]]), verbose=0)
    assert model.predict(iter([[x, x], [x, x]]), verbose=0).shape == (128, 1)


@pytest.mark.parametrize("form", [list, tuple, np.asarray])
def test_a_split_takes_any_form_of_arrays(form, line, linear):
    x, y = line
    first, second = pair(linear)
    weights = np.linspace(0, 1, 64)
    settings = {"validation_split": 0.25, "shuffle": False, "verbose": 0}
    expected = first.fit(x, y, sample_weight=weights, **settings).history
    given = [form(value.tolist()) for value in (x, y, weights)]
    assert second.fit(*given[:2], sample_weight=given[2], **settings).history == expected
    assert_same_weights(first, second)


def test_a_split_of_several_inputs_and_outputs(line):
    x, y = line
    a, b = Input((3,), name="a"), Input((3,), name="b")
    outputs = [layers.Dense(1, name="c")(a), layers.Dense(1, name="d")(b)]
    model = Model([a, b], outputs)
    model.compile("sgd", "mse")
    for inputs, labels in (([x, x], [y, y]), ({"b": x, "a": x}, {"c": y, "d": y})):
        history = model.fit(inputs, labels, validation_split=0.5, verbose=0).history
        assert "val_d_loss" in history


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (batches, TypeError, r"got the function batches: call it, batches\(\)"),
        (lambda: 0, TypeError, r"got the function <lambda>: call it"),
        ([(np.zeros((2, 3)), np.zeros((2, 1)))] * 2, TypeError, r"pass iter\(batches\) for one"),
    ],
)
def test_near_misses(x, error, message, linear):
    with pytest.raises(error, match=message):
        linear().fit(x, verbose=0)
    with pytest.raises(error, match=f"validation_data: .*{message}"):
        linear().fit(np.zeros((2, 3)), np.zeros((2, 1)), validation_data=x, verbose=0)


def test_validation_data_is_checked_once(line, linear, monkeypatch):
    checks = []
    model = linear()
    check = model._feed.check_labels
    monkeypatch.setattr(model._feed, "check_labels", lambda y: checks.append(1) or check(y))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(*line, validation_data=line, epochs=4, verbose=0)
    assert len(checks) == 2
