"""Activation functions by Keras' names; most are the operation of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.config import lookup, reserve
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.messages import bounded

Activation = Callable[[Any], Any]


def linear(x: Any) -> Any:
    """``x`` itself."""
    return x


def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Any:
    """``max(x, 0)``, with Keras' three variations.

    Args:
        x: Any shape, float32.
        negative_slope: Factor of what lies below ``threshold``.
        max_value: Upper bound; ``None`` for none.
        threshold: Values up to it count as negative.
    """
    for name, value in (("negative_slope", negative_slope), ("threshold", threshold)):
        checked_float32("relu", name, value)
    if threshold:
        # What is not above the threshold becomes it first, so that infinity leaves no NaN behind.
        limit = np.float32(threshold)
        y = ops.multiply(ops.maximum(x, limit), ops.greater(x, limit))
    else:
        y = ops.relu6(x) if max_value == 6 else ops.relu(x)
    if max_value is not None and (threshold or max_value != 6):
        y = ops.minimum(y, np.float32(max_value))
    if negative_slope:
        below = ops.minimum(ops.subtract(x, np.float32(threshold)), 0.0)
        y = ops.add(y, ops.multiply(below, np.float32(negative_slope)))
    return y


def gelu(x: Any, approximate: bool = False) -> Any:
    """``x`` times the share of the normal distribution below it; see ``fastcnn.ops.gelu``."""
    return ops.gelu(x, approximate=approximate)


celu = ops.celu
elu = ops.elu
exponential = ops.exp
glu = ops.glu
hard_shrink = ops.hard_shrink
hard_sigmoid = ops.hard_sigmoid
hard_silu = ops.hard_silu
hard_swish = ops.hard_silu
hard_tanh = ops.hard_tanh
leaky_relu = ops.leaky_relu
log_sigmoid = ops.log_sigmoid
log_softmax = ops.log_softmax
mish = ops.mish
relu6 = ops.relu6
selu = ops.selu
sigmoid = ops.sigmoid
silu = ops.silu
soft_shrink = ops.soft_shrink
softmax = ops.softmax
softplus = ops.softplus
softsign = ops.softsign
sparse_plus = ops.sparse_plus
sparse_sigmoid = ops.sparse_sigmoid
sparsemax = ops.sparsemax
squareplus = ops.squareplus
swish = ops.silu
tanh = ops.tanh
tanh_shrink = ops.tanh_shrink
threshold = ops.threshold

_TABLE: dict[str, Activation] = {
    "celu": celu,
    "elu": elu,
    "exponential": exponential,
    "gelu": gelu,
    "glu": glu,
    "hard_shrink": hard_shrink,
    "hard_sigmoid": hard_sigmoid,
    "hard_silu": hard_silu,
    "hard_swish": hard_swish,
    "hard_tanh": hard_tanh,
    "leaky_relu": leaky_relu,
    "linear": linear,
    "log_sigmoid": log_sigmoid,
    "log_softmax": log_softmax,
    "mish": mish,
    "relu": relu,
    "relu6": relu6,
    "selu": selu,
    "sigmoid": sigmoid,
    "silu": silu,
    "soft_shrink": soft_shrink,
    "softmax": softmax,
    "softplus": softplus,
    "softsign": softsign,
    "sparse_plus": sparse_plus,
    "sparse_sigmoid": sparse_sigmoid,
    "sparsemax": sparsemax,
    "squareplus": squareplus,
    "swish": swish,
    "tanh": tanh,
    "tanh_shrink": tanh_shrink,
}
# Operations under names that the table gives to variations of them.
reserve({**_TABLE, "exp": ops.exp})
reserve({"relu": ops.relu, "gelu": ops.gelu})

__all__ = [*_TABLE, "get", "threshold"]


@bounded
def get(identifier: str | Activation | None) -> Activation:
    """The function that a name stands for; ``None`` is :func:`linear`, a function is itself.

    Raises:
        ValueError: An unknown name; the text lists the known ones.
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        # An operation's own name serves too: that is how a saved file names it.
        return lookup("activation", "exponential" if identifier == "exp" else identifier, _TABLE)  # type: ignore[no-any-return]
    if callable(identifier):
        return identifier
    raise ValueError(f"an activation is a name, a function or None, got {identifier!r}")
