"""Losses as functions: one number per example, of arrays or of Tensors."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.graph import Op, SymbolicTensor, Tensor
from fastcnn.graph.array_like import as_array
from fastcnn.messages import suggesting
from fastcnn.ops.common.axes import axis_of
from fastcnn.ops.elementwise.activation import Sigmoid
from fastcnn.ops.elementwise.arithmetic import Masked
from fastcnn.ops.loss.probabilities import Softmax

__all__ = [
    "as_dtype",
    "before",
    "binary_crossentropy",
    "categorical_crossentropy",
    "checked_smoothing",
    "is_symbolic",
    "mean_absolute_error",
    "mean_squared_error",
    "not_ignored",
    "operand",
    "power_of_probability",
    "same_rank",
    "same_shape",
    "smoothed_binary",
    "smoothed_classes",
    "sparse_categorical_crossentropy",
    "weighted",
]


def is_symbolic(value: Any) -> bool:
    """Whether ``value`` stands for numbers that only a run will know."""
    return isinstance(value, Tensor | SymbolicTensor)


def operand(value: Any) -> Any:
    """``value`` as something with a shape: a Tensor, or an array of what lists hold."""
    return value if is_symbolic(value) else as_array(value)


def weighted(values: Any, weight: Any) -> Any:
    """``values * weight``, and 0 where the weight is 0, whatever the value is there.

    The shapes broadcast; both are float32.
    """
    return ops.where(weight, ops.multiply(values, weight))


def as_dtype(value: Any, dtype: str) -> Any:
    """``value`` in ``dtype``; a Tensor through a cast in the graph."""
    if is_symbolic(value):
        return value if value.dtype == np.dtype(dtype) else ops.cast(value, dtype)
    array = as_array(value)
    return np.ascontiguousarray(array, dtype).reshape(array.shape)


def power_of_probability(base: Any, exponent: float) -> Any:
    """``base ** exponent`` for a base in [0, 1], with a finite gradient everywhere."""
    if exponent in (1, 2):
        return base if exponent == 1 else ops.square(base)
    # Below 1e-30 the power is next to nothing and its slope is taken as 0.
    logs = ops.log(ops.maximum(base, np.float32(1e-30)))
    return ops.exp(ops.multiply(logs, np.float32(exponent)))


def same_rank(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both as float32; a last axis of size 1 that only one of them has is dropped or added."""
    y_true, y_pred = as_dtype(y_true, "float32"), as_dtype(y_pred, "float32")
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if len(true) == len(pred) - 1 and pred[-1] == 1:
        y_true = ops.reshape(y_true, (*true, 1))
    elif len(true) == len(pred) + 1 and true[-1] == 1:
        y_true = ops.reshape(y_true, true[:-1])
    return y_true, y_pred


@suggesting
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of ``(y_true - y_pred) ** 2`` over the last axis."""
    return ops.mean_squared_error(*same_shape("mean_squared_error", y_true, y_pred))


@suggesting
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of ``|y_true - y_pred|`` over the last axis."""
    y_true, y_pred = same_shape("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.abs(ops.subtract(y_true, y_pred)), axis=-1)


@suggesting
def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Cross-entropy of class probabilities, one number per example.

    Args:
        y_true: Probabilities, usually one-hot, in the shape of ``y_pred``.
        y_pred: Probabilities, or logits if ``from_logits``.
        from_logits: Whether ``y_pred`` is before the softmax.
        label_smoothing: Share of each label spread over all classes.
        axis: The class axis: the last.

    Raises:
        ValueError: Shapes differ (integer labels, for one), or softmax outputs are said to be
            logits.
    """
    y_true, y_pred = operand(y_true), as_dtype(y_pred, "float32")
    _check_last_axis(axis, y_pred, "categorical_crossentropy")
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if true != pred:
        integers = len(true) < len(pred) or (true[:-1] == pred[:-1] and true[-1] == 1)
        hint = (
            "integer labels need loss='sparse_categorical_crossentropy', or one-hot labels: "
            f"fastcnn.keras.utils.to_categorical(y, {pred[-1]})"
            if integers
            else "one-hot labels and outputs must have the same shape; the last layer needs one "
            "unit per class"
        )
        raise ValueError(
            f"categorical_crossentropy: labels of shape {true} for outputs of shape {pred}: {hint}"
            + missing_layer(true, pred)
        )
    y_true = smoothed_classes(as_dtype(y_true, "float32"), label_smoothing)
    y_pred, from_logits = before(y_pred, Softmax, from_logits)
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits)


@suggesting
def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Any:
    """Cross-entropy of class probabilities for integer labels, one number per example.

    Args:
        y_true: Class numbers: the shape of ``y_pred`` without its last axis, or with size 1 there.
        y_pred: Probabilities, or logits if ``from_logits``.
        from_logits: Whether ``y_pred`` is before the softmax.
        ignore_class: A label that means "none": its loss and its gradient are 0, whatever the
            prediction is.
        axis: The class axis: the last.

    Raises:
        ValueError: One-hot labels, or softmax outputs that are said to be logits.
    """
    y_true, y_pred = operand(y_true), as_dtype(y_pred, "float32")
    _check_last_axis(axis, y_pred, "sparse_categorical_crossentropy")
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if true not in (pred[:-1], (*pred[:-1], 1)):
        hint = (
            "one-hot labels need loss='categorical_crossentropy'; or pass y.argmax(-1)"
            if true == pred
            else "there must be one integer per example"
        )
        raise ValueError(
            f"sparse_categorical_crossentropy: labels of shape {true} for outputs of shape {pred}: "
            f"{hint}{missing_layer(true, pred)}"
        )
    y_true = as_dtype(y_true, "int64")
    y_pred, from_logits = before(y_pred, Softmax, from_logits)
    rows = (int(np.prod(pred[:-1])),)
    y_true, y_pred = ops.reshape(y_true, rows), ops.reshape(y_pred, (*rows, pred[-1]))
    if ignore_class is None:
        loss = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits)
        return ops.reshape(loss, pred[:-1])
    valid = not_ignored(y_true, ignore_class)
    # Zeros, and the label of some class, in place of what is left out: a NaN there must not reach
    # the gradient either.
    y_true = ops.cast(ops.where(valid, ops.cast(y_true, "float32")), "int64")
    y_pred = ops.where(ops.reshape(valid, (*rows, 1)), y_pred)
    loss = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits)
    return ops.reshape(ops.where(valid, loss), pred[:-1])


def not_ignored(y_true: Any, ignore_class: int) -> Any:
    """0 at labels that mean "none", 1 at others."""
    ignored = ops.equal(as_dtype(y_true, "int64"), np.int64(ignore_class))
    return ops.subtract(np.float32(1), ignored)


@suggesting
def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Any:
    """Cross-entropy of independent yes/no probabilities, mean over the last axis.

    Args:
        y_true: Probabilities in the shape of ``y_pred``, usually 0 or 1.
        y_pred: Probabilities, or logits if ``from_logits``.
        from_logits: Whether ``y_pred`` is before the sigmoid.
        label_smoothing: Share of each label moved towards 1/2.
        axis: The axis of the mean: the last.
    """
    y_true, y_pred = same_shape("binary_crossentropy", y_true, y_pred)
    _check_last_axis(axis, y_pred, "binary_crossentropy")
    y_true = smoothed_binary(y_true, label_smoothing)
    y_pred, from_logits = before(y_pred, Sigmoid, from_logits)
    return ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits)


def smoothed_classes(y_true: Any, share: float, axis: int = -1) -> Any:
    """Labels with a share of each spread evenly over all classes.

    Szegedy et al. 2016, "Rethinking the Inception architecture", arXiv 1512.00567.
    """
    classes = y_true.shape[axis_of("label_smoothing", axis, len(y_true.shape))]
    return _mixed(y_true, share, share / max(classes, 1))


def smoothed_binary(y_true: Any, share: float) -> Any:
    """Yes/no labels with a share of each moved towards 1/2."""
    return _mixed(y_true, share, share / 2)


def checked_smoothing(share: float) -> float:
    """``label_smoothing``, which must be between 0 and 1.

    Raises:
        ValueError: It is not.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"label_smoothing must be between 0 and 1, got {share!r}")
    return share


