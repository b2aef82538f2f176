"""Every further loss against its formula in float64, with the gradient of that formula."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import Input, Sequential, graph, layers, losses, ops
from fastcnn.testing import numeric_grad

EPS = np.finfo(np.float32).eps
SMALL = 1e-7


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def signs(t):
    return 2 * t - 1 if np.isin(t, (0, 1)).all() else t


def shortfall(t, y):
    return np.maximum(1 - signs(t) * y, 0)


def huber(t, y, delta):
    e = abs(t - y)
    return np.where(e <= delta, e * e / 2, delta * e - delta * delta / 2).mean(-1)


def kl(t, y):
    t, y = t.clip(SMALL, 1), y.clip(SMALL, 1)
    return (t * np.log(t / y)).sum(-1)


def cosine(t, y, axis=-1):
    return -(t * y).sum(axis) / np.sqrt((t * t).sum(axis) * (y * y).sum(axis))


def binary_focal(t, p, alpha=None, gamma=2.0, smooth=0.0, axis=-1):
    t = t * (1 - smooth) + smooth / 2
    p = p.clip(SMALL, 1 - SMALL)
    entropy = -t * np.log(p) - (1 - t) * np.log(1 - p)
    weight = 1 if alpha is None else t * alpha + (1 - t) * (1 - alpha)
    return (weight * (t * (1 - p) + (1 - t) * p) ** gamma * entropy).mean(axis)


def focal(t, p, alpha=0.25, gamma=2.0, smooth=0.0, axis=-1):
    t = t * (1 - smooth) + smooth / t.shape[axis]
    p = (p / p.sum(axis, keepdims=True)).clip(SMALL, 1 - SMALL)
    return (-t * np.log(p) * alpha * (1 - p) ** gamma).sum(axis)


def dice(t, p, axis=None):
    return 1 - 2 * (t * p).sum(axis) / (t.sum(axis) + p.sum(axis) + SMALL)


def tversky(t, p, alpha, beta, axis=None):
    both = (t * p).sum(axis)
    wrong = alpha * (t * (1 - p)).sum(axis) + beta * (p * (1 - t)).sum(axis)
    return 1 - both / (both + wrong + SMALL)


def percent(t, y):
    return 100 * (abs(t - y) / np.maximum(abs(t), SMALL)).mean(-1)


def log_error(t, y):
    return ((np.log1p(np.maximum(t, SMALL)) - np.log1p(np.maximum(y, SMALL))) ** 2).mean(-1)


def rival(t, y):
    return np.maximum(((1 - t) * y).max(-1) - (t * y).sum(-1) + 1, 0)


CASES = [
    # name, arguments, labels, outputs, formula
    ("mean_absolute_percentage_error", {}, "numbers", "numbers", percent),
    ("mean_squared_logarithmic_error", {}, "positive", "positive", log_error),
    ("huber", {}, "numbers", "numbers", lambda t, y: huber(t, y, 1.0)),
    ("huber", {"delta": 0.3}, "numbers", "numbers", lambda t, y: huber(t, y, 0.3)),
    ("log_cosh", {}, "numbers", "numbers", lambda t, y: np.log(np.cosh(y - t)).mean(-1)),
    ("poisson", {}, "positive", "positive", lambda t, y: (y - t * np.log(y + SMALL)).mean(-1)),
    ("kl_divergence", {}, "shares", "shares", kl),
    ("cosine_similarity", {}, "numbers", "numbers", cosine),
    ("cosine_similarity", {"axis": 1}, "numbers", "numbers", lambda t, y: cosine(t, y, 1)),
    ("hinge", {}, "binary", "numbers", lambda t, y: shortfall(t, y).mean(-1)),
    ("hinge", {}, "signs", "numbers", lambda t, y: shortfall(t, y).mean(-1)),
    ("squared_hinge", {}, "signs", "numbers", lambda t, y: (shortfall(t, y) ** 2).mean(-1)),
    ("categorical_hinge", {}, "one_hot", "numbers", rival),
    ("binary_focal_crossentropy", {}, "binary", "shares", binary_focal),
    (
        "binary_focal_crossentropy",
        {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5, "label_smoothing": 0.1},
        "binary",
        "shares",
        lambda t, p: binary_focal(t, p, 0.3, 1.5, 0.1),
    ),
    (
        "binary_focal_crossentropy",
        {"gamma": 0, "from_logits": True, "axis": 1},
        "binary",
        "numbers",
        lambda t, x: binary_focal(t, sigmoid(x), None, 0, 0, 1),
    ),
    (
        "binary_focal_crossentropy",
        {"from_logits": True, "gamma": 3},
        "binary",
        "numbers",
        lambda t, x: binary_focal(t, sigmoid(x), None, 3),
    ),
    ("categorical_focal_crossentropy", {}, "one_hot", "shares", focal),
    (
        "categorical_focal_crossentropy",
        {"alpha": [0.1, 0.2, 0.3, 0.4], "gamma": 0.5, "label_smoothing": 0.2},
        "one_hot",
        "shares",
        lambda t, p: focal(t, p, np.array([0.1, 0.2, 0.3, 0.4]), 0.5, 0.2),
    ),
    (
        "categorical_focal_crossentropy",
        {"from_logits": True, "axis": 1, "gamma": 1},
        "one_hot",
        "numbers",
        lambda t, x: focal(t, softmax(x, 1), 0.25, 1, 0, 1),
    ),
    (
        "categorical_generalized_cross_entropy",
        {"q": 0.3},
        "labels",
        "shares",
        lambda t, p: (1 - np.take_along_axis(p, t.astype(int)[..., None], -1)[..., 0] ** 0.3) / 0.3,
    ),
    ("dice", {}, "binary", "shares", dice),
    ("dice", {"axis": (1, 2)}, "binary", "shares", lambda t, p: dice(t, p, (1, 2))),
    (
        "tversky",
        {"alpha": 0.3, "beta": 0.7},
        "binary",
        "shares",
        lambda t, p: tversky(t, p, 0.3, 0.7),
    ),
    ("tversky", {"axis": -1}, "binary", "shares", lambda t, p: tversky(t, p, 0.5, 0.5, -1)),
]
SHAPE = (3, 5, 4)


def draw(kind, rng):
    x = rng.standard_normal(SHAPE)
    return {
        "numbers": x,
        "positive": abs(x) + 0.1,
        "shares": softmax(x),
        "binary": (x > 0) * 1.0,
        "signs": np.sign(x),
        "one_hot": np.eye(SHAPE[-1])[x.argmax(-1)],
        "labels": x.argmax(-1),
    }[kind].astype(np.float32)


@pytest.mark.parametrize(("name", "arguments", "labels", "outputs", "formula"), CASES)
def test_formula_and_gradient(name, arguments, labels, outputs, formula, rng):
    function = getattr(losses, name)
    t, y = draw(labels, rng), draw(outputs, rng)
    exact = formula(t.astype(np.float64), y.astype(np.float64))
    # At most 60 terms of one sign, or (cosines, margins) of numbers near 1.
    np.testing.assert_allclose(function(t, y, **arguments), exact, rtol=60 * EPS, atol=60 * EPS)

    a, b = graph.placeholder(t.shape), graph.placeholder(SHAPE)
    total = ops.sum(function(a, b, **arguments))
    slope = graph.compile([a, b], [graph.gradients(total, [b])[0]])(t, y)[0]
    want = numeric_grad(lambda y: formula(t.astype(np.float64), y).sum(), y, step=1e-5)
    np.testing.assert_allclose(slope, want, rtol=2e-3, atol=2e-4)


CLASSES = {
    "huber": "Huber",
    "kl_divergence": "KLDivergence",
    "log_cosh": "LogCosh",
    "categorical_generalized_cross_entropy": "CategoricalGeneralizedCrossEntropy",
    **{
        name: "".join(word.capitalize() for word in name.split("_"))
        for name, *_ in CASES
        if name not in ("huber", "kl_divergence", "log_cosh")
        and name != "categorical_generalized_cross_entropy"
    },
}


@pytest.mark.parametrize(("name", "arguments", "labels", "outputs", "formula"), CASES)
def test_classes_have_the_settings_of_functions(name, arguments, labels, outputs, formula, rng):
    loss = getattr(losses, CLASSES[name])(**arguments)
    t, y = draw(labels, rng), draw(outputs, rng)
    want = getattr(losses, name)(t, y, **arguments)
    np.testing.assert_allclose(loss(t, y), want.mean(), rtol=1e-5)
    config = losses.serialize(loss)
    again = losses.deserialize(config)
    assert type(again) is type(loss)
    assert losses.serialize(again) == config
    np.testing.assert_array_equal(again(t, y), loss(t, y))
    assert type(losses.get(name)) is type(loss)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bce", "BinaryCrossentropy"),
        ("KLD", "KLDivergence"),
        ("logcosh", "LogCosh"),
        ("mape", "MeanAbsolutePercentageError"),
        ("MSLE", "MeanSquaredLogarithmicError"),
        ("Tversky", "Tversky"),
    ],
)
def test_other_names(name, kind):
    assert type(losses.get(name)).__name__ == kind


@pytest.mark.parametrize("gamma", [0.0, 0.7, 1, 2, 5.5])
def test_extreme_logits_have_finite_losses_and_gradients(gamma):
    x, t = graph.placeholder((1, 4)), graph.placeholder((1, 4))
    found = []
    for loss, y in [
        (losses.BinaryFocalCrossentropy(gamma=gamma, from_logits=True), x),
        (losses.BinaryFocalCrossentropy(gamma=gamma), ops.sigmoid(x)),
        (losses.CategoricalFocalCrossentropy(gamma=gamma, from_logits=True), x),
        (losses.CategoricalFocalCrossentropy(gamma=gamma), ops.softmax(x)),
    ]:
        value = loss(t, y)
        found += [value, graph.gradients(value, [x])[0]]
    run = graph.compile([x, t], found)
    results = run(np.array([[-300, 300, 0, -1]], np.float32), np.array([[1, 0, 0, 0]], np.float32))
    assert all(np.isfinite(result).all() for result in results)
    # A confident mistake costs the whole logit: 300 each for two of four, and 600 * alpha.
    np.testing.assert_allclose(results[4], 600 * 0.25, rtol=1e-5)
    assert results[0] > 149
    np.testing.assert_array_equal(results[0], results[2])
    np.testing.assert_array_equal(results[5], results[7])
    assert (results[5] != 0).any()


def test_large_differences_do_not_overflow():
    t, y = np.zeros((1, 2), np.float32), np.array([[1e4, -1e4]], np.float32)
    np.testing.assert_allclose(losses.log_cosh(t, y), 1e4 - np.log(2), rtol=1e-6)
    np.testing.assert_allclose(losses.huber(t, y), 1e4 - 0.5, rtol=1e-6)
    assert losses.cosine_similarity(t, t) == 0


def test_zero_vectors_have_finite_gradients():
    y = graph.placeholder((1, 3))
    slope = graph.gradients(ops.sum(losses.cosine_similarity(np.ones((1, 3)), y)), [y])
    assert np.isfinite(graph.compile([y], slope)(np.zeros((1, 3), np.float32))[0]).all()


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("weighted", [False, True])
def test_ignored_class(reduction, weighted, rng):
    logits = rng.standard_normal((4, 6, 3)).astype(np.float32)
    labels = rng.integers(0, 3, (4, 6))
    labels[rng.random((4, 6)) < 0.4] = 255
    weight = rng.random((4, 6)).astype(np.float32) if weighted else np.ones((4, 6), np.float32)
    kept = labels != 255
    each = -np.log(softmax(logits.astype(np.float64)))[kept, labels[kept]] * weight[kept]
    want = each.sum()
    if reduction != "sum":
        by_weight = weighted and reduction == "mean_with_sample_weight"
        want /= weight[kept].sum() if by_weight else kept.sum()
    loss = losses.SparseCategoricalCrossentropy(True, 255, reduction)
    got = loss(labels, logits, weight if weighted else None)
    np.testing.assert_allclose(got, want, rtol=1e-5)
    assert loss(np.full((4, 6), 255), logits) == 0


def test_weights_that_are_all_zero(rng):
    loss = losses.MeanSquaredError("mean_with_sample_weight")
    assert loss(rng.random((3, 2)), rng.random((3, 2)), np.zeros(3)) == 0


def test_weights_of_a_loss_of_the_whole_batch():
    t, p = np.array([[1.0], [0.0]]), np.array([[0.5], [0.25]])
    value = losses.Dice()(t, p)
    np.testing.assert_allclose(losses.Dice()(t, p, [1.0, 3.0]), 2 * value, rtol=1e-6)


def compiled(loss, units=3):
    model = Sequential([Input((2,)), layers.Dense(units)])
    model.compile("sgd", loss)
    return model


NAN = np.array([[0.0, 1.0, 0.0], [0.0, np.nan, 0.0], [1.0, 0.0, np.inf], [1, 0, 0]])


@pytest.mark.parametrize(
    ("loss", "labels", "message"),
    [
        ("mse", NAN, "NaN or infinite in 2 of 4 examples, first in example 1.*sample_weight of 0"),
        ("hinge", NAN, "hinge: labels are NaN"),
        ("sparse_categorical_crossentropy", [0.0, np.nan, 1, 1], "NaN or infinite in 1 of 4"),
        ("binary_crossentropy", np.sign(NAN[[0] * 4] - 0.5), r"from -1.0 to 1.0.*\(y \+ 1\) / 2"),
        ("binary_crossentropy", np.full((4, 3), 255), "divide images by 255"),
        ("dice", np.full((4, 3), 2), "between 0 and 1: class numbers need"),
        (
            "categorical_focal_crossentropy",
            np.ones((4, 2)),
            r"\(4, 2\) for outputs of shape \(4, 3",
        ),
        ("categorical_hinge", np.ones(4), "they must agree"),
        (losses.SparseCategoricalCrossentropy(ignore_class=9), [0, 9, 1, 3], "run from 0 to 3"),
    ],
)
def test_labels_that_cannot_be_right(loss, labels, message):
    model, x = compiled(loss), np.ones((4, 2))
    with pytest.raises(ValueError, match=message):
        model.fit(x, np.asarray(labels), verbose=0)
    with pytest.raises(ValueError, match=message):
        model.fit(iter([(x, np.asarray(labels))]), verbose=0)


def test_a_loss_of_ones_own_takes_any_labels():
    def mine(t, y):
        known = ops.greater(np.float32(9), t)
        return ops.mean(ops.multiply(known, ops.abs(y)), axis=-1)

    compiled(mine).fit(np.ones((4, 2)), np.full((4, 3), np.inf), verbose=0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: losses.Huber(delta=0), "Huber: delta must be a number above 0, got 0"),
        (lambda: losses.huber([[1.0]], [[1.0]], -1), "huber: delta"),
        (lambda: losses.BinaryFocalCrossentropy(gamma=-1), "gamma must be a number of 0 or more"),
        (lambda: losses.CategoricalFocalCrossentropy(gamma="2"), "gamma must be"),
        (
            lambda: losses.binary_crossentropy([[1.0]], [[1.0]], label_smoothing=1.5),
            "label_smoothing must be between 0 and 1, got 1.5",
        ),
        (lambda: losses.Dice(axis=5)([[1.0]], [[1.0]]), "axis"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


@pytest.mark.parametrize("kind", sorted(set(CLASSES.values())))
def test_every_loss_trains_and_is_saved(kind, tmp_path, rng):
    from fastcnn import load

    model = Sequential([Input((4,)), layers.Dense(3, "sigmoid")])
    model.compile("sgd", getattr(losses, kind)())
    x = rng.random((12, 4), np.float32)
    y = rng.integers(0, 3, 12)
    if kind != "CategoricalGeneralizedCrossEntropy":
        y = np.eye(3, dtype=np.float32)[y]
    history = model.fit(x, y, epochs=4, batch_size=12, verbose=0).history["loss"]
    assert history[-1] < history[0]
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


def test_generalized_cross_entropy_says_what_is_wrong():
    loss = losses.CategoricalGeneralizedCrossEntropy()
    with pytest.raises(ValueError, match="q must lie between 0 and 1, without them, got 1"):
        losses.CategoricalGeneralizedCrossEntropy(q=1)
    with pytest.raises(ValueError, match=r"one integer per example; of one-hot labels.*argmax"):
        loss(np.eye(3), np.eye(3))
    with pytest.raises(ValueError, match="labels run from 0 to 3.*3 classes"):
        loss.check_labels(np.array([0, 3]), (None, 3))
    # A class of probability 0 has a loss of 1 / q, and no gradient that is infinite.
    x = graph.placeholder((1, 2))
    (slope,) = graph.gradients(loss([0], x), [x])
    value, slope = graph.compile([x], [loss([0], x), slope])(np.array([[0, 1]], np.float32))
    assert value == 2
    assert np.isfinite(slope).all()
