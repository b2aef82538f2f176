"""Losses, one number for each row of predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.grad_by_formula import by_formula
from fastcnn.ops.common.public_operation import Labels, Operand, apply, operand, operation
from fastcnn.ops.elementwise.activation import sigmoid
from fastcnn.ops.elementwise.arithmetic import (
    add,
    divide,
    equal,
    greater,
    log,
    maximum,
    minimum,
    multiply,
    negative,
    square,
    subtract,
)
from fastcnn.ops.elementwise.conversion import label_operand, one_hot
from fastcnn.ops.elementwise.selection import where
from fastcnn.ops.loss.probabilities import log_softmax, softmax
from fastcnn.ops.movement.shaping import reshaped
from fastcnn.ops.reduction.sums import mean, sum

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "mean_squared_error",
    "sparse_categorical_crossentropy",
]

#: Probabilities are kept this far from 0 and 1, as Keras does, in float32.
SMALLEST = float(np.float32(1e-7))
LARGEST = float(np.float32(1) - np.float32(1e-7))


def _clipped(p: Tensor) -> Tensor:
    kept: Tensor = minimum(maximum(p, SMALLEST), LARGEST)
    return kept


def _for_each(rows: Tensor, scores: Tensor) -> Tensor:
    """A number for each row as one that broadcasts to the row's scores."""
    return reshaped(rows, (*scores.shape[:-1], 1))


class Crossentropy(Op):
    """Of rows of scores and their truth: weights of classes, or labels."""

    name = "crossentropy"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(inputs[0].shape[:-1]),)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None, None]
        scores, truth = node.inputs
        from_logits = node.attrs["from_logits"]
        dscores = apply(CrossentropyGrad(), scores, truth, dy, from_logits=from_logits)[0]
        if truth.spec.dtype != "float32":
            return [dscores, None]
        if from_logits:
            logs = log_softmax(scores)
        else:
            total = sum(scores, axis=-1, keepdims=True)
            even = 1 / max(scores.shape[-1], 1)
            logs = log(_clipped(where(total, divide(scores, total), even)))
        return [dscores, multiply(negative(logs), _for_each(dy, scores))]


class CrossentropyGrad(Op):
    """Its gradient with respect to the scores, in one step; inputs scores, truth, dy."""

    name = "crossentropy_grad"
    in_place = (0,)

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        def formula(scores: Tensor, truth: Tensor, dy: Tensor) -> Tensor:
            if truth.spec.dtype != "float32":
                truth = one_hot(reshaped(truth, scores.shape[:-1]), scores.shape[-1])
            dy = _for_each(dy, scores)
            weight = sum(truth, axis=-1, keepdims=True)
            if node.attrs["from_logits"]:
                derivative: Tensor = dy * (softmax(scores) * weight - truth)
                return derivative
            total = sum(scores, axis=-1, keepdims=True)
            # Of probabilities that sum to 0 the loss is that of equal ones, and flat.
            total = add(total, equal(total, 0.0))
            p = divide(scores, total)
            # Where p is clipped, nothing passes.
            inside = multiply(greater(p, SMALLEST), greater(LARGEST, p))
            ratio = divide(multiply(truth, inside), _clipped(p))
            shared = sum(multiply(ratio, p), axis=-1, keepdims=True)
            return dy * divide(subtract(shared, ratio), total)  # type: ignore[no-any-return]

        return by_formula(node, grads, formula)


class _Binary(Op):
    """Of numbers: inputs truth and score, of one shape."""

    in_place = (0, 1)

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]


class BinaryCrossentropy(_Binary):
    """Of truth and probability."""

    name = "binary_crossentropy"

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None, None]
        truth, p = node.inputs
        kept = _clipped(p)
        dtruth = multiply(dy, subtract(log(subtract(1.0, kept)), log(kept)))
        return [dtruth, multiply(dy, apply(BinaryCrossentropyDerivative(), truth, p)[0])]


class BinaryCrossentropyDerivative(_Binary):
    """Its derivative with respect to the probability; 0 where that is clipped."""

    name = "binary_crossentropy_derivative"

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        def formula(truth: Tensor, p: Tensor) -> Tensor:
            inside = multiply(greater(p, SMALLEST), greater(LARGEST, p))
            kept = _clipped(p)
            derivative: Tensor = inside * divide(subtract(kept, truth), kept * (1.0 - kept))
            return derivative

        return by_formula(node, grads, formula)


class BinaryCrossentropyLogits(_Binary):
    """Of truth and logit."""

    name = "binary_crossentropy_logits"

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None, None]
        truth, x = node.inputs
        return [multiply(dy, negative(x)), multiply(dy, subtract(sigmoid(x), truth))]


