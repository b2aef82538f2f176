"""Losses and metrics of random settings and numbers against Keras 3, from a fixed seed."""

from __future__ import annotations

import os
import re
import warnings

import numpy as np
import pytest

import fastcnn.keras as ours
from fastcnn import graph

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
pytestmark = pytest.mark.filterwarnings("ignore")

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
except ImportError:
    keras = None
    pytestmark = [pytestmark, pytest.mark.skip(reason="Keras 3 is not installed")]

EPS = float(np.finfo(np.float32).eps)
REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none"]


def pick(rng, choices):
    return choices[rng.integers(len(choices))]


def draw(kind, rng, shape):
    x = rng.standard_normal(shape).astype(np.float32) * pick(rng, [0.5, 1, 3])
    labels = rng.integers(0, shape[-1], shape[:-1])
    if kind == "shares":
        e = np.exp(x - x.max(-1, keepdims=True))
        return e / e.sum(-1, keepdims=True)
    return {
        "numbers": x,
        "positive": abs(x) + np.float32(0.01),
        "unit": 1 / (1 + np.exp(-x)),
        "binary": (x > 0).astype(np.float32),
        "signs": np.where(x > 0, 1, -1).astype(np.float32),
        "one_hot": np.eye(shape[-1], dtype=np.float32)[labels],
        "labels": labels,
        "ignored": np.where(rng.random(shape[:-1]) < 0.3, 255, labels),
    }[kind]


def nothing(rng):
    return {}


def smoothing(rng):
    return pick(rng, [{}, {"label_smoothing": float(rng.uniform(0, 0.5))}])


def focal(rng):
    return {
        "alpha": float(rng.uniform(0.1, 0.9)),
        "gamma": pick(rng, [0.0, 0.5, 1.0, 2.0, 2.0, 3.5]),
        **smoothing(rng),
    }


LOSSES = [
    # name, settings, labels, outputs
    ("MeanSquaredError", nothing, "numbers", "numbers"),
    ("MeanAbsoluteError", nothing, "numbers", "numbers"),
    ("MeanAbsolutePercentageError", nothing, "positive", "numbers"),
    ("MeanSquaredLogarithmicError", nothing, "positive", "numbers"),
    ("Huber", lambda rng: {"delta": float(rng.uniform(0.1, 3))}, "numbers", "numbers"),
    ("LogCosh", nothing, "numbers", "numbers"),
    ("Poisson", nothing, "positive", "positive"),
    ("KLDivergence", nothing, "shares", "shares"),
    ("Hinge", nothing, "binary", "numbers"),
    ("Hinge", nothing, "signs", "numbers"),
    ("SquaredHinge", nothing, "signs", "numbers"),
    ("CategoricalHinge", nothing, "one_hot", "numbers"),
    ("CosineSimilarity", nothing, "numbers", "numbers"),
    ("BinaryCrossentropy", smoothing, "binary", "unit"),
    (
        "BinaryCrossentropy",
        lambda rng: {"from_logits": True, **smoothing(rng)},
        "binary",
        "numbers",
    ),
    ("CategoricalCrossentropy", smoothing, "one_hot", "shares"),
    (
        "CategoricalCrossentropy",
        lambda rng: {"from_logits": True, **smoothing(rng)},
        "one_hot",
        "numbers",
    ),
    ("SparseCategoricalCrossentropy", nothing, "labels", "shares"),
    ("SparseCategoricalCrossentropy", lambda rng: {"from_logits": True}, "labels", "numbers"),
    (
        "SparseCategoricalCrossentropy",
        lambda rng: {"from_logits": True, "ignore_class": 255},
        "ignored",
        "numbers",
    ),
    (
        "BinaryFocalCrossentropy",
        lambda rng: {"apply_class_balancing": bool(rng.integers(2)), **focal(rng)},
        "binary",
        "unit",
    ),
    (
        "BinaryFocalCrossentropy",
        lambda rng: {"from_logits": True, **focal(rng)},
        "binary",
        "numbers",
    ),
    ("CategoricalFocalCrossentropy", focal, "one_hot", "shares"),
    (
        "CategoricalFocalCrossentropy",
        lambda rng: {"from_logits": True, **focal(rng)},
        "one_hot",
        "numbers",
    ),
    (
        "CategoricalGeneralizedCrossEntropy",
        lambda rng: {"q": float(rng.uniform(0.1, 0.9))},
        "labels",
        "shares",
    ),
    ("Dice", lambda rng: {"axis": pick(rng, [None, -1, 1])}, "binary", "unit"),
    (
        "Tversky",
        lambda rng: {
            "alpha": float(rng.uniform(0.1, 1)),
            "beta": float(rng.uniform(0.1, 1)),
            "axis": pick(rng, [None, -1, 1]),
        },
        "binary",
        "unit",
    ),
]
DRAWS = 3


def arrays(labels, outputs, rng):
    shape = (int(rng.integers(2, 9)), *rng.integers(2, 6, int(rng.integers(0, 2))), 2)
    shape = (*shape[:-1], int(rng.integers(2, 8)))
    return draw(labels, rng, shape), draw(outputs, rng, shape)


