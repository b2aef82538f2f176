"""Metrics against NumPy, on arrays; models use the same code on Tensors."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import metrics


@pytest.fixture
def labels(rng):
    return rng.integers(0, 4, 50)


@pytest.fixture
def scores(rng):
    return rng.random((50, 4), np.float32)


def hits(labels, scores, k):
    return (np.argsort(-scores)[:, :k] == labels[:, None]).any(1)


@pytest.mark.parametrize("column", [False, True])
def test_accuracies(labels, scores, column):
    one_hot = np.eye(4)[labels]
    sparse = labels[:, None] if column else labels
    for k, metric, y_true in [
        (1, metrics.SparseCategoricalAccuracy(), sparse),
        (1, metrics.CategoricalAccuracy(), one_hot),
        (2, metrics.SparseTopKCategoricalAccuracy(k=2), sparse),
        (3, metrics.TopKCategoricalAccuracy(k=3), one_hot),
    ]:
        assert metric(y_true, scores) == pytest.approx(hits(labels, scores, k).mean())


def test_sums_go_on_until_reset(labels, scores):
    metric = metrics.SparseCategoricalAccuracy()
    for part in (slice(0, 7), slice(7, 50)):
        metric.update_state(labels[part], scores[part])
    assert metric.result() == pytest.approx(hits(labels, scores, 1).mean())
    metric.reset_state()
    assert metric.result() == 0


def test_sample_weights(labels, scores):
    weights = np.linspace(0, 1, 50)
    got = metrics.SparseCategoricalAccuracy()(labels, scores, weights)
    assert got == pytest.approx(np.average(hits(labels, scores, 1), weights=weights), rel=1e-6)


def test_numbers(rng):
    a, b = rng.random((20, 3)), rng.random((20, 3))
    assert metrics.MeanSquaredError()(a, b) == pytest.approx(((a - b) ** 2).mean(), rel=1e-5)
    assert metrics.MeanAbsoluteError()(a, b) == pytest.approx(abs(a - b).mean(), rel=1e-5)
    rooted = metrics.RootMeanSquaredError()(a, b)
    assert rooted == pytest.approx(np.sqrt(((a - b) ** 2).mean()), rel=1e-5)
    binary = metrics.BinaryAccuracy(threshold=0.3)((a > 0.5).astype(float), b)
    assert binary == pytest.approx(((a > 0.5) == (b > 0.3)).mean())
    assert metrics.Accuracy()([1, 2, 3, 4], [1, 2, 0, 4]) == 0.75


def test_mean_of_plain_numbers():
    mean = metrics.Mean()
    mean.update_state([1, 2, 3], sample_weight=[1, 0, 1])
    mean.update_state(8)
    assert mean.result() == 4


@pytest.mark.parametrize(
    ("true", "pred", "accuracy", "crossentropy"),
    [
        ((8,), (8, 1), "BinaryAccuracy", "BinaryCrossentropy"),
        ((8, 1), (8, 1), "BinaryAccuracy", "BinaryCrossentropy"),
        ((8,), (8, 5), "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy"),
        ((8, 1), (8, 5), "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy"),
        ((8, 5), (8, 5), "CategoricalAccuracy", "CategoricalCrossentropy"),
        ((8, 4), (8, 4, 5), "SparseCategoricalAccuracy", "SparseCategoricalCrossentropy"),
    ],
)
def test_accuracy_means_what_the_shapes_call_for(true, pred, accuracy, crossentropy):
    y_true, y_pred = np.zeros(true), np.zeros(pred)
    for name, kind in [("accuracy", accuracy), ("acc", accuracy), ("ce", crossentropy)]:
        metric = metrics.resolve(name, y_true, y_pred)
        assert (type(metric).__name__, metric.name) == (kind, name)


def test_names():
    assert metrics.get("mse").name == "mse"
    assert metrics.get(metrics.MeanSquaredError).name == "mean_squared_error"
    assert metrics.get(abs).name == "abs"
    with pytest.raises(ValueError, match="unknown metric 'exactness'; .*known: .*accuracy"):
        metrics.get("exactness")
    with pytest.raises(ValueError, match="a metric is a name"):
        metrics.get(1.5)
