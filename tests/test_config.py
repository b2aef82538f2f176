"""What may stand for a loss, a metric, an optimizer and so on is the same everywhere."""

from __future__ import annotations

import pytest

from fastcnn import constraints, initializers, losses, metrics, optimizers, regularizers

KINDS = {
    "loss": (losses, "Huber"),
    "metric": (metrics, "MeanAbsoluteError"),
    "optimizer": (optimizers, "SGD"),
    "initializer": (initializers, "Zeros"),
    "regularizer": (regularizers, "L2"),
    "constraint": (constraints, "NonNeg"),
}


@pytest.fixture(params=KINDS)
def kind(request):
    module, name = KINDS[request.param]
    return request.param, module.get, getattr(module, name)


def test_names_classes_descriptions_and_objects(kind):
    _, get, cls = kind
    for identifier in (cls.__name__, cls, {"class_name": cls.__name__}, cls()):
        assert type(get(identifier)) is cls
    thing = cls()
    assert get(thing) is thing


def test_what_is_wrong_is_told(kind):
    word, get, cls = kind
    name = cls.__name__
    with pytest.raises(ValueError, match=f"an? {word} is a name.*got 3"):
        get(3)
    with pytest.raises(ValueError, match=f"unknown {word} 'nothing'"):
        get("nothing")
    with pytest.raises(ValueError, match=f"{word} '{name}' cannot be made from its config"):
        get({"class_name": name, "config": {"bogus": 1}})
    with pytest.raises(ValueError, match=f"{word} '{name}': config must be a dict, got 1"):
        get({"class_name": name, "config": 1})