@pytest.mark.parametrize("seed", range(DRAWS))
@pytest.mark.parametrize("case", range(len(LOSSES)), ids=lambda i: f"{i}-{LOSSES[i][0]}")
def test_loss(case, seed):
    name, settings, labels, outputs = LOSSES[case]
    rng = np.random.default_rng([case, seed])
    arguments = {**settings(rng), "reduction": pick(rng, REDUCTIONS)}
    y_true, y_pred = arrays(labels, outputs, rng)
    # One weight for each number of the loss; Keras broadcasts no others to more axes.
    count = np.shape(
        getattr(ours.losses, name)(**arguments | {"reduction": "none"})(y_true, y_pred)
    )
    weight = rng.random(count).astype(np.float32) if count and rng.integers(2) else None
    got = getattr(ours.losses, name)(**arguments)(y_true, y_pred, weight)
    want = np.asarray(getattr(keras.losses, name)(**arguments)(y_true, y_pred, weight))
    assert np.shape(got) == want.shape
    # Sums of at most 9 * 6 * 8 terms, of the size of the largest.
    size = max(1.0, abs(want).max())
    np.testing.assert_allclose(got, want, rtol=2e-5, atol=100 * EPS * size, err_msg=str(arguments))


@pytest.mark.parametrize("case", range(len(LOSSES)), ids=lambda i: f"{i}-{LOSSES[i][0]}")
def test_gradient_of_loss(case):
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("gradients are compared with the tensorflow backend")
    name, settings, labels, outputs = LOSSES[case]
    rng = np.random.default_rng([case, 99])
    arguments = settings(rng)
    y_true, y_pred = arrays(labels, outputs, rng)
    x = graph.placeholder(y_pred.shape)
    slope = graph.gradients(getattr(ours.losses, name)(**arguments)(y_true, x), [x])
    got = graph.compile([x], slope)(y_pred)[0]
    variable = tf.Variable(y_pred)
    with tf.GradientTape() as tape:
        value = getattr(keras.losses, name)(**arguments)(y_true, variable)
    want = tape.gradient(value, variable).numpy()
    np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-6, err_msg=str(arguments))


