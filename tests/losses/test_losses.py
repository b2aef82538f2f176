"""Losses against the float64 reference, and the ways to reduce and weigh them."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import graph, losses, ops, reference

EPS = np.finfo(np.float32).eps
CLASSES = 5


@pytest.fixture
def y_pred(rng):
    p = rng.random((6, CLASSES), np.float32) + 0.05
    return p / p.sum(-1, keepdims=True)


@pytest.fixture
def labels(rng):
    return rng.integers(0, CLASSES, 6)


def one_hot(labels):
    return np.eye(CLASSES, dtype=np.float32)[labels]


def per_example(name, labels, y_pred, from_logits):
    """What the reference says, and what the library says."""
    if name == "binary_crossentropy":
        y_true = (one_hot(labels) + np.roll(one_hot(labels), 1, -1)).clip(0, 1)
    else:
        y_true = labels if name.startswith("sparse") else one_hot(labels)
    want = getattr(reference, name)(y_true, y_pred, from_logits=from_logits)
    return want, getattr(losses, name)(y_true, y_pred, from_logits)


@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize(
    "name",
    ["categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy"],
)
def test_crossentropies(name, from_logits, labels, y_pred):
    want, got = per_example(name, labels, y_pred, from_logits)
    np.testing.assert_allclose(got, want, rtol=8 * CLASSES * EPS, atol=8 * CLASSES * EPS)


def test_errors_of_numbers(rng):
    a, b = rng.random((4, 3)), rng.random((4, 3))
    np.testing.assert_allclose(losses.mean_squared_error(a, b), ((a - b) ** 2).mean(-1), rtol=1e-5)
    np.testing.assert_allclose(losses.mean_absolute_error(a, b), abs(a - b).mean(-1), rtol=1e-5)


def test_one_number_per_example_may_lack_its_axis(rng):
    a, b = rng.random(4), rng.random((4, 1))
    np.testing.assert_allclose(
        losses.mean_squared_error(a, b), (a - b[:, 0]) ** 2, rtol=1e-5, atol=1e-7
    )
    np.testing.assert_allclose(
        losses.MeanSquaredError()(b, a), ((a - b[:, 0]) ** 2).mean(), rtol=1e-5
    )


def test_labels_of_every_pixel(rng):
    p = rng.random((2, 3, 4, CLASSES), np.float32) + 0.1
    p /= p.sum(-1, keepdims=True)
    labels = rng.integers(0, CLASSES, (2, 3, 4))
    got = losses.sparse_categorical_crossentropy(labels, p)
    assert got.shape == (2, 3, 4)
    np.testing.assert_allclose(got, losses.categorical_crossentropy(one_hot(labels), p), rtol=1e-5)


def test_label_smoothing(labels, y_pred):
    smooth = one_hot(labels) * 0.8 + 0.2 / CLASSES
    got = losses.categorical_crossentropy(one_hot(labels), y_pred, label_smoothing=0.2)
    np.testing.assert_allclose(got, -(smooth * np.log(y_pred)).sum(-1), rtol=1e-5)


@pytest.mark.parametrize(
    ("reduction", "want"),
    [
        ("sum_over_batch_size", lambda v, w: (v * w).mean()),
        ("mean", lambda v, w: (v * w).mean()),
        ("mean_with_sample_weight", lambda v, w: (v * w).sum() / w.sum()),
        ("sum", lambda v, w: (v * w).sum()),
        ("none", lambda v, w: v * w),
        (None, lambda v, w: v * w),
    ],
)
def test_reductions(reduction, want, labels, y_pred):
    weights = np.linspace(0.5, 2, 6)
    loss = losses.SparseCategoricalCrossentropy(reduction=reduction)
    values = -np.log(y_pred[np.arange(6), labels])
    np.testing.assert_allclose(loss(labels, y_pred), want(values, np.ones(6)), rtol=1e-5)
    np.testing.assert_allclose(loss(labels, y_pred, weights), want(values, weights), rtol=1e-5)
    np.testing.assert_allclose(
        loss(labels, y_pred, weights[:, None]), want(values, weights), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("activation", "name"),
    [("softmax", "CategoricalCrossentropy"), ("sigmoid", "BinaryCrossentropy")],
)
def test_probabilities_in_a_graph_are_taken_back_to_logits(activation, name):
    """Where the probability is 0 in float32, the loss is still exact and has a gradient."""
    x, y = graph.placeholder((1, 2)), graph.placeholder((1, 2))
    loss = getattr(losses, name)()(y, getattr(ops, activation)(x))
    gradient = graph.gradients(loss, [x])[0]
    run = graph.compile([x, y], [loss, gradient])
    value, slope = run(np.array([[200, -200]], np.float32), np.array([[0, 1]], np.float32))
    assert value == (400 if activation == "softmax" else 200)
    assert (slope != 0).all()


def test_functions_and_names_become_losses():
    def mine(y_true, y_pred):
        return ops.abs(ops.subtract(y_true, y_pred))

    assert losses.get(mine).name == "mine"
    assert losses.get("mse").name == "mean_squared_error"
    loss = losses.get({"class_name": "BinaryCrossentropy", "config": {"from_logits": True}})
    assert losses.get(loss) is loss
    assert loss.get_config()["from_logits"] is True
    with pytest.raises(ValueError, match="a loss is a name"):
        losses.get(3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.MeanSquaredError(reduction="average"), "reduction must be one of"),
        (
            lambda: losses.categorical_crossentropy(np.ones((2, 3)), np.ones((2, 3)), axis=0),
            "axis=-1",
        ),
        (lambda: losses.binary_crossentropy(np.ones((2, 3)), np.ones((2, 4))), "they must agree"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_plain_functions_suggest_arguments():
    y = np.ones((2, 3), np.float32)
    with pytest.raises(
        TypeError, match=r"has no argument 'from_logit'; did you mean 'from_logits'"
    ):
        losses.categorical_crossentropy(y, y, from_logit=True)
    with pytest.raises(TypeError, match="has no argument 'y_predicted'; did you mean 'y_pred'"):
        losses.mean_squared_error(y, y_predicted=y)
