"""Losses as objects: a function, its settings, and how it is reduced over a batch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastcnn import ops
from fastcnn.config import Configurable
from fastcnn.losses.functions import (
    as_dtype,
    binary_crossentropy,
    categorical_crossentropy,
    checked_smoothing,
    mean_absolute_error,
    mean_squared_error,
    not_ignored,
    operand,
    sparse_categorical_crossentropy,
    weighted,
)
from fastcnn.naming import checked_name

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "FunctionLoss",
    "Loss",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "NumericLoss",
    "SparseCategoricalCrossentropy",
    "UnitLoss",
]

Array = NDArray[Any]

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
        self.name = checked_name(self, name) or type(self).__name__
        self.reduction = reduction

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """One number per example."""
        raise NotImplementedError(f"{type(self).__name__} must define call(self, y_true, y_pred)")

    def check_labels(self, labels: Array, outputs: Sequence[int | None]) -> None:
        """Refuse labels that cannot be right; called with arrays before anything runs.

        A loss of one's own takes any, unless it overrides this.

        Args:
            labels: What ``fit`` and its like were given for an output of the model.
            outputs: The shape of that output, with ``None`` for sizes that are not fixed.

        Raises:
            ValueError: Says what is wrong with them and what to do.
        """

    def mask(self, y_true: Any) -> Any:
        """1 for each number of the loss that counts, 0 for others; ``None`` if all do."""
        return None

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The reduced loss.

        Args:
            y_true: Labels; an array or a Tensor.
            y_pred: Outputs of the model; an array or a Tensor.
            sample_weight: Factor per example. An example of weight 0 is left out: not even a NaN
                in its prediction or in its loss reaches the result or a gradient.

        Returns:
            A float32 scalar, unless the reduction is ``"none"``.
        """
        y_true, y_pred = operand(y_true), operand(y_pred)
        mask, weight = self.mask(y_true), None
        if sample_weight is None:
            values = self.call(y_true, y_pred)
        else:
            sample_weight = operand(sample_weight)
            weight = as_dtype(sample_weight, "float32")
            values = self._of_weighted(y_true, y_pred, weight)
            weight = _aligned(weight, len(values.shape))
            _check_weight(self.name, tuple(sample_weight.shape), tuple(weight.shape), values.shape)
            values = weighted(values, weight)
        if self.reduction == "none":
            return values
        if self.reduction == "sum":
            return ops.sum(values)
        if mask is None and (weight is None or self.reduction != "mean_with_sample_weight"):
            return ops.mean(values)
        counted = mask
        if self.reduction == "mean_with_sample_weight" and weight is not None:
            weight = ops.broadcast_to(weight, values.shape)
            counted = weight if mask is None else ops.multiply(weight, mask)
        count = ops.sum(counted)
        # Where nothing counts the loss is 0.
        return ops.divide(ops.sum(values), ops.add(count, ops.equal(count, np.float32(0))))

    def _of_weighted(self, y_true: Any, y_pred: Any, weight: Any) -> Any:
        """``call`` where what has weight 0 gets no gradient, not even a NaN."""
        kept = _kept(y_pred, weight)
        if kept is not None:
            values = self.call(y_true, kept)
            # A loss that mixes examples means all of them.
            if tuple(values.shape)[:1] == tuple(y_pred.shape)[:1]:
                return values
        return self.call(y_true, y_pred)


def _kept(y_pred: Any, weight: Any) -> Any:
    """Predictions with zeros where the weight is 0; ``None`` if weights are not of examples."""
    given, shape = tuple(weight.shape), tuple(y_pred.shape)
    if len(given) == len(shape) + 1 and given[-1] == 1:
        given = given[:-1]
    extra = len(shape) - len(given)
    if not given or extra < 0 or any(a not in (1, b) for a, b in zip(given, shape, strict=False)):
        return None
    mask = ops.reshape(weight, (*given, *[1] * extra))
    return ops.where(mask, as_dtype(y_pred, "float32"))


def _aligned(weight: Any, rank: int) -> Any:
    """Weights that broadcast to numbers of a rank: the examples' axis stays the first."""
    extra = rank - len(weight.shape)
    if extra == -1 and weight.shape[-1] == 1:
        return ops.reshape(weight, weight.shape[:-1])
    return ops.reshape(weight, (*weight.shape, *[1] * extra)) if extra > 0 else weight


