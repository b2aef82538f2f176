"""Activation functions by Keras' names; each is the operation of the same name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastcnn import ops
from fastcnn.config import lookup, reserve

__all__ = [
    "exponential",
    "get",
    "linear",
    "log_softmax",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]

Activation = Callable[[Any], Any]


def linear(x: Any) -> Any:
    """``x`` itself."""
    return x


exponential = ops.exp
log_softmax = ops.log_softmax
relu = ops.relu
sigmoid = ops.sigmoid
softmax = ops.softmax
tanh = ops.tanh

_TABLE: dict[str, Activation] = {
    "exponential": exponential,
    "linear": linear,
    "log_softmax": log_softmax,
    "relu": relu,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "tanh": tanh,
}
reserve({**_TABLE, "exp": ops.exp})


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