def thresholds(rng):
    return pick(
        rng,
        [
            {},
            {"thresholds": float(rng.uniform(0.1, 0.9))},
            {"thresholds": sorted(rng.random(4).tolist())},
            {"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]},
        ],
    )


def retrieval(rng):
    return {
        **thresholds(rng),
        **pick(
            rng, [{}, {"top_k": int(rng.integers(1, 4))}, {"class_id": int(rng.integers(0, 3))}]
        ),
    }


def area(rng):
    return {
        "num_thresholds": pick(rng, [3, 20, 200]),
        "curve": pick(rng, ["ROC", "PR", "PRGAIN"]),
        "summation_method": pick(rng, ["interpolation", "minoring", "majoring"]),
        "multi_label": bool(rng.integers(2)),
    }


def average(rng):
    return {
        "average": pick(rng, [None, "micro", "macro", "weighted"]),
        "threshold": pick(rng, [None, 0.3]),
    }


def overlap(rng):
    return {"num_classes": 4, **pick(rng, [{}, {"ignore_class": 1}])}


def targets(rng):
    return {**overlap(rng), "target_class_ids": pick(rng, [[0], [1, 3], [2, 0, 1]])}


METRICS = [
    ("Precision", retrieval, "binary", "unit"),
    ("Precision", retrieval, "one_hot", "shares"),
    ("Recall", retrieval, "binary", "unit"),
    ("Recall", retrieval, "one_hot", "shares"),
    ("TruePositives", thresholds, "binary", "unit"),
    ("FalsePositives", thresholds, "binary", "unit"),
    ("TrueNegatives", thresholds, "binary", "unit"),
    ("FalseNegatives", thresholds, "binary", "unit"),
    ("SensitivityAtSpecificity", lambda rng: {"specificity": 0.6}, "binary", "unit"),
    ("SpecificityAtSensitivity", lambda rng: {"sensitivity": 0.3}, "binary", "unit"),
    ("PrecisionAtRecall", lambda rng: {"recall": 0.4, "num_thresholds": 30}, "binary", "unit"),
    ("RecallAtPrecision", lambda rng: {"precision": 0.5, "class_id": 1}, "binary", "unit"),
    ("AUC", area, "binary", "unit"),
    ("AUC", lambda rng: {**area(rng), "from_logits": True}, "binary", "numbers"),
    ("AUC", lambda rng: {"thresholds": [0.2, 0.5, 0.55]}, "binary", "unit"),
    ("AUC", lambda rng: {"label_weights": [1.0, 0.5, 2.0, 1.0], **area(rng)}, "binary", "unit"),
    ("F1Score", average, "one_hot", "shares"),
    ("FBetaScore", lambda rng: {"beta": 2.0, **average(rng)}, "binary", "unit"),
    ("IoU", targets, "labels", "classes"),
    ("MeanIoU", overlap, "labels", "classes"),
    ("MeanIoU", lambda rng: {**overlap(rng), "sparse_y_pred": False}, "labels", "shares"),
    ("OneHotIoU", targets, "one_hot", "shares"),
    ("OneHotMeanIoU", overlap, "one_hot", "shares"),
    ("BinaryIoU", lambda rng: {"threshold": 0.4}, "binary", "unit"),
    (
        "R2Score",
        lambda rng: {
            "class_aggregation": pick(rng, [None, "uniform_average", "variance_weighted_average"]),
            "num_regressors": pick(rng, [0, 2]),
        },
        "numbers",
        "numbers",
    ),
    ("CosineSimilarity", nothing, "numbers", "numbers"),
    ("PearsonCorrelation", nothing, "numbers", "numbers"),
    ("ConcordanceCorrelation", nothing, "numbers", "numbers"),
    ("KLDivergence", nothing, "shares", "shares"),
    ("Poisson", nothing, "positive", "positive"),
    ("LogCoshError", nothing, "numbers", "numbers"),
    ("Hinge", nothing, "signs", "numbers"),
    ("SquaredHinge", nothing, "signs", "numbers"),
    ("CategoricalHinge", nothing, "one_hot", "numbers"),
    ("MeanAbsolutePercentageError", nothing, "positive", "numbers"),
    ("MeanSquaredLogarithmicError", nothing, "positive", "positive"),
    ("RootMeanSquaredError", nothing, "numbers", "numbers"),
    ("BinaryAccuracy", lambda rng: {"threshold": 0.4}, "binary", "unit"),
    ("TopKCategoricalAccuracy", lambda rng: {"k": 2}, "one_hot", "shares"),
    ("SparseTopKCategoricalAccuracy", lambda rng: {"k": 2}, "labels", "shares"),
]
INTEGER = ("IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU", "BinaryIoU")


@pytest.mark.parametrize("seed", range(DRAWS))
@pytest.mark.parametrize("case", range(len(METRICS)), ids=lambda i: f"{i}-{METRICS[i][0]}")
def test_metric(case, seed):
    name, settings, labels, outputs = METRICS[case]
    rng = np.random.default_rng([case, seed, 7])
    arguments = settings(rng)
    mine = getattr(ours.metrics, name)(**arguments)
    theirs = getattr(keras.metrics, name)(**arguments)
    # Keras counts objects without a name of their own.
    assert mine.name == re.sub(r"_\d+$", "", theirs.name)
    weighted = rng.integers(2)
    for _ in range(int(rng.integers(1, 4))):
        shape = (int(rng.integers(3, 40)), 4)
        y_true = draw(labels, rng, shape)
        y_pred = draw("labels" if outputs == "classes" else outputs, rng, shape)
        weight = None
        if weighted:
            # Keras' IoU counts in integers.
            weight = rng.integers(0, 4, shape[0]) if name in INTEGER else rng.random(shape[0])
            weight = weight.astype(np.float32)
            if name == "BinaryIoU":
                weight = np.repeat(weight[:, None], 4, 1)
        mine.update_state(y_true, y_pred, weight)
        theirs.update_state(y_true, y_pred, weight)
    want = np.asarray(theirs.result())
    got = np.asarray(mine.result())
    assert got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-5, err_msg=str(arguments))


def network(library, loss, metrics, weighted):
    model = library.Sequential(
        [
            library.Input((6,)),
            library.layers.Dense(8, activation="tanh"),
            library.layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(
        "sgd", loss(library), metrics=metrics(library), weighted_metrics=weighted(library)
    )
    return model


def test_training_with_class_and_sample_weights():
    """Losses and metrics in ``fit``: their logs, step by step those of Keras."""
    ours.utils.set_random_seed(0)
    rng = np.random.default_rng(5)
    x = rng.standard_normal((50, 6)).astype(np.float32)
    y = np.eye(4, dtype=np.float32)[rng.integers(0, 4, 50)]
    weight = rng.random(50).astype(np.float32)
    parts = (
        lambda library: library.losses.CategoricalFocalCrossentropy(label_smoothing=0.1),
        lambda library: [library.metrics.AUC(name="auc"), library.metrics.F1Score("macro")],
        lambda library: [library.metrics.Precision(0.3, name="p"), "kl_divergence"],
    )
    mine, theirs = network(ours, *parts), network(keras, *parts)
    theirs.set_weights(mine.get_weights())
    for settings in (
        {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5, 3: 1.0}},
        {"sample_weight": weight},
        {"sample_weight": weight, "validation_data": (x, y, weight)},
    ):
        run = {"batch_size": 16, "epochs": 2, "shuffle": False, "verbose": 0, **settings}
        a, b = (model.fit(x, y, **run).history for model in (mine, theirs))
        assert set(a) == set(b)
        for key, values in a.items():
            np.testing.assert_allclose(values, b[key], rtol=2e-4, atol=1e-5, err_msg=key)
    for v, w in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(v, w, rtol=1e-3, atol=1e-5)
