"""Counts of scores above thresholds, and areas under their curves, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import metrics
from metrics.batches import CLASSES, COUNT, one_hot, streamed


def test_precision_and_recall(sk, labels, scores, weight):
    y, hot = (labels == 1).astype(int), one_hot(labels)
    for threshold in (0.1, 0.25, 0.5):
        guess = scores[:, 1] > threshold
        for name in ("Precision", "Recall"):
            want = getattr(sk, f"{name.lower()}_score")(
                y, guess, sample_weight=weight, zero_division=0
            )
            metric = getattr(metrics, name)(threshold)
            np.testing.assert_allclose(streamed(metric, y, scores[:, 1], weight), want, rtol=1e-6)
            of_class = getattr(metrics, name)(threshold, class_id=1)
            np.testing.assert_allclose(streamed(of_class, hot, scores, weight), want, rtol=1e-6)


@pytest.mark.parametrize("thresholds", [[0.7, 0.1, 0.3], list(np.arange(11) / 10), 0.25])
def test_counts_at_thresholds(sk, thresholds, labels, scores, weight):
    y, p = (labels == 1).astype(int), scores[:, 1]
    found = [
        np.atleast_1d(streamed(getattr(metrics, name)(thresholds), y, p, weight))
        for name in ("TrueNegatives", "FalsePositives", "FalseNegatives", "TruePositives")
    ]
    for i, threshold in enumerate(np.atleast_1d(thresholds)):
        guess = p > np.float32(threshold)
        want = sk.confusion_matrix(y, guess, sample_weight=weight, labels=[0, 1]).ravel()
        np.testing.assert_allclose([each[i] for each in found], want, rtol=1e-6, atol=1e-6)


def test_top_k(labels, scores):
    best = np.argsort(-scores, axis=1)[:, :2]
    hits = (best == labels[:, None]).any(1).sum()
    assert streamed(metrics.Recall(top_k=2), one_hot(labels), scores) == hits / COUNT
    assert streamed(metrics.Precision(top_k=2), one_hot(labels), scores) == hits / (2 * COUNT)
    every = metrics.Recall(top_k=9)(one_hot(labels), scores)
    assert every == 1
    third = (best == 2).any(1)
    got = metrics.Precision(top_k=2, class_id=2)(one_hot(labels), scores)
    np.testing.assert_allclose(got, (third & (labels == 2)).sum() / third.sum())


def test_ties_among_the_largest_take_the_first():
    metric = metrics.TruePositives()
    metric.top_k = 1
    flat = np.full((3, 4), 0.8, np.float32)
    assert metric(np.eye(4)[[0, 1, 0]], flat) == 2


def test_areas(sk, rng, labels, scores, weight):
    y, p = (labels == 1).astype(int), np.round(scores[:, 1] * 60) / 60
    # Every score lies strictly between two thresholds, so no order is lost.
    exact = sk.roc_auc_score(y, p, sample_weight=weight)
    thresholds = np.arange(0.5, 60) / 60
    found = streamed(metrics.AUC(thresholds=thresholds), y, p, weight)
    np.testing.assert_allclose(found, exact, rtol=1e-6)
    minor, between, major = (
        metrics.AUC(600, curve="PR", summation_method=m)(y, p, weight)
        for m in ("minoring", "interpolation", "majoring")
    )
    assert minor < between < major
    precision, recall, _ = sk.precision_recall_curve(y, p, sample_weight=weight)
    pieces = -np.diff(recall) * np.minimum(precision[1:], precision[:-1])
    np.testing.assert_allclose(minor, pieces.sum(), atol=0.02)


def test_areas_of_several_labels(labels, scores, weight):
    hot = one_hot(labels)
    each = [metrics.AUC()(hot[:, i], scores[:, i], weight) for i in range(CLASSES)]
    got = streamed(metrics.AUC(multi_label=True), hot, scores, weight)
    np.testing.assert_allclose(got, np.mean(each), rtol=1e-6)
    factors = [0.1, 0.2, 0.3, 0.4]
    got = metrics.AUC(multi_label=True, label_weights=factors)(hot, scores, weight)
    np.testing.assert_allclose(got, np.average(each, weights=factors), rtol=1e-6)
    logits = np.log(scores / (1 - scores))
    got = metrics.AUC(multi_label=True, from_logits=True)(hot, logits, weight)
    np.testing.assert_allclose(got, np.mean(each), atol=1e-3)


def test_the_best_of_one_rate_where_another_suffices(labels, scores):
    y, p = (labels == 1).astype(int), scores[:, 1]
    cuts = np.arange(101) / 100
    tp = np.array([(y[p > c] == 1).sum() for c in cuts])
    fp = np.array([(y[p > c] == 0).sum() for c in cuts])
    recall, specificity = tp / y.sum(), 1 - fp / (1 - y).sum()
    precision = tp / np.maximum(tp + fp, 1)
    for name, bound, rate in [
        ("SensitivityAtSpecificity", specificity, recall),
        ("SpecificityAtSensitivity", recall, specificity),
        ("PrecisionAtRecall", recall, precision),
        ("RecallAtPrecision", precision, recall),
    ]:
        metric = getattr(metrics, name)(0.4, num_thresholds=101)
        np.testing.assert_allclose(
            streamed(metric, y, p), rate[bound >= 0.4].max(initial=0), rtol=1e-6
        )
    assert metrics.RecallAtPrecision(1.0)(np.zeros(3), np.ones(3)) == 0
