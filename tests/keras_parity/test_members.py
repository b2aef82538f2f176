"""The list of members that Keras' objects have and ours have not says what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fastcnn import keras as ours

LIST = Path(__file__).parents[2] / "docs" / "keras_members.md"
CLASSES = ["Model", "Layer", "Optimizer", "Metric", "Loss", "Callback", "History"]


def missing(name):
    section = re.search(rf"^## {name}$(.*?)(?=^## )", LIST.read_text(), re.M | re.S)
    assert section is not None
    rows = re.findall(r"^\| (`.*?) \|", section[1], re.M)
    found = [member for row in rows for member in re.findall(r"`(\w+)`", row)]
    assert len(found) == len(set(found))
    return set(found)


def objects(keras):
    """An object of each class, as most users have it."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return {
        "Model": model,
        "Layer": keras.layers.ReLU(),
        "Optimizer": model.optimizer,
        "Metric": keras.metrics.Mean(),
        "Loss": keras.losses.MeanSquaredError(),
        "Callback": keras.callbacks.Callback(),
        "History": keras.callbacks.History(),
    }


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_listed_is_not_here(name):
    listed = missing(name)
    assert not {member for member in listed if hasattr(objects(ours)[name], member)}


@pytest.mark.parametrize("name", CLASSES)
def test_everything_else_of_keras_is_here(name):
    keras = pytest.importorskip("keras", reason="needs keras")

    def public(thing):
        return {member for member in dir(thing) if not member.startswith("_")}

    differ = public(objects(keras)[name]) - public(objects(ours)[name])
    assert differ - {"fn"} == missing(name)
