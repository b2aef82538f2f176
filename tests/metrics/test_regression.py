"""Metrics of numbers: explained variance, correlation, means of losses, calibration."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import losses, metrics
from metrics.batches import COUNT, one_hot, streamed

AGGREGATIONS = {
    None: "raw_values",
    "uniform_average": "uniform_average",
    "variance_weighted_average": "variance_weighted",
}


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_explained_variance(sk, aggregation, rng, weight):
    # Years: squares of them have no room for their differences in float32.
    t = (2000 + rng.standard_normal((COUNT, 3))).astype(np.float32)
    p = (t + rng.standard_normal((COUNT, 3)) * [0.1, 1, 2]).astype(np.float32)
    want = sk.r2_score(t, p, multioutput=AGGREGATIONS[aggregation], sample_weight=weight)
    got = streamed(metrics.R2Score(aggregation), t, p, weight)
    np.testing.assert_allclose(got, want, rtol=1e-4)


def test_adjusted_explained_variance(rng):
    t, p = rng.random((30, 1), np.float32), rng.random((30, 1), np.float32)
    plain = metrics.R2Score()(t, p)
    got = metrics.R2Score(num_regressors=4)(t, p)
    np.testing.assert_allclose(got, 1 - (1 - plain) * 29 / 25, rtol=1e-6)
    with pytest.warns(UserWarning, match="too few to adjust for 29 regressors"):
        assert metrics.R2Score(num_regressors=29)(t, p) == plain


def test_correlations(rng, weight):
    t = rng.standard_normal((COUNT, 9)).astype(np.float32)
    p = (t + rng.standard_normal(t.shape)).astype(np.float32)
    each = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(t, p, strict=True)])
    got = streamed(metrics.PearsonCorrelation(), t, p, weight)
    np.testing.assert_allclose(got, np.average(each, weights=weight), rtol=1e-5)
    ccc = [
        2 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2)
        for a, b in zip(t, p, strict=True)
    ]
    got = streamed(metrics.ConcordanceCorrelation(), t, p, weight)
    np.testing.assert_allclose(got, np.average(ccc, weights=weight), rtol=1e-5)
    cosines = (t * p).sum(1) / np.linalg.norm(t, axis=1) / np.linalg.norm(p, axis=1)
    got = streamed(metrics.CosineSimilarity(), t, p, weight)
    np.testing.assert_allclose(got, np.average(cosines, weights=weight), rtol=1e-5)


@pytest.mark.parametrize(
    ("metric", "loss"),
    [
        ("MeanAbsolutePercentageError", "mean_absolute_percentage_error"),
        ("MeanSquaredLogarithmicError", "mean_squared_logarithmic_error"),
        ("LogCoshError", "log_cosh"),
        ("Poisson", "poisson"),
        ("KLDivergence", "kl_divergence"),
        ("Hinge", "hinge"),
        ("SquaredHinge", "squared_hinge"),
        ("CategoricalHinge", "categorical_hinge"),
    ],
)
def test_losses_as_means(metric, loss, labels, scores, weight):
    y = one_hot(labels)
    each = getattr(losses, loss)(y, scores)
    got = streamed(getattr(metrics, metric)(), y, scores, weight)
    np.testing.assert_allclose(got, np.average(each, weights=weight), rtol=1e-5)


def test_sums():
    total = metrics.Sum()
    total.update_state([1, 2, 3], [1, 0, 2])
    assert total(4) == 11
    total.reset_state()
    assert total.result() == 0
    mean = metrics.Mean()
    mean.update_state([[1, 3], [5, 7]], sample_weight=[1, 3])
    assert mean.result() == 5


@pytest.mark.parametrize("from_logits", [False, True])
def test_calibration(from_logits, labels, scores, weight):
    bins = 5
    w = np.ones(COUNT) if weight is None else weight
    confidence, hits = scores.max(1).astype(np.float64), scores.argmax(1) == labels
    place = np.ceil(confidence * bins) - 1
    want = sum(abs((w * (hits - confidence))[place == b].sum()) for b in range(bins)) / w.sum()
    metric = metrics.ExpectedCalibrationError(bins, from_logits=from_logits)
    outputs = np.log(scores) if from_logits else scores
    for y in (labels, one_hot(labels)):
        np.testing.assert_allclose(streamed(metric, y, outputs, weight), want, rtol=1e-4)
        metric.reset_state()
    metric.update_state(labels, outputs, weight)
    shown = metric.bins()
    assert (shown["confidence"][shown["weight"] > 0] > 0.24).all()
    np.testing.assert_allclose(shown["weight"].sum(), w.sum(), rtol=1e-6)


def test_calibration_of_one_output():
    # Confidence 0.8, 0.9 and 0.7; the second is wrong.
    got = metrics.ExpectedCalibrationError(1)([1, 1, 0], [[0.8], [0.1], [0.3]])
    np.testing.assert_allclose(got, 0.8 - 2 / 3, rtol=1e-5)
