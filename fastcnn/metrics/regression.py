"""How far off a model is: means of losses."""

from __future__ import annotations

import math
from typing import Any

from fastcnn import losses, ops
from fastcnn.losses.functions import same_rank
from fastcnn.metrics.metric import Metric

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "RootMeanSquaredError",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]


class MeanSquaredError(Metric):
    """Mean of squared differences."""

    def __init__(self, name: str = "mean_squared_error", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.mean_squared_error`."""
        return losses.mean_squared_error(y_true, y_pred)


class RootMeanSquaredError(Metric):
    """Square root of the mean of squared differences."""

    def __init__(self, name: str = "root_mean_squared_error", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """Squared differences."""
        y_true, y_pred = same_rank(y_true, y_pred)
        return ops.square(ops.subtract(y_true, y_pred))

    def result(self) -> float:
        """The root of the mean so far."""
        return math.sqrt(super().result())


class MeanAbsoluteError(Metric):
    """Mean of absolute differences."""

    def __init__(self, name: str = "mean_absolute_error", dtype: None = None) -> None:
        super().__init__(dtype, name)

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
        super().__init__(dtype, name)
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
        super().__init__(dtype, name)
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
        super().__init__(dtype, name)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.binary_crossentropy`."""
        return losses.binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing)


class MeanAbsolutePercentageError(Metric):
    """Mean of differences in percent of the label."""

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.mean_absolute_percentage_error`."""
        return losses.mean_absolute_percentage_error(y_true, y_pred)


class MeanSquaredLogarithmicError(Metric):
    """Mean of squared differences of logarithms."""

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.mean_squared_logarithmic_error`."""
        return losses.mean_squared_logarithmic_error(y_true, y_pred)


class LogCoshError(Metric):
    """Mean logarithm of the hyperbolic cosine of differences."""

    def __init__(self, name: str = "logcosh", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.log_cosh`."""
        return losses.log_cosh(y_true, y_pred)


class Poisson(Metric):
    """Mean of minus the log-likelihood of counts, but for what no output changes."""

    def __init__(self, name: str = "poisson", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.poisson`."""
        return losses.poisson(y_true, y_pred)


class KLDivergence(Metric):
    """Mean Kullback-Leibler divergence of labels from outputs."""

    def __init__(self, name: str = "kl_divergence", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.kl_divergence`."""
        return losses.kl_divergence(y_true, y_pred)


class Hinge(Metric):
    """Mean of how much margins fall short of 1."""

    def __init__(self, name: str = "hinge", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.hinge`."""
        return losses.hinge(y_true, y_pred)


class SquaredHinge(Metric):
    """Mean square of how much margins fall short of 1."""

    def __init__(self, name: str = "squared_hinge", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.squared_hinge`."""
        return losses.squared_hinge(y_true, y_pred)


class CategoricalHinge(Metric):
    """Mean of how much the label's score falls short of the best other one plus 1."""

    def __init__(self, name: str = "categorical_hinge", dtype: None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`fastcnn.losses.categorical_hinge`."""
        return losses.categorical_hinge(y_true, y_pred)