def _alike(op: str, y_true: Operand, y_pred: Operand, hint: str = "") -> tuple[Tensor, Tensor]:
    """Truth and prediction of one shape, rank 1 or more, float32."""
    y_pred = operand(op, "y_pred", y_pred)
    y_true = operand(op, "y_true", y_true, dtype=None)
    if y_true.spec.dtype != "float32":
        raise TypeError(
            f"{op}: y_true must be float32, got {y_true.spec.dtype}; cast it with "
            f".astype('float32') or ops.cast{hint}"
        )
    if y_pred.ndim < 1 or y_true.shape != y_pred.shape:
        raise ValueError(
            f"{op}: y_true and y_pred must have one shape of rank 1 or more, got {y_true.shape} "
            f"and {y_pred.shape}{hint}"
        )
    return y_true, y_pred


def label_rows(op: str, y_true: Operand, y_pred: Tensor) -> Tensor:
    """Integer labels, one for each row of scores.

    Raises:
        TypeError: Labels are not integers.
        ValueError: Shapes do not fit.
    """
    labels = label_operand(op, "y_true", y_true)
    if y_pred.ndim < 1:
        raise ValueError(f"{op}: y_pred must have an axis of classes, got a scalar of shape ()")
    rows = y_pred.shape[:-1]
    if labels.shape not in (rows, (*rows, 1)):
        hint = (
            "; for one-hot labels use categorical_crossentropy"
            if labels.shape == y_pred.shape
            else ""
        )
        raise ValueError(
            f"{op}: y_true must have shape {rows} or {(*rows, 1)} for y_pred {y_pred.shape}, got "
            f"{labels.shape}{hint}"
        )
    return labels


def _check_classes(op: str, y_pred: Tensor) -> None:
    if y_pred.shape[-1] == 0 and 0 not in y_pred.shape[:-1]:
        raise ValueError(f"{op}: y_pred {y_pred.shape} has no classes")


@operation
def mean_squared_error(y_true: Operand, y_pred: Operand) -> Any:
    """Mean of ``(y_pred - y_true) ** 2`` over the last axis.

    Args:
        y_true: ``(..., n)``, float32; array or Tensor.
        y_pred: The same shape, float32.

    Returns:
        ``(...)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Shapes differ or have no axis.
    """
    y_true, y_pred = _alike("mean_squared_error", y_true, y_pred)
    return mean(square(subtract(y_pred, y_true)), axis=-1)


@operation
def categorical_crossentropy(y_true: Operand, y_pred: Operand, *, from_logits: bool = False) -> Any:
    """``-sum(y_true * log(y_pred))`` over the last axis; a class with ``y_true`` 0 adds nothing.

    Args:
        y_true: One-hot labels or class probabilities ``(..., classes)``, float32.
        y_pred: The same shape, float32: probabilities, which are first made to sum to 1 and kept
            ``1e-7`` from 0 and 1, or logits. Probabilities that sum to 0 count as equal ones.
        from_logits: Whether ``y_pred`` are logits: softmax and loss are then one step.

    Returns:
        ``(...)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Shapes differ.
    """
    op = "categorical_crossentropy"
    hint = "; for integer labels use sparse_categorical_crossentropy"
    y_true, y_pred = _alike(op, y_true, y_pred, hint)
    _check_classes(op, y_pred)
    return apply(Crossentropy(), y_pred, y_true, from_logits=bool(from_logits))[0]


@operation
def sparse_categorical_crossentropy(
    y_true: Labels, y_pred: Operand, *, from_logits: bool = False
) -> Any:
    """``-log(y_pred[label])`` over the last axis.

    Args:
        y_true: Labels ``(...)`` or ``(..., 1)``, any integer dtype. A label that is not a class
            makes the loss and the gradient of its row NaN.
        y_pred: ``(..., classes)``, float32: probabilities or logits as for
            :func:`categorical_crossentropy`.
        from_logits: Whether ``y_pred`` are logits.

    Returns:
        ``(...)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: Labels are not integers, or predictions are not float32.
        ValueError: Shapes do not fit each other.
    """
    op = "sparse_categorical_crossentropy"
    y_pred = operand(op, "y_pred", y_pred)
    labels = label_rows(op, y_true, y_pred)
    _check_classes(op, y_pred)
    return apply(Crossentropy(), y_pred, labels, from_logits=bool(from_logits))[0]


@operation
def binary_crossentropy(y_true: Operand, y_pred: Operand, *, from_logits: bool = False) -> Any:
    """``-(t log(p) + (1 - t) log(1 - p))``, mean over the last axis.

    Args:
        y_true: ``t``, 0 to 1, ``(..., n)``, float32; array or Tensor.
        y_pred: The same shape, float32: probabilities ``p``, kept ``1e-7`` from 0 and 1, or logits.
        from_logits: Whether ``y_pred`` are logits, of which ``p`` is the sigmoid.

    Returns:
        ``(...)``, float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Shapes differ or have no axis.
    """
    y_true, y_pred = _alike("binary_crossentropy", y_true, y_pred)
    op = BinaryCrossentropyLogits() if from_logits else BinaryCrossentropy()
    return mean(apply(op, y_true, y_pred)[0], axis=-1)
