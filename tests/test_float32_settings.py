"""Settings that are no numbers any more in float32 are refused where they are given."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from fastcnn import constraints, layers, losses, ops, optimizers, regularizers
from fastcnn.graph.float32_setting import checked_float32

#: Bounds for which infinity is a way to say none, and settings that are not computed with.
UNBOUNDED = {"max_value"}

REQUIRED = {
    "height": 2,
    "width": 2,
    "scale": 1.0,
    "stddev": 0.1,
    "rate": 0.5,
    "negative_slope": 0.1,
    "threshold": 0.5,
    "default_value": 0.0,
    "learning_rate": 0.1,
    "q": 0.5,
    "l1": 0.0,
    "l2": 0.0,
}


def named_floats(thing):
    """Parameters that are annotated as numbers."""
    for name, parameter in inspect.signature(thing).parameters.items():
        parts = {part.strip() for part in str(parameter.annotation).split("|")}
        if parts & {"float", "Rate"} and name not in UNBOUNDED:
            yield name


def settings_of(thing, **given):
    """The call's arguments: what must be given, and what is under test."""
    required = {
        name: REQUIRED[name]
        for name, parameter in inspect.signature(thing).parameters.items()
        if parameter.default is parameter.empty and name in REQUIRED
    }
    return {**required, **given}


CLASSES = {
    f"{kind.__name__}-{name}": (kind, name)
    for module in (layers, losses, optimizers, regularizers, constraints)
    for kind in {id(k): k for k in (getattr(module, n) for n in module.__all__)}.values()
    if isinstance(kind, type) and kind not in (layers.Layer, losses.Loss)
    for name in named_floats(kind)
}

# What optimizers share is in a TypedDict.
SHARED = ["clipnorm", "clipvalue", "global_clipnorm", "ema_momentum", "loss_scale_factor"]


@pytest.mark.parametrize(("kind", "name"), CLASSES.values(), ids=CLASSES)
@pytest.mark.parametrize("value", [1e39, -1e39, np.nan])
def test_classes(kind, name, value):
    with pytest.raises((TypeError, ValueError), match=name) as caught:
        kind(**settings_of(kind, **{name: value}))
    assert "unexpected keyword" not in str(caught.value)


@pytest.mark.parametrize("name", SHARED)
@pytest.mark.parametrize("value", [1e39, np.nan])
def test_settings_of_all_optimizers(name, value):
    with pytest.raises(ValueError, match=name):
        optimizers.SGD(0.1, **{name: value})


X = np.float32([[-1, 0, 2, 3]])
ONE = np.ones(4, np.float32)
OPERATIONS = {
    "leaky_relu": ((X,), ["negative_slope"]),
    "elu": ((X,), ["alpha"]),
    "celu": ((X,), ["alpha"]),
    "hard_shrink": ((X,), ["threshold"]),
    "soft_shrink": ((X,), ["threshold"]),
    "threshold": ((X,), ["threshold", "default_value"]),
    "squareplus": ((X,), ["b"]),
    "rescale": ((X,), ["scale", "offset"]),
    "dropout": ((X,), ["rate"]),
    "layer_normalization": ((X, ONE, ONE), ["epsilon"]),
    "rms_normalization": ((X, ONE), ["epsilon"]),
    "group_normalization": ((X, ONE, ONE), ["epsilon"]),
    "batch_normalization": ((X, ONE, ONE, ONE, ONE), ["epsilon"]),
    "batch_normalization_training": ((X, ONE, ONE), ["epsilon"]),
}
ROWS = [(op, name) for op, (_, names) in OPERATIONS.items() for name in names]


def call(op, name, value):
    function = getattr(ops, op)
    given = {"seed": 1} if op == "dropout" else {"groups": 2} if "group" in op else {}
    arguments = settings_of(function, **{name: value}, **given)
    return function(*OPERATIONS[op][0], **arguments)


def test_all_operations_with_settings_are_here():
    floats = {
        (op, name)
        for op, function in ops.PUBLIC.items()
        for name in named_floats(function)
        if op not in ("glu",)
    }
    assert floats == set(ROWS)


@pytest.mark.parametrize(("op", "name"), ROWS)
@pytest.mark.parametrize("value", [1e39, -1e39, np.inf, np.nan])
def test_operations(op, name, value):
    with pytest.raises(ValueError, match=name):
        call(op, name, value)


@pytest.mark.parametrize(
    ("op", "name"), [("celu", "alpha"), ("squareplus", "b")] + [r for r in ROWS if "eps" in r[1]]
)
@pytest.mark.parametrize("value", [1e-60, 1e-46, 1e-40])
def test_divisors_do_not_vanish(op, name, value):
    with pytest.raises(ValueError, match=rf"{name}.*vanish in float32"):
        call(op, name, value)
    assert np.isfinite(np.asarray(call(op, name, 1e-30)[0])).all()


def test_the_inverse_of_celus_alpha():
    with pytest.raises(ValueError, match=r"1 / alpha.*vanish"):
        ops.celu(X, 3e38)


@pytest.mark.parametrize(
    "make",
    [
        lambda value: optimizers.Adam(epsilon=value),
        lambda value: optimizers.RMSprop(epsilon=value),
        lambda value: optimizers.SGD(clipnorm=value),
        lambda value: optimizers.SGD(loss_scale_factor=value),
        lambda value: layers.BatchNormalization(epsilon=value),
        lambda value: layers.LayerNormalization(epsilon=value),
        lambda value: losses.Huber(delta=value),
        lambda value: losses.CategoricalGeneralizedCrossEntropy(q=value),
    ],
)
def test_divisors_of_objects_do_not_vanish(make):
    with pytest.raises(ValueError, match="vanish in float32"):
        make(1e-60)


def test_limits_of_float32():
    largest, smallest = (float(getattr(np.finfo(np.float32), name)) for name in ("max", "tiny"))
    for value in (largest, -largest, smallest, -smallest, 0.0, 3, np.float64(0.1), True):
        assert checked_float32("A", "b", value, divides=True) == value
    assert checked_float32("A", "b", 1e-60) == 1e-60
    for value in (np.nextafter(2.0**128, 0), -np.inf, 10**400):
        with pytest.raises(ValueError, match=r"^A: b must be finite, also in float32"):
            checked_float32("A", "b", value)
    with pytest.raises(TypeError, match=r"^A: b must be a number, got 'c'"):
        checked_float32("A", "b", "c")
