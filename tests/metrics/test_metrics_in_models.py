"""Metrics in compile, in logs, and taken up again after a break."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import Input, Sequential, callbacks, layers, load, metrics, ops
from fastcnn.data_adapters.adapters import Converter
from fastcnn.training.compiled_losses import MetricAccumulator
from metrics.batches import CLASSES, COUNT, one_hot


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
        np.testing.assert_allclose(logs[f"weighted_{metric.name}"], weighted, rtol=1e-5, atol=1e-6)
        assert not np.array_equal(plain, weighted)


def test_arrays_in_logs(rng, labels, tmp_path, capsys):
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
    model = classifier("sparse_categorical_crossentropy", None, ["confusion_matrix", "accuracy"])
    model(np.ones((1, 3), np.float32))
    batch = Converter(model._feed)((np.ones((COUNT, 3)), labels))
    program = model.programs.measure(batch, train=False)
    results = program.run(*batch.arrays)
    first, second = MetricAccumulator(), MetricAccumulator()
    first.add(program.plan, results, batch.size)
    second.restore(first.state())
    for key, value in first.logs().items():
        np.testing.assert_array_equal(second.logs()[key], value)
    for each in (first, second):
        each.add(program.plan, results, batch.size)
    for key, value in first.logs().items():
        np.testing.assert_array_equal(second.logs()[key], value)
    assert first.logs()["confusion_matrix"].sum() == 2 * COUNT
