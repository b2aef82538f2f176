"""Metrics with Keras' names. Each is a mean: a sum and a count that grow batch by batch.

In ``fit`` and ``evaluate`` the sum of a batch is computed in the same Program as the loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import losses, ops
from fastcnn.config import Configurable, lookup
from fastcnn.losses.functions import as_dtype, is_symbolic, same_rank

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


class Metric(Configurable):
    """The mean of ``values(y_true, y_pred)`` over everything seen since ``reset_state``.

    A metric of one's own defines ``values`` with operations of ``fastcnn.ops``.

    Args:
        name: Its key in logs.

    Attributes:
        total: Sum so far.
        count: What it will be divided by.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or type(self).__name__
        self.total = 0.0
        self.count = 0.0

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """Numbers whose mean is the metric, usually one per example."""
        raise NotImplementedError(f"{type(self).__name__} must define values(self, y_true, y_pred)")

    def measure(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """Sum and count of one batch, of arrays or of Tensors.

        Returns:
            A float32 scalar, and a float or a scalar like the first.
        """
        values = self.values(y_true, y_pred)
        if sample_weight is None:
            return ops.sum(values), float(math.prod(values.shape))
        weight = as_dtype(sample_weight, "float32")
        extra = len(values.shape) - len(weight.shape)
        if extra < 0:
            weight = ops.reshape(weight, weight.shape[:extra])
        elif extra:
            weight = ops.reshape(weight, (*weight.shape, *[1] * extra))
        weight = ops.broadcast_to(weight, values.shape)
        return ops.sum(ops.multiply(values, weight)), ops.sum(weight)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count a batch of arrays."""
        weight = None if sample_weight is None else np.asarray(sample_weight)
        total, count = self.measure(np.asarray(y_true), np.asarray(y_pred), weight)
        self.total += float(total)
        self.count += float(count)

    def result(self) -> float:
        """The mean so far; 0 before the first batch."""
        return self.total / self.count if self.count else 0.0

    def reset_state(self) -> None:
        """Forget everything seen."""
        self.total = 0.0
        self.count = 0.0

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Count a batch of arrays and return the result so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class Mean(Metric):
    """Mean of plain numbers: ``update_state(values)``."""

    def __init__(self, name: str = "mean") -> None:
        super().__init__(name)

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Count numbers."""
        array = np.asarray(values, np.float64)
        weight = np.broadcast_to(1.0 if sample_weight is None else sample_weight, array.shape)
        self.total += float((array * weight).sum())
        self.count += float(weight.sum())


class MeanMetricWrapper(Metric):
    """The mean of a function ``(y_true, y_pred) -> one number per example``."""

    def __init__(self, fn: Callable[[Any, Any], Any], name: str | None = None) -> None:
        super().__init__(name or getattr(fn, "__name__", None))
        self.fn = fn

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """``fn(y_true, y_pred)``."""
        return self.fn(y_true, y_pred)


class Accuracy(Metric):
    """How often outputs equal labels exactly."""

    def __init__(self, name: str = "accuracy") -> None:
        super().__init__(name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """1 where equal, else 0."""
        return ops.equal(*same_rank(y_true, y_pred))


class BinaryAccuracy(Metric):
    """How often outputs lie on the label's side of a threshold.

    Args:
        name: Its key in logs.
        threshold: Outputs above it mean 1.
    """

    def __init__(self, name: str = "binary_accuracy", threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = threshold

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """Share of hits over the last axis."""
        y_true, y_pred = same_rank(y_true, y_pred)
        hits = ops.equal(y_true, ops.greater(y_pred, np.float32(self.threshold)))
        return ops.mean(hits, axis=-1)


class CategoricalAccuracy(Metric):
    """How often the largest output is that of the one-hot label."""

    def __init__(self, name: str = "categorical_accuracy") -> None:
        super().__init__(name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """1 for a hit, else 0."""
        labels = ops.argmax(as_dtype(y_true, "float32"))
        return ops.equal(labels, ops.argmax(as_dtype(y_pred, "float32")))


class SparseCategoricalAccuracy(Metric):
    """How often the largest output is that of the integer label."""

    def __init__(self, name: str = "sparse_categorical_accuracy") -> None:
        super().__init__(name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """1 for a hit, else 0."""
        labels = _labels(y_true, y_pred)
        return ops.equal(labels, ops.argmax(as_dtype(y_pred, "float32")))


class TopKCategoricalAccuracy(Metric):
    """How often the one-hot label's class is among the ``k`` largest outputs.

    Args:
        k: Number of guesses allowed.
        name: Its key in logs.
    """

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy") -> None:
        super().__init__(name)
        self.k = k

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """1 for a hit, else 0."""
        labels = ops.argmax(as_dtype(y_true, "float32"))
        return ops.in_top_k(labels, as_dtype(y_pred, "float32"), self.k)


class SparseTopKCategoricalAccuracy(Metric):
    """How often the integer label is among the ``k`` largest outputs.

    Args:
        k: Number of guesses allowed.
        name: Its key in logs.
    """

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy") -> None:
        super().__init__(name)
        self.k = k

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """1 for a hit, else 0."""
        return ops.in_top_k(_labels(y_true, y_pred), as_dtype(y_pred, "float32"), self.k)


class MeanSquaredError(Metric):
    """Mean of squared differences."""

    def __init__(self, name: str = "mean_squared_error") -> None:
        super().__init__(name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.mean_squared_error`."""
        return losses.mean_squared_error(y_true, y_pred)


class RootMeanSquaredError(Metric):
    """Square root of the mean of squared differences."""

    def __init__(self, name: str = "root_mean_squared_error") -> None:
        super().__init__(name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """Squared differences."""
        y_true, y_pred = same_rank(y_true, y_pred)
        return ops.square(ops.subtract(y_true, y_pred))

    def result(self) -> float:
        """The root of the mean so far."""
        return math.sqrt(super().result())


class MeanAbsoluteError(Metric):
    """Mean of absolute differences."""

    def __init__(self, name: str = "mean_absolute_error") -> None:
        super().__init__(name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.mean_absolute_error`."""
        return losses.mean_absolute_error(y_true, y_pred)


class CategoricalCrossentropy(Metric):
    """Mean cross-entropy for one-hot labels."""

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(name)
        self.dtype = dtype
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.categorical_crossentropy`."""
        return losses.categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing
        )


class SparseCategoricalCrossentropy(Metric):
    """Mean cross-entropy for integer labels."""

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: None = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name)
        self.dtype = dtype
        self.from_logits = from_logits

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.sparse_categorical_crossentropy`."""
        return losses.sparse_categorical_crossentropy(y_true, y_pred, self.from_logits)


class BinaryCrossentropy(Metric):
    """Mean cross-entropy for yes/no labels."""

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: None = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(name)
        self.dtype = dtype
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.binary_crossentropy`."""
        return losses.binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)


def _labels(y_true: Any, y_pred: Any) -> Any:
    """Integer labels in the shape of ``y_pred`` without its last axis."""
    labels = y_true if is_symbolic(y_true) else np.asarray(y_true)
    return ops.reshape(as_dtype(labels, "int64"), tuple(y_pred.shape)[:-1])


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
# Names whose meaning depends on the shapes of labels and outputs.
_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")


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
