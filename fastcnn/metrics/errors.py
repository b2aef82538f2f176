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
    "MeanAbsoluteError",
    "MeanSquaredError",
    "RootMeanSquaredError",
    "SparseCategoricalCrossentropy",
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