def _check_weight(
    loss: str, given: tuple[int, ...], weight: tuple[int, ...], values: tuple[int, ...]
) -> None:
    sizes = zip(reversed(weight), reversed(values), strict=False)
    if values and (len(weight) > len(values) or any(a not in (b, 1) for a, b in sizes)):
        raise ValueError(
            f"sample_weight of shape {given} does not fit {loss}, which is of shape "
            f"{tuple(values)}: give one number for each example, shape {tuple(values[:1])}"
            + (f", or for each number of the loss, {tuple(values)}" if len(values) > 1 else "")
        )


class NumericLoss(Loss):
    """A loss whose labels are finite numbers."""

    _range: ClassVar[tuple[float, float] | None] = None

    def check_labels(self, labels: Array, outputs: Sequence[int | None]) -> None:
        """Refuse NaN, infinity, and numbers outside of what the loss is defined for."""
        if not labels.size:
            return
        low, high = labels.min(), labels.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            bad = ~np.isfinite(labels.reshape(len(labels), -1)).all(axis=1)
            raise ValueError(
                f"{self.name}: labels are NaN or infinite in {bad.sum()} of {len(labels)} "
                f"examples, first in example {bad.argmax()}. Leave those examples out, or give "
                "them a number and a sample_weight of 0"
            )
        sizes = [size for size in outputs[1:] if size is not None]
        if self._range is None or math.prod(labels.shape[1:]) != math.prod(sizes):
            return  # of another shape: the loss says so
        if not (self._range[0] <= low and high <= self._range[1]):
            raise ValueError(
                f"{self.name}: labels run from {low} to {high}; they must lie between "
                f"{self._range[0]:g} and {self._range[1]:g}: {self._remedy(low, high)}"
            )

    def _remedy(self, low: Any, high: Any) -> str:
        if low == -1 and high == 1:
            return "map -1 and 1 to 0 and 1: (y + 1) / 2"
        if high == 255:
            return "divide images by 255"
        return (
            "class numbers need loss='sparse_categorical_crossentropy', measured values a loss "
            "like 'mse'"
        )


class UnitLoss(NumericLoss):
    """A loss whose labels are probabilities, 0 to 1."""

    _range = (0.0, 1.0)


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


class MeanSquaredError(NumericLoss):
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


class MeanAbsoluteError(NumericLoss):
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


class CategoricalCrossentropy(UnitLoss):
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
        self.label_smoothing = checked_smoothing(label_smoothing)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`categorical_crossentropy`."""
        return categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )


class SparseCategoricalCrossentropy(NumericLoss):
    """Cross-entropy for integer labels; arguments as :func:`sparse_categorical_crossentropy`.

    Args:
        from_logits: Whether outputs are before the softmax.
        ignore_class: A label that means "none": it adds nothing to the loss, and means are taken
            over the others.
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
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`sparse_categorical_crossentropy`."""
        return sparse_categorical_crossentropy(
            y_true, y_pred, self.from_logits, self.ignore_class, self.axis
        )

    def mask(self, y_true: Any) -> Any:
        """Leaves out the ignored class."""
        if self.ignore_class is None:
            return None
        return not_ignored(y_true, self.ignore_class)

    def check_labels(self, labels: Array, outputs: Sequence[int | None]) -> None:
        """Refuse class numbers that the model has no output for."""
        classes = outputs[-1] if outputs else None
        if classes is None or (labels.shape == (len(labels), *outputs[1:]) and classes > 1):
            return  # one-hot: the loss names the fix
        if self.ignore_class is not None:
            labels = labels[labels != self.ignore_class]
        if labels.size and not (labels.min() >= 0 and labels.max() < classes):
            super().check_labels(labels, outputs)
            low, high = labels.min(), labels.max()
            units = f", or give the last layer {int(high) + 1} units" if high >= classes else ""
            none = ", or say ignore_class=-1 if -1 means none" if low == -1 else ""
            raise ValueError(
                f"{self.name}: labels run from {low} to {high}, but the model's output has "
                f"{classes} classes: labels must be integers from 0 to {classes - 1}. Renumber "
                f"them: numpy.unique(y, return_inverse=True)[1]{units}{none}"
            )
        if labels.dtype.kind == "f" and (labels != np.floor(labels)).any():
            raise ValueError(
                f"{self.name}: labels have fractions, such as "
                f"{labels[labels != np.floor(labels)][0]}: they must be class numbers, 0 to "
                f"{classes - 1}; measured values need a loss like 'mse'"
            )


class BinaryCrossentropy(UnitLoss):
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
        self.label_smoothing = checked_smoothing(label_smoothing)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """See :func:`binary_crossentropy`."""
        return binary_crossentropy(
            y_true, y_pred, self.from_logits, self.label_smoothing, self.axis
        )