def _mixed(y_true: Any, share: float, even: float) -> Any:
    if not checked_smoothing(share):
        return y_true
    return ops.add(ops.multiply(y_true, np.float32(1 - share)), np.float32(even))


def missing_layer(labels: Sequence[Any], outputs: Sequence[Any]) -> str:
    """A remedy where labels are for whole examples, and outputs for each place in them."""
    axes = len(outputs) - 2
    whole = [size for size in labels[1:-1] if size != 1]
    if not 0 < axes <= 3 or len(labels) > len(outputs) or (len(labels) > 2 and whole):
        return ""
    return (
        ". The model's outputs are for each place of an image: put Flatten() or "
        f"GlobalAveragePooling{axes}D() before its last layer, to have them for the whole"
    )


def same_shape(loss: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both as float32 and of one shape."""
    true = tuple(getattr(y_true, "shape", np.shape(y_true)))
    y_true, y_pred = same_rank(y_true, y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(
            f"{loss}: labels of shape {tuple(y_true.shape)} for outputs of shape "
            f"{tuple(y_pred.shape)}: they must agree; for one of several classes use "
            "sparse_categorical_crossentropy" + missing_layer(true, y_pred.shape)
        )
    return y_true, y_pred


def _check_last_axis(axis: int, y_pred: Any, owner: str) -> None:
    if axis not in (-1, len(y_pred.shape) - 1):
        raise ValueError(f"{owner}: only the last axis is supported (axis=-1), got axis={axis}")


def before(y_pred: Any, op: type[Op], from_logits: bool) -> tuple[Any, bool]:
    """The values before the activation ``op``, if ``y_pred`` is its output in a graph.

    The loss of logits keeps its precision where probabilities reach 0 or 1. Examples that are
    masked are so before the activation, too.
    """
    node = y_pred.node if isinstance(y_pred, Tensor) else None
    if node is None or node.op is None:
        return y_pred, from_logits
    if isinstance(node.op, Masked):
        inner, mask = node.inputs
        found, logits = before(inner, op, from_logits)
        return (y_pred if found is inner else ops.where(mask, found)), logits
    activation = op.name
    if not isinstance(node.op, op):
        linear = node.op.linear and node.attrs["activation"] == "none"
        # A bias tells a layer from a product of probabilities.
        if linear and len(node.inputs) == 3 and not from_logits:
            warnings.warn(
                "the loss takes probabilities, but the model ends without an activation: its "
                f"outputs may be any numbers. Give the last layer activation={activation!r}, or "
                "the loss from_logits=True",
                stacklevel=2,
            )
        return y_pred, from_logits
    if from_logits:
        raise ValueError(
            f"the model ends with {activation}, but its loss has from_logits=True: logits are "
            f"the values before {activation}. Drop activation={activation!r} from the last layer, "
            "or use from_logits=False"
        )
    return node.inputs[0], True
