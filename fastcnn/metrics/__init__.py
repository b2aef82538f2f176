"""Metrics with Keras' names. Each is sums that grow batch by batch, and what follows from them.

In ``fit`` and ``evaluate`` the sums of a batch are computed in the same Program as the loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.config import Registry, custom_object_scope, reserve, serialize
from fastcnn.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from fastcnn.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from fastcnn.metrics.auc import (
    AUC,
)
from fastcnn.metrics.best_threshold import (
    PrecisionAtRecall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)
from fastcnn.metrics.calibration import (
    ExpectedCalibrationError,
)
from fastcnn.metrics.confusion import (
    ConfusionMatrix,
    classification_report,
    confusion_matrix,
)
from fastcnn.metrics.correlation import (
    ConcordanceCorrelation,
    CosineSimilarity,
    PearsonCorrelation,
    R2Score,
    concordance_correlation,
    pearson_correlation,
)
from fastcnn.metrics.fscore import (
    F1Score,
    FBetaScore,
)
from fastcnn.metrics.iou import (
    BinaryIoU,
    IoU,
    MeanIoU,
    OneHotIoU,
    OneHotMeanIoU,
)
from fastcnn.metrics.metric import (
    Mean,
    MeanMetricWrapper,
    Metric,
    Sum,
    snake_case,
)
from fastcnn.metrics.regression import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from fastcnn.metrics.thresholds import (
    FalseNegatives,
    FalsePositives,
    Precision,
    Recall,
    TrueNegatives,
    TruePositives,
)

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "ConfusionMatrix",
    "CosineSimilarity",
    "ExpectedCalibrationError",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "classification_report",
    "concordance_correlation",
    "confusion_matrix",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "resolve",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_CLASSES: tuple[type[Metric], ...] = (
    AUC,
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    BinaryIoU,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    CategoricalHinge,
    ConcordanceCorrelation,
    ConfusionMatrix,
    CosineSimilarity,
    ExpectedCalibrationError,
    F1Score,
    FBetaScore,
    FalseNegatives,
    FalsePositives,
    Hinge,
    IoU,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanIoU,
    MeanMetricWrapper,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    OneHotIoU,
    OneHotMeanIoU,
    PearsonCorrelation,
    Poisson,
    Precision,
    PrecisionAtRecall,
    R2Score,
    Recall,
    RecallAtPrecision,
    RootMeanSquaredError,
    SensitivityAtSpecificity,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    SpecificityAtSensitivity,
    SquaredHinge,
    TopKCategoricalAccuracy,
    TrueNegatives,
    TruePositives,
)
#: Keras' further names.
_ALIASES: dict[str, type[Metric]] = {
    "KLD": KLDivergence,
    "MAE": MeanAbsoluteError,
    "MAPE": MeanAbsolutePercentageError,
    "MSE": MeanSquaredError,
    "MSLE": MeanSquaredLogarithmicError,
    "bce": BinaryCrossentropy,
    "kld": KLDivergence,
    "kullback_leibler_divergence": KLDivergence,
    "log_cosh": LogCoshError,
    "logcosh": LogCoshError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
    "rmse": RootMeanSquaredError,
}
_TABLE: dict[str, type[Metric]] = {
    **{kind.__name__: kind for kind in _CLASSES},
    **{snake_case(kind.__name__): kind for kind in _CLASSES},
    **_ALIASES,
}
# "accuracy" is what the shapes call for, and a function wrapped by its name is not a metric.
del _TABLE["accuracy"], _TABLE["mean_metric_wrapper"]
reserve(_TABLE)
# Names whose meaning depends on the shapes of labels and outputs.
_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")
reserve(dict.fromkeys(_ACCURACY + _CROSSENTROPY))
_REGISTRY = Registry(
    "metric",
    Metric,
    {**_TABLE, "accuracy": Accuracy},
    wrapper=MeanMetricWrapper,
    expected="a metric is a name, a function or a Metric object",
)


def get(identifier: Any) -> Metric:
    """The metric that a name, a configuration, a function or a :class:`Metric` stands for.

    Raises:
        ValueError: An unknown name; the text lists the known ones.
    """
    metric: Metric = _REGISTRY.get(identifier)
    if (
        isinstance(identifier, str)
        and identifier.islower()
        and type(metric) is not MeanMetricWrapper
    ):
        # Keras logs a metric under the name it was asked for: "mse", "mae".
        metric.name = identifier
    return metric


def check_metric(name: str) -> None:
    """Refuse a name that no metric has, before shapes say which metric it is.

    Raises:
        ValueError: Tells names that are near, and all.
    """
    if name not in _ACCURACY + _CROSSENTROPY:
        get(name)


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


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Metric:
    """The metric that :func:`serialize` described; see :func:`get`."""
    with custom_object_scope(custom_objects):
        return get(config)
