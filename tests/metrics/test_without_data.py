"""What metrics say before the first batch, and what they leave out."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import metrics
from metrics.batches import CLASSES, COUNT, one_hot


def each_metric():
    """All classes with default settings, and those that return arrays with such settings."""
    settings = {
        "IoU": {"num_classes": CLASSES, "target_class_ids": [0]},
        "MeanIoU": {"num_classes": CLASSES},
        "OneHotIoU": {"num_classes": CLASSES, "target_class_ids": [0]},
        "OneHotMeanIoU": {"num_classes": CLASSES},
        "PrecisionAtRecall": {"recall": 0.5},
        "RecallAtPrecision": {"precision": 0.5},
        "SensitivityAtSpecificity": {"specificity": 0.5},
        "SpecificityAtSensitivity": {"sensitivity": 0.5},
    }
    plain = {"Mean", "Sum", "Metric", "MeanMetricWrapper"}
    for name in sorted(metrics.__all__):
        kind = getattr(metrics, name)
        if isinstance(kind, type) and issubclass(kind, metrics.Metric) and name not in plain:
            yield kind(**settings.get(name, {}))
    for kind in (metrics.FalseNegatives, metrics.FalsePositives, metrics.TrueNegatives):
        yield kind([0.2, 0.5])
    for kind in (metrics.TruePositives, metrics.Precision, metrics.Recall):
        yield kind([0.2, 0.5])
        yield kind([0.2])
    for average in ("micro", "macro", "weighted"):
        yield metrics.F1Score(average)
        yield metrics.FBetaScore(average)
    yield metrics.R2Score(None)
    yield metrics.ConfusionMatrix(CLASSES)
    yield metrics.AUC(multi_label=True)


METRICS = list(each_metric())


def data_for(metric, labels, scores):
    if isinstance(metric, metrics.BinaryIoU):
        return labels > 1, scores[:, 0]
    if isinstance(metric, metrics.OneHotIoU | metrics.OneHotMeanIoU):
        return one_hot(labels), scores
    if isinstance(metric, metrics.IoU):
        return labels, labels[::-1].copy()
    if type(metric).__name__.startswith("Sparse"):
        return labels, scores
    return one_hot(labels), scores


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_shape_of_the_result_without_data(metric, labels, scores):
    metric = type(metric).from_config(metric.get_config())
    fresh = metric.result()
    result = metric(*data_for(metric, labels, scores))
    metric.reset_state()
    after = metric.result()
    assert type(fresh) is type(after) is type(result)
    assert np.shape(after) == np.shape(result)
    # Classes are known when the first batch comes.
    assert np.ndim(fresh) == np.ndim(result)
    assert 0 in np.shape(fresh) or np.shape(fresh) == np.shape(result)
    np.testing.assert_array_equal(after, np.zeros(np.shape(after)))
    metric.restore(metric.state())
    np.testing.assert_array_equal(metric.result(), after)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
@pytest.mark.parametrize("worst", [np.nan, np.inf, -np.inf])
def test_weight_of_zero_leaves_out_whatever_is_predicted(metric, worst, labels, scores, weights):
    metric = type(metric).from_config(metric.get_config())
    y_true, y_pred = data_for(metric, labels, scores)
    if y_pred.dtype.kind != "f":
        pytest.skip("outputs are class numbers")
    weights[: COUNT // 2] = 0
    spoilt = y_pred.copy()
    spoilt[: COUNT // 2] = worst
    want = metric(y_true, y_pred, weights)
    metric.reset_state()
    np.testing.assert_array_equal(metric(y_true, spoilt, weights), want)


def test_infinite_scores_do_not_hide_the_largest():
    """Logits of what cannot be are minus infinity."""
    labels, scores = np.array([1, 2]), np.float32([[-np.inf, 1, 0], [0, -np.inf, 3]])
    y_true = np.eye(3, dtype=np.float32)[labels]
    assert metrics.F1Score("micro")(y_true, scores) == pytest.approx(1)
    assert metrics.Precision(top_k=1)(y_true, scores) == 1
    assert metrics.Recall(top_k=2)(y_true, scores) == 1


def test_plain_numbers_of_weight_zero_are_left_out():
    for worst in (np.nan, np.inf):
        assert metrics.Mean()([1, worst, 3], [1, 0, 1]) == 2
        assert metrics.Sum()([1, worst, 3], [1, 0, 1]) == 4
