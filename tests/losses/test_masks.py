"""What is masked adds nothing to a loss or to a gradient, whatever is predicted there."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import losses, ops
from fastcnn.graph import compile, gradients, placeholder
from fastcnn.layers import Dense, Input, Softmax
from fastcnn.models import Sequential

WORST = [np.nan, np.inf, -np.inf, 3e38, -3e38]


def loss_and_gradient(loss, y_true, y_pred, weight=None):
    true, pred = (placeholder(y.shape, y.dtype) for y in (y_true, y_pred))
    weights = [] if weight is None else [placeholder(weight.shape, weight.dtype)]
    value = loss(true, pred, *weights)
    run = compile([true, pred, *weights], [value, *gradients(value, [pred])])
    return run(y_true, y_pred, *([] if weight is None else [weight]))


@pytest.mark.parametrize("worst", WORST)
@pytest.mark.parametrize("from_logits", [False, True])
@pytest.mark.parametrize("ignored", [-1, 255, 1])
def test_ignored_class(rng, worst, from_logits, ignored):
    labels = np.array([0, 3, ignored, 2, ignored])
    scores = rng.uniform(0.1, 1, (5, 4)).astype(np.float32)
    loss = losses.SparseCategoricalCrossentropy(from_logits, ignored)
    kept = labels != ignored
    want = loss_and_gradient(
        losses.SparseCategoricalCrossentropy(from_logits), labels[kept], scores[kept]
    )
    bad = scores.copy()
    bad[~kept] = worst
    for spoilt in (scores, bad):
        value, gradient = loss_and_gradient(loss, labels, spoilt)
        np.testing.assert_allclose(value, want[0], rtol=1e-6)
        np.testing.assert_allclose(gradient[kept], want[1], rtol=1e-6, atol=1e-7)
        np.testing.assert_array_equal(gradient[~kept], 0)
        np.testing.assert_allclose(loss(labels, spoilt), want[0], rtol=1e-6)


LOSSES = [
    losses.BinaryCrossentropy(),
    losses.BinaryCrossentropy(from_logits=True),
    losses.BinaryFocalCrossentropy(),
    losses.CategoricalCrossentropy(),
    losses.CategoricalCrossentropy(from_logits=True),
    losses.CategoricalFocalCrossentropy(),
    losses.CategoricalHinge(),
    losses.CosineSimilarity(),
    losses.Dice(axis=1),
    losses.Hinge(),
    losses.Huber(),
    losses.KLDivergence(),
    losses.LogCosh(),
    losses.MeanAbsoluteError(),
    losses.MeanAbsolutePercentageError(),
    losses.MeanSquaredError(),
    losses.MeanSquaredLogarithmicError(),
    losses.Poisson(),
    losses.SquaredHinge(),
    losses.Tversky(axis=1),
]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
@pytest.mark.parametrize("worst", WORST)
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_weight_of_zero(rng, loss, worst, shape):
    y_true = np.eye(3, dtype=np.float32)[[0, 2, 1, 0]]
    y_pred = rng.uniform(0.1, 0.9, (4, 3)).astype(np.float32)
    weight = np.float32([1, 0, 2, 0.5]).reshape(shape)
    want = loss_and_gradient(loss, y_true, y_pred, weight)
    spoilt = y_pred.copy()
    spoilt[1] = worst
    value, gradient = loss_and_gradient(loss, y_true, spoilt, weight)
    assert np.isfinite(want[0])
    np.testing.assert_allclose(value, want[0], rtol=1e-6)
    np.testing.assert_allclose(gradient, want[1], rtol=1e-5, atol=1e-7)
    np.testing.assert_array_equal(gradient[1], 0)
    np.testing.assert_allclose(loss(y_true, spoilt, weight), want[0], rtol=1e-6)


def test_weight_of_zero_with_nan_labels(rng):
    y_pred = rng.standard_normal((3, 2)).astype(np.float32)
    y_true = np.float32([[1, 2], [np.nan, np.inf], [3, 4]])
    weight = np.float32([1, 0, 1])
    loss = losses.MeanSquaredError()
    value, gradient = loss_and_gradient(loss, y_true, y_pred, weight)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_weights_of_pixels(rng):
    y_true, y_pred = (rng.standard_normal((2, 3, 4)).astype(np.float32) for _ in range(2))
    weight = np.float32([[1, 0, 1], [1, 1, 0]])
    want = loss_and_gradient(losses.MeanSquaredError(), y_true, y_pred, weight)
    y_pred[weight == 0] = np.nan
    got = loss_and_gradient(losses.MeanSquaredError(), y_true, y_pred, weight)
    np.testing.assert_allclose(got[0], want[0], rtol=1e-6)
    np.testing.assert_allclose(got[1], want[1], rtol=1e-6)


def test_loss_that_mixes_examples_sees_them_all():
    """A region of the whole batch has no number for an example."""
    y_true, y_pred = np.float32([[1, 0], [1, 1]]), np.float32([[0.9, 0.2], [0.6, 0.3]])
    loss = losses.Dice(axis=None)
    weight = np.float32([1, 0])
    want = np.float32([losses.dice(y_true, y_pred), 0]).mean()
    np.testing.assert_allclose(loss(y_true, y_pred, weight), want, rtol=1e-6)


@pytest.mark.parametrize("last", ["softmax", None])
def test_training_with_weights_keeps_the_precise_loss(last):
    """The loss of logits is still used when rows are masked before it."""
    x, y = np.float32([[1e3, -1e3], [-1e3, 1e3]]), np.array([1, 0])
    layers = [Input((2,)), Dense(2, kernel_initializer="identity", use_bias=False)]
    model = Sequential([*layers, Softmax()] if last else layers)
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=last is None), metrics=[])
    loss = model.evaluate(x, y, sample_weight=np.float32([1, 1]), verbose=0)
    np.testing.assert_allclose(loss, 2000, rtol=1e-6)


def test_infinite_logits_of_ignored_pixels_leave_weights_finite():
    x, y = np.float32([[1, 2], [3e38, 3e38], [2, 1]]), np.array([0, 255, 1])
    model = Sequential([Input((2,)), Dense(2, kernel_initializer="ones")])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(True, ignore_class=255))
    history = model.fit(x, y, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    assert all(np.isfinite(w).all() for w in model.get_weights())


@pytest.mark.parametrize("classes", [1, 4, 33])
def test_probabilities_that_are_all_zero(classes, isa):
    """They count as equal, as in Keras, and pass no gradient."""
    p = np.zeros((2, classes), np.float32)
    p[1, 0] = 1
    labels = np.array([classes - 1, 0])
    one_hot = np.eye(classes, dtype=np.float32)[labels]
    for loss, truth in [
        (ops.sparse_categorical_crossentropy, labels),
        (ops.categorical_crossentropy, one_hot),
    ]:
        value = loss(truth, p)
        np.testing.assert_allclose(value[0], np.log(classes), rtol=1e-6, atol=2e-7)
        _, gradient = loss_and_gradient(lambda t, p, loss=loss: ops.sum(loss(t, p)), truth, p)
        np.testing.assert_array_equal(gradient[0], 0)


@pytest.mark.parametrize(
    "loss",
    [
        losses.CategoricalCrossentropy(from_logits=True),
        losses.CategoricalFocalCrossentropy(from_logits=True),
    ],
    ids=lambda loss: loss.name,
)
def test_classes_that_cannot_be(loss, isa):
    """Their logits are minus infinity; what remains is the loss of the other classes."""
    y_true = np.float32([[1, 0, 0], [0, 0, 1]])
    logits = np.float32([[1, -np.inf, 0.5], [2, -np.inf, -1]])
    value, gradient = loss_and_gradient(loss, y_true, logits)
    want = loss_and_gradient(loss, y_true[:, ::2].copy(), logits[:, ::2].copy())
    np.testing.assert_allclose(value, want[0], rtol=1e-6)
    np.testing.assert_allclose(gradient[:, ::2], want[1], rtol=1e-5)
    np.testing.assert_array_equal(gradient[:, 1], 0)
