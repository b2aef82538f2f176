"""Metrics with Keras' names. Each is a mean: a sum and a count that grow batch by batch.

In ``fit`` and ``evaluate`` the sum of a batch is computed in the same Program as the loss.
"""

from __future__ import annotations

from typing import Any

from fastcnn.config import lookup, reserve
from fastcnn.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
)
from fastcnn.metrics.errors import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanAbsoluteError,
    MeanSquaredError,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
)
from fastcnn.metrics.metric import Mean, MeanMetricWrapper, Metric

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "Mean",
    "MeanAbsoluteError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "Metric",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "get",
    "resolve",
]

_TABLE: dict[str, type[Metric]] = {
    "Accuracy": Accuracy,
    "BinaryAccuracy": BinaryAccuracy,
    "BinaryCrossentropy": BinaryCrossentropy,
    "CategoricalAccuracy": CategoricalAccuracy,
    "CategoricalCrossentropy": CategoricalCrossentropy,
    "MAE": MeanAbsoluteError,
    "MSE": MeanSquaredError,
    "MeanAbsoluteError": MeanAbsoluteError,
    "MeanMetricWrapper": MeanMetricWrapper,
    "MeanSquaredError": MeanSquaredError,
    "RootMeanSquaredError": RootMeanSquaredError,
    "SparseCategoricalAccuracy": SparseCategoricalAccuracy,
    "SparseCategoricalCrossentropy": SparseCategoricalCrossentropy,
    "SparseTopKCategoricalAccuracy": SparseTopKCategoricalAccuracy,
    "TopKCategoricalAccuracy": TopKCategoricalAccuracy,
    "binary_accuracy": BinaryAccuracy,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_accuracy": CategoricalAccuracy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "sparse_top_k_categorical_accuracy": SparseTopKCategoricalAccuracy,
    "top_k_categorical_accuracy": TopKCategoricalAccuracy,
}
reserve(_TABLE)
# Names whose meaning depends on the shapes of labels and outputs.
_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")
reserve(dict.fromkeys(_ACCURACY + _CROSSENTROPY))


def get(identifier: Any) -> Metric:
    """The metric that a name, a configuration, a function or a :class:`Metric` stands for.

    Raises:
        ValueError: An unknown name; the text lists the known ones.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, str):
        name = identifier
        identifier = lookup("metric", identifier, {**_TABLE, "accuracy": Accuracy})
        if isinstance(identifier, type) and issubclass(identifier, Metric) and name.islower():
            # Keras logs a metric under the name it was asked for: "mse", "mae".
            metric = identifier()
            metric.name = name
            return metric
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, dict):
        name, config = identifier["class_name"], dict(identifier.get("config", {}))
        found = lookup("metric", name, _TABLE)
        if found is MeanMetricWrapper:
            config["fn"] = lookup("metric function", config.get("fn", ""), {})
        return found.from_config(config)  # type: ignore[no-any-return]
    if callable(identifier):
        return MeanMetricWrapper(identifier)
    raise ValueError(f"a metric is a name, a function or a Metric object, got {identifier!r}")


def resolve(identifier: Any, y_true: Any, y_pred: Any) -> Metric:
    """As :func:`get`; ``"accuracy"`` and ``"crossentropy"`` become what the shapes call for.

    One output per example means binary; labels without a class axis mean sparse.
    """
    if not isinstance(identifier, str) or identifier not in _ACCURACY + _CROSSENTROPY:
        return get(identifier)
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    binary = pred[-1] == 1
    sparse = not binary and (len(true) < len(pred) or true[-1] == 1)
    if identifier in _ACCURACY:
        if binary:
            return BinaryAccuracy(identifier)
        return (SparseCategoricalAccuracy if sparse else CategoricalAccuracy)(identifier)
    if binary:
        return BinaryCrossentropy(identifier)
    return (SparseCategoricalCrossentropy if sparse else CategoricalCrossentropy)(identifier)
