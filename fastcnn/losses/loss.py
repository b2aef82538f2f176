"""Losses as objects: a function, its settings, and how it is reduced over a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.config import Configurable, lookup, reserve
from fastcnn.losses.functions import (
    as_dtype,
    binary_crossentropy,
    categorical_crossentropy,
    mean_absolute_error,
    mean_squared_error,
    operand,
    sparse_categorical_crossentropy,
)

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "FunctionLoss",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "get",
]

_REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none")


class Loss(Configurable):
    """A loss and how it is reduced over a batch.

    A loss of one's own defines ``call(y_true, y_pred)`` with operations of ``fastcnn.ops`` and
    returns one number per example.

    Args:
        name: For logs.
        reduction: ``"sum_over_batch_size"`` (the mean), ``"mean"``, ``"mean_with_sample_weight"``,
            ``"sum"`` or ``"none"``.
    """

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size"
    ) -> None:
        reduction = "none" if reduction is None else reduction
        if reduction not in _REDUCTIONS:
            raise ValueError(
                f"{type(self).__name__}: reduction must be one of "
                f"{', '.join(map(repr, _REDUCTIONS))}, got {reduction!r}"
            )
        self.name = name or type(self).__name__
        self.reduction = reduction

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One number per example."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss.

        Args:
            y_true: Labels; an array or a Tensor.
            y_pred: Outputs of the model; an array or a Tensor.
            sample_weight: Factor per example.

        Returns:
            A float32 scalar, unless the reduction is ``"none"``.
        """
        y_true, y_pred = operand(y_true), operand(y_pred)
        values = self.call(y_true, y_pred)
        count: Any = np.float32(np.prod(values.shape))
        if sample_weight is not None:
            weight = as_dtype(operand(sample_weight), "float32")
            extra = len(values.shape) - len(weight.shape)
            if extra < 0 and weight.shape[-1] == 1:
                weight = ops.reshape(weight, weight.shape[:extra])
            elif extra > 0:
                weight = ops.reshape(weight, (*weight.shape, *[1] * extra))
            values = ops.multiply(values, weight)
            if self.reduction == "mean_with_sample_weight":
                count = ops.sum(ops.broadcast_to(weight, values.shape))
        elif self.reduction not in ("none", "sum"):
            return ops.mean(values)
        if self.reduction == "none":
            return values
        total = ops.sum(values)
        return total if self.reduction == "sum" else ops.divide(total, count)


class FunctionLoss(Loss):
    """The reduced form of a function ``(y_true, y_pred) -> one number per example``."""

    def __init__(
        self,
        fn: Callable[[Any, Any], Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(name or getattr(fn, "__name__", None), reduction)
        self.fn = fn

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """``fn(y_true, y_pred)``."""
        return self.fn(y_true, y_pred)


class MeanSquaredError(Loss):
    """Mean of squared differences."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`mean_squared_error`."""
        return mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(Loss):
    """Mean of absolute differences."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
    ) -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`mean_absolute_error`."""
        return mean_absolute_error(y_true, y_pred)


class CategoricalCrossentropy(Loss):
    """Cross-entropy for one-hot labels; arguments as :func:`categorical_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
    ) -> None:
        super().__init__(name, reduction)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`categorical_crossentropy`."""
        return categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


class SparseCategoricalCrossentropy(Loss):
    """Cross-entropy for integer labels; arguments as :func:`sparse_categorical_crossentropy`.

    Args:
        from_logits: Whether outputs are before the softmax.
        ignore_class: Not supported: ``None`` only.
        reduction: See :class:`Loss`.
        axis: The class axis: the last.
        name: See :class:`Loss`.
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
    ) -> None:
        super().__init__(name, reduction)
        if ignore_class is not None:
            raise ValueError(
                "SparseCategoricalCrossentropy: ignore_class is not supported; give those examples "
                "a sample_weight of 0"
            )
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`sparse_categorical_crossentropy`."""
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, axis=self.axis)


class BinaryCrossentropy(Loss):
    """Cross-entropy for yes/no labels; arguments as :func:`binary_crossentropy`."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
    ) -> None:
        super().__init__(name, reduction)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`binary_crossentropy`."""
        return binary_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


_TABLE: dict[str, type[Loss]] = {
    "BinaryCrossentropy": BinaryCrossentropy,
    "CategoricalCrossentropy": CategoricalCrossentropy,
    "FunctionLoss": FunctionLoss,
    "MAE": MeanAbsoluteError,
    "MSE": MeanSquaredError,
    "MeanAbsoluteError": MeanAbsoluteError,
    "MeanSquaredError": MeanSquaredError,
    "SparseCategoricalCrossentropy": SparseCategoricalCrossentropy,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "mae": MeanAbsoluteError,
    "mean_absolute_error": MeanAbsoluteError,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
}

reserve(_TABLE)
_FUNCTIONS = (
    binary_crossentropy,
    categorical_crossentropy,
    mean_absolute_error,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
reserve({function.__name__: function for function in _FUNCTIONS})


def get(identifier: Any) -> Loss:
    """The loss that a name, a configuration, a function or a :class:`Loss` stands for.

    Raises:
        ValueError: An unknown name; the text lists the known ones.
    """
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, str):
        identifier = lookup("loss", identifier, _TABLE)
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if isinstance(identifier, dict):
        name, config = identifier["class_name"], dict(identifier.get("config", {}))
        found = lookup("loss", name, _TABLE)
        if found is FunctionLoss:
            config["fn"] = lookup("loss function", config.get("fn", ""), {})
        return found.from_config(config)  # type: ignore[no-any-return]
    if callable(identifier):
        return FunctionLoss(identifier)
    raise ValueError(f"a loss is a name, a function or a Loss object, got {identifier!r}")
