"""Losses as functions: one number per example, of arrays or of Tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.graph import SymbolicTensor, Tensor

__all__ = [
    "as_dtype",
    "binary_crossentropy",
    "categorical_crossentropy",
    "is_symbolic",
    "mean_absolute_error",
    "mean_squared_error",
    "operand",
    "same_rank",
    "sparse_categorical_crossentropy",
]


def is_symbolic(value: Any) -> bool:
    """Whether ``value`` stands for numbers that only a run will know."""
    return isinstance(value, Tensor | SymbolicTensor)


def operand(value: Any) -> Any:
    """``value`` as something with a shape: a Tensor, or an array of what lists hold."""
    return value if is_symbolic(value) else np.asarray(value)


def as_dtype(value: Any, dtype: str) -> Any:
    """``value`` in ``dtype``; a Tensor through a cast in the graph."""
    if is_symbolic(value):
        return value if value.dtype == np.dtype(dtype) else ops.cast(value, dtype)
    array = np.asarray(value)
    return np.ascontiguousarray(array, dtype).reshape(array.shape)


def same_rank(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both as float32; a last axis of size 1 that only one of them has is dropped or added."""
    y_true, y_pred = as_dtype(y_true, "float32"), as_dtype(y_pred, "float32")
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if len(true) == len(pred) - 1 and pred[-1] == 1:
        y_true = ops.reshape(y_true, (*true, 1))
    elif len(true) == len(pred) + 1 and true[-1] == 1:
        y_true = ops.reshape(y_true, true[:-1])
    return y_true, y_pred


def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of ``(y_true - y_pred) ** 2`` over the last axis."""
    return ops.mean_squared_error(*_same_shape("mean_squared_error", y_true, y_pred))


def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of ``|y_true - y_pred|`` over the last axis."""
    y_true, y_pred = _same_shape("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.abs(ops.subtract(y_true, y_pred)), axis=-1)


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
        )
    y_true = as_dtype(y_true, "float32")
    if label_smoothing:
        even = label_smoothing / pred[-1]
        y_true = ops.add(ops.multiply(y_true, np.float32(1 - label_smoothing)), np.float32(even))
    y_pred, from_logits = _logits(y_pred, "softmax", from_logits)
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits)


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
        ignore_class: Not supported: ``None`` only.
        axis: The class axis: the last.

    Raises:
        ValueError: One-hot labels, or softmax outputs that are said to be logits.
    """
    if ignore_class is not None:
        raise ValueError(
            "sparse_categorical_crossentropy: ignore_class is not supported; give those examples a "
            "sample_weight of 0"
        )
    y_true, y_pred = operand(y_true), as_dtype(y_pred, "float32")
    _check_last_axis(axis, y_pred, "sparse_categorical_crossentropy")
    true, pred = tuple(y_true.shape), tuple(y_pred.shape)
    if true not in (pred[:-1], (*pred[:-1], 1)):
        hint = (
            "one-hot labels need loss='categorical_crossentropy'; or hand in y.argmax(-1)"
            if true == pred
            else "there must be one integer per example"
        )
        raise ValueError(
            f"sparse_categorical_crossentropy: labels of shape {true} for outputs of shape {pred}: "
            f"{hint}"
        )
    y_true = as_dtype(y_true, "int64")
    y_pred, from_logits = _logits(y_pred, "softmax", from_logits)
    rows = (int(np.prod(pred[:-1])),)
    loss = ops.sparse_categorical_crossentropy(
        ops.reshape(y_true, rows), ops.reshape(y_pred, (*rows, pred[-1])), from_logits=from_logits
    )
    return ops.reshape(loss, pred[:-1])


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
    y_true, y_pred = _same_shape("binary_crossentropy", y_true, y_pred)
    _check_last_axis(axis, y_pred, "binary_crossentropy")
    if label_smoothing:
        y_true = ops.add(
            ops.multiply(y_true, np.float32(1 - label_smoothing)), np.float32(label_smoothing / 2)
        )
    y_pred, from_logits = _logits(y_pred, "sigmoid", from_logits)
    return ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits)


def _same_shape(loss: str, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both as float32 and of one shape."""
    y_true, y_pred = same_rank(y_true, y_pred)
    if tuple(y_true.shape) != tuple(y_pred.shape):
        raise ValueError(
            f"{loss}: labels of shape {tuple(y_true.shape)} for outputs of shape "
            f"{tuple(y_pred.shape)}: they must agree; for one of several classes use "
            "sparse_categorical_crossentropy"
        )
    return y_true, y_pred


def _check_last_axis(axis: int, y_pred: Any, owner: str) -> None:
    if axis not in (-1, len(y_pred.shape) - 1):
        raise ValueError(f"{owner}: only the last axis is supported (axis=-1), got axis={axis}")


def _logits(y_pred: Any, activation: str, from_logits: bool) -> tuple[Any, bool]:
    """The values before ``activation``, if ``y_pred`` is its output in a graph.

    The loss of logits keeps its precision where probabilities reach 0 or 1.
    """
    node = y_pred.node if isinstance(y_pred, Tensor) else None
    if node is None or node.op is None or node.op.name != activation:
        return y_pred, from_logits
    if from_logits:
        raise ValueError(
            f"the model ends with {activation}, but its loss was told from_logits=True: logits are "
            f"the values before {activation}. Drop activation={activation!r} from the last layer, "
            "or use from_logits=False"
        )
    return node.inputs[0], True
