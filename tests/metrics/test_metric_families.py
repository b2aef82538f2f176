"""Metrics of counts against scikit-learn's formulas, batch by batch and in a model."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import Input, Sequential, layers, losses, metrics, ops

sk = pytest.importorskip("sklearn.metrics")

CLASSES = 4
COUNT = 53
PARTS = [slice(0, 1), slice(1, 20), slice(20, 53)]


@pytest.fixture
def scores(rng):
    x = rng.random((COUNT, CLASSES), np.float32)
    return x / x.sum(1, keepdims=True)


@pytest.fixture
def labels(rng):
    return rng.integers(0, CLASSES, COUNT)


@pytest.fixture
def weights(rng):
    return rng.random(COUNT).astype(np.float32) + 0.1


def one_hot(labels):
    return np.eye(CLASSES, dtype=np.float32)[labels]


def streamed(metric, y_true, y_pred, weight=None):
    """The result over uneven batches; it is that of one pass."""
    once = type(metric).from_config(metric.get_config())
    whole = once(y_true, y_pred, weight)
    for part in PARTS:
        metric.update_state(y_true[part], y_pred[part], None if weight is None else weight[part])
    np.testing.assert_allclose(metric.result(), whole, rtol=1e-6, atol=1e-9)
    return whole


@pytest.fixture(params=[False, True], ids=["plain", "weighted"])
def weight(request, weights):
    return weights if request.param else None


def test_precision_and_recall(labels, scores, weight):
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
def test_counts_at_thresholds(thresholds, labels, scores, weight):
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


def test_areas(rng, labels, scores, weight):
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


@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
@pytest.mark.parametrize("beta", [1.0, 0.5])
def test_f_scores(average, beta, labels, scores, weight):
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
def test_confusion_matrices(normalize, labels, scores, weight):
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
def test_reports(settings, labels, scores, weight):
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


def jaccard(labels, guesses, targets, weight=None):
    return sk.jaccard_score(labels, guesses, labels=targets, average="macro", sample_weight=weight)


def test_overlap_of_classes(labels, scores, weight):
    guesses, hot = scores.argmax(1), one_hot(labels)
    every = list(range(CLASSES))
    for metric, y, p, targets in [
        (metrics.MeanIoU(CLASSES), labels, guesses, every),
        (metrics.MeanIoU(CLASSES, sparse_y_pred=False), labels, scores, every),
        (metrics.IoU(CLASSES, [0, 2]), labels, guesses, [0, 2]),
        (metrics.OneHotIoU(CLASSES, [1]), hot, scores, [1]),
        (metrics.OneHotMeanIoU(CLASSES), hot, scores, every),
    ]:
        want = jaccard(labels, guesses, targets, weight)
        np.testing.assert_allclose(streamed(metric, y, p, weight), want, rtol=1e-6)
    y = (labels == 1).astype(int)
    got = streamed(metrics.BinaryIoU(threshold=0.3), y, scores[:, 1], weight)
    np.testing.assert_allclose(got, jaccard(y, scores[:, 1] >= 0.3, [0, 1], weight), rtol=1e-6)


def test_overlap_leaves_out_what_is_no_class():
    y, p = np.array([[0, 1], [255, 7]]), np.array([[0, 0], [1, 1]])
    # Of class 0 one of two is right, class 1 is missed, class 2 occurs nowhere.
    assert metrics.MeanIoU(3)(y, p) == 0.25
    assert metrics.MeanIoU(3, ignore_class=1)(y, p) == 1


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


AGGREGATIONS = {
    None: "raw_values",
    "uniform_average": "uniform_average",
    "variance_weighted_average": "variance_weighted",
}


@pytest.mark.parametrize("aggregation", AGGREGATIONS)
def test_explained_variance(aggregation, rng, weight):
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


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (metrics.AUC, "auc"),
        (metrics.Precision, "precision"),
        (lambda: metrics.MeanIoU(2), "mean_io_u"),
        (metrics.BinaryIoU, "binary_io_u"),
        (lambda: metrics.SensitivityAtSpecificity(0.5), "sensitivity_at_specificity"),
        (metrics.FBetaScore, "fbeta_score"),
        (metrics.LogCoshError, "logcosh"),
    ],
)
def test_names_in_logs(make, name):
    assert make().name == name


def classifier(*compiled, activation="softmax", units=CLASSES):
    model = Sequential([Input((3,)), layers.Dense(units, activation)])
    model.compile("sgd", *compiled)
    return model


def test_in_a_model(rng, labels, weights):
    """``evaluate`` in uneven batches says what the metric says of ``predict``."""
    x, hot = rng.standard_normal((COUNT, 3), np.float32), one_hot(labels)

    def some():
        return [
            metrics.Precision(0.2),
            metrics.Recall([0.2, 0.4], name="recalls"),
            metrics.AUC(multi_label=True),
            metrics.F1Score(),
            metrics.ConfusionMatrix(),
            metrics.OneHotMeanIoU(CLASSES),
            metrics.ExpectedCalibrationError(),
            metrics.R2Score(),
            "cosine_similarity",
        ]

    model = Sequential([Input((3,)), layers.Dense(CLASSES, "softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=some(), weighted_metrics=some())
    logs = model.evaluate(x, hot, 20, sample_weight=weights, verbose=0, return_dict=True)
    outputs = model.predict(x, verbose=0)
    for metric in map(metrics.get, some()):
        plain = metric(hot, outputs)
        np.testing.assert_allclose(logs[metric.name], plain, rtol=1e-5, atol=1e-6)
        metric.reset_state()
        weighted = metric(hot, outputs, weights)
        np.testing.assert_allclose(logs[f"{metric.name}_1"], weighted, rtol=1e-5, atol=1e-6)
        assert not np.array_equal(plain, weighted)


def test_arrays_in_logs(rng, labels, tmp_path, capsys):
    from fastcnn import callbacks, load

    model = classifier("sparse_categorical_crossentropy", None, ["accuracy", "confusion_matrix"])
    x, file = rng.random((COUNT, 3)), tmp_path / "log.csv"
    logger = callbacks.CSVLogger(file)
    logs = model.fit(x, labels, 20, 2, 2, [logger], validation_data=(x, labels)).history
    assert [each.sum() for each in logs["val_confusion_matrix"]] == [COUNT, COUNT]
    assert "accuracy" in capsys.readouterr().out
    assert "[[" in file.read_text()
    model.save(tmp_path / "model")
    again = load(tmp_path / "model")
    np.testing.assert_array_equal(
        again.evaluate(x, labels, verbose=0)[2], model.evaluate(x, labels, verbose=0)[2]
    )


def test_functions_are_the_metrics(labels, scores):
    hot = one_hot(labels)
    for name, y in [
        ("categorical_accuracy", hot),
        ("sparse_categorical_accuracy", labels),
        ("top_k_categorical_accuracy", hot),
        ("sparse_top_k_categorical_accuracy", labels),
        ("binary_accuracy", hot),
    ]:
        each = getattr(metrics, name)(y, scores)
        assert each.shape == (COUNT,)
        assert metrics.get(name)(y, scores) == pytest.approx(each.mean())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: metrics.Precision(1.5), "Precision: thresholds lie between 0 and 1, got 1.5"),
        (lambda: metrics.Recall([]), "thresholds is empty"),
        (lambda: metrics.Recall(top_k=0), "top_k must be an int of 1 or more, got 0"),
        (lambda: metrics.Precision(class_id=-1), "class_id must be an int of 0 or more"),
        (lambda: metrics.AUC(curve="ROCK"), "curve must be one of ROC, PR, PRGAIN"),
        (lambda: metrics.AUC(summation_method="sum"), "summation_method must be one of"),
        (lambda: metrics.AUC(1), "num_thresholds must be 2 or more"),
        (lambda: metrics.AUC(num_labels=3), "for multi_label=True only"),
        (lambda: metrics.F1Score("mean"), "average must be None, 'micro'"),
        (lambda: metrics.FBetaScore(beta=0), "beta must be a number above 0"),
        (lambda: metrics.F1Score(threshold=0.0), "threshold must be above 0"),
        (lambda: metrics.MeanIoU(0), "num_classes must be a positive int"),
        (lambda: metrics.IoU(3, [3]), "classes from 0 to 2, got"),
        (lambda: metrics.RecallAtPrecision(1.2), "precision must be between 0 and 1"),
        (lambda: metrics.SensitivityAtSpecificity(0.5, 0), "num_thresholds must be positive"),
        (lambda: metrics.ExpectedCalibrationError(0), "num_bins must be a positive int"),
        (lambda: metrics.R2Score("mean"), "class_aggregation must be one of"),
        (lambda: metrics.ConfusionMatrix(normalize="rows"), "normalize must be None, 'true'"),
        (lambda: metrics.confusion_matrix([0, 1], [0]), "must have one length, got 2, 1 and 2"),
        (lambda: metrics.confusion_matrix([0.5, 1], [0, 1]), "y_true has fractions"),
        (lambda: metrics.confusion_matrix([0], [0], labels=[1, 1]), "different class numbers"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("metric", "message"),
    [
        (metrics.Precision(), r"Precision: labels of shape .*must be one-hot.*\(y, 4\)"),
        (metrics.AUC(), "must be one-hot"),
        (metrics.F1Score(), "must be one-hot"),
        (metrics.OneHotMeanIoU(4), "shape"),
        (metrics.MeanIoU(4), r"one class number each.*sparse_y_pred=False"),
    ],
)
def test_labels_that_do_not_fit(metric, message, labels):
    model = classifier("sparse_categorical_crossentropy", None, [metric])
    with pytest.raises(ValueError, match=message):
        model.evaluate(np.ones((COUNT, 3)), labels, verbose=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.Precision(class_id=9)(np.ones((2, 3)), np.ones((2, 3))), "class_id=9"),
        (lambda: metrics.Precision()([1, 0], [1, 0], np.ones(3)), r"\(3,\) does not fit"),
        (lambda: metrics.F1Score()(np.ones(3), np.ones(3)), "outputs must be"),
        (lambda: metrics.R2Score()(np.ones(3), np.ones(3)), "must be"),
        (lambda: metrics.AUC(multi_label=True)(np.ones(3), np.ones(3)), "multi_label needs"),
        (
            lambda: metrics.AUC(label_weights=[1, 2])(np.ones((2, 3)), np.ones((2, 3))),
            "3 numbers, one for each class",
        ),
        (lambda: metrics.ConfusionMatrix()(np.ones((3, 2)), np.ones((3, 4))), "one class number"),
        (lambda: metrics.ExpectedCalibrationError()(np.ones(2), np.ones((3, 4))), "one class"),
        (lambda: metrics.ExpectedCalibrationError().bins(), "nothing was counted"),
    ],
)
def test_arrays_that_do_not_fit(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_metric_of_ones_own_is_still_a_mean():
    class Share(metrics.Metric):
        def values(self, y_true, y_pred):
            return ops.greater(y_pred, y_true)

    assert Share()(np.zeros((4, 1), np.float32), np.array([[1], [0], [1], [1]], "f4")) == 0.75
    assert Share().name == "share"


@pytest.mark.parametrize(
    "metric",
    [metrics.AUC(), metrics.F1Score(), metrics.R2Score(), metrics.BinaryAccuracy()],
    ids=lambda metric: metric.name,
)
def test_a_state_is_taken_up_again(metric, labels, scores):
    """As after a break in the middle of an epoch."""
    hot = one_hot(labels)
    again = type(metric).from_config(metric.get_config())
    again.restore(metric.state())
    np.testing.assert_array_equal(again.result(), metric.result())
    metric.update_state(hot[:20], scores[:20])
    again.restore(metric.state())
    for each in (metric, again):
        each.update_state(hot[20:], scores[20:])
    np.testing.assert_array_equal(again.result(), metric.result())
    np.testing.assert_array_equal(again.state(), metric.state())


def test_the_state_of_an_epoch_is_taken_up_again(labels):
    from fastcnn.models.data import Converter
    from fastcnn.models.objective import Meters

    model = classifier("sparse_categorical_crossentropy", None, ["confusion_matrix", "accuracy"])
    model(np.ones((1, 3), np.float32))
    batch = Converter(model._feed)((np.ones((COUNT, 3)), labels))
    program = model.programs.measure(batch, train=False)
    results = program.run(*batch.arrays)
    first, second = Meters(), Meters()
    first.add(program.plan, results, batch.size)
    second.restore(first.state())
    for key, value in first.logs().items():
        np.testing.assert_array_equal(second.logs()[key], value)
    for each in (first, second):
        each.add(program.plan, results, batch.size)
    for key, value in first.logs().items():
        np.testing.assert_array_equal(second.logs()[key], value)
    assert first.logs()["confusion_matrix"].sum() == 2 * COUNT
