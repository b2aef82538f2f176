"""Confusion matrices and what is made of them, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import metrics
from metrics.batches import CLASSES, one_hot, streamed


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
@pytest.mark.parametrize("beta", [1.0, 0.5])
def test_f_scores(sk, average, beta, labels, scores, weight):
    want = sk.fbeta_score(
        labels, scores.argmax(1), beta=beta, average=average, sample_weight=weight, zero_division=0
    )
    got = streamed(metrics.FBetaScore(average, beta), one_hot(labels), scores, weight)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    if beta == 1:
        again = streamed(metrics.F1Score(average), one_hot(labels), scores, weight)
        np.testing.assert_array_equal(got, again)
    many = metrics.FBetaScore(average, beta, threshold=0.3)(one_hot(labels), scores, weight)
    want = sk.fbeta_score(
        one_hot(labels), scores > 0.3, beta=beta, average=average, sample_weight=weight
    )
    np.testing.assert_allclose(many, want, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("normalize", [None, "true", "pred", "all"])
def test_confusion_matrices(sk, normalize, labels, scores, weight):
    guesses = scores.argmax(1)
    want = sk.confusion_matrix(labels, guesses, normalize=normalize, sample_weight=weight)
    for y in (labels, labels[:, None], one_hot(labels)):
        got = streamed(metrics.ConfusionMatrix(normalize=normalize), y, scores, weight)
        np.testing.assert_allclose(got, want, rtol=1e-6)
    plain = metrics.confusion_matrix(labels, scores, normalize=normalize, sample_weight=weight)
    np.testing.assert_allclose(plain, want, rtol=1e-6)
    chosen = metrics.confusion_matrix(labels, guesses, labels=[3, 1])
    np.testing.assert_array_equal(chosen, sk.confusion_matrix(labels, guesses, labels=[3, 1]))


def test_confusion_of_one_output():
    got = metrics.ConfusionMatrix()([0, 1, 1, 0], [[0.2], [0.7], [0.5], [0.6]])
    np.testing.assert_array_equal(got, [[1, 1], [1, 1]])
    more = metrics.ConfusionMatrix(num_classes=3)([0, 2, 7], [[0.9, 0.1], [0.4, 0.6], [0, 1]])
    np.testing.assert_array_equal(more, [[1, 0, 0], [0, 0, 0], [0, 1, 0]])


NAMES = ["a dog", "cat", "x", "yz"]


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"target_names": NAMES},
        {"digits": 4},
        {"labels": [1, 3]},
        {"labels": [1, 3], "target_names": NAMES[:2]},
        {"labels": [2, 9, 0, 1, 3], "zero_division": 1.0},
    ],
)
def test_reports(sk, settings, labels, scores, weight):
    guesses = scores.argmax(1)
    settings = {"zero_division": 0.0, **settings, "sample_weight": weight}
    want = sk.classification_report(labels, guesses, output_dict=True, **settings)
    got = metrics.classification_report(labels, guesses, output_dict=True, **settings)
    assert set(got) == set(want)
    for name, row in want.items():
        for key, value in row.items() if isinstance(row, dict) else [("", row)]:
            found = got[name][key] if key else got[name]
            np.testing.assert_allclose(found, value, rtol=1e-6, err_msg=f"{name} {key}")
    if weight is None:
        text = metrics.classification_report(labels, guesses, **settings)
        assert text.split() == sk.classification_report(labels, guesses, **settings).split()


def test_the_report_of_a_metric(labels, scores):
    metric = metrics.ConfusionMatrix()
    with pytest.raises(ValueError, match="nothing was counted yet"):
        metric.report()
    metric.update_state(labels, scores)
    assert metric.report(NAMES) == metrics.classification_report(labels, scores, target_names=NAMES)
    with pytest.raises(ValueError, match="4 classes, but 2 target_names"):
        metric.report(NAMES[:2])


def jaccard(sk, labels, guesses, targets, weight=None):
    return sk.jaccard_score(labels, guesses, labels=targets, average="macro", sample_weight=weight)


def test_overlap_of_classes(sk, labels, scores, weight):
    guesses, hot = scores.argmax(1), one_hot(labels)
    every = list(range(CLASSES))
    for metric, y, p, targets in [
        (metrics.MeanIoU(CLASSES), labels, guesses, every),
        (metrics.MeanIoU(CLASSES, sparse_y_pred=False), labels, scores, every),
        (metrics.IoU(CLASSES, [0, 2]), labels, guesses, [0, 2]),
        (metrics.OneHotIoU(CLASSES, [1]), hot, scores, [1]),
        (metrics.OneHotMeanIoU(CLASSES), hot, scores, every),
    ]:
        want = jaccard(sk, labels, guesses, targets, weight)
        np.testing.assert_allclose(streamed(metric, y, p, weight), want, rtol=1e-6)
    y = (labels == 1).astype(int)
    got = streamed(metrics.BinaryIoU(threshold=0.3), y, scores[:, 1], weight)
    np.testing.assert_allclose(got, jaccard(sk, y, scores[:, 1] >= 0.3, [0, 1], weight), rtol=1e-6)


def test_overlap_leaves_out_what_is_no_class():
    y, p = np.array([[0, 1], [255, 7]]), np.array([[0, 0], [1, 1]])
    # Of class 0 one of two is right, class 1 is missed, class 2 occurs nowhere.
    assert metrics.MeanIoU(3)(y, p) == 0.25
    assert metrics.MeanIoU(3, ignore_class=1)(y, p) == 1
