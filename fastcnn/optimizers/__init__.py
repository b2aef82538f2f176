"""Optimizers with Keras' names, defaults and formulas, written as operations of a graph.

Their state is kept in Variables, and learning rate and step number are inputs of the Program:
neither a schedule nor a restart compiles anything again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastcnn.config import Registry, custom_object_scope
from fastcnn.config import serialize as describe
from fastcnn.optimizers.adam import Adam, Adamax, AdamW, Nadam
from fastcnn.optimizers.adaptive import Adadelta, Adagrad, Ftrl, RMSprop
from fastcnn.optimizers.descent import SGD, GradientDescent, Lion
from fastcnn.optimizers.muon import Muon
from fastcnn.optimizers.optimizer import Optimizer

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "GradientDescent",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "deserialize",
    "get",
    "serialize",
]

_KINDS: tuple[type[Optimizer], ...] = (
    SGD, Adadelta, Adagrad, Adam, AdamW, Adamax, Ftrl, GradientDescent, Lion, Muon, Nadam, RMSprop,
)  # fmt: skip
_TABLE: dict[str, type[Optimizer]] = {
    **{kind.__name__: kind for kind in _KINDS},
    **{kind.__name__.lower(): kind for kind in _KINDS},
    "gradient_descent": GradientDescent,
}
del _TABLE["gradientdescent"]
_REGISTRY = Registry(
    "optimizer",
    Optimizer,
    _TABLE,
    functions=False,
    expected="an optimizer is a name or an Optimizer object",
)


def get(identifier: Any) -> Optimizer:
    """The optimizer that a name, a configuration or an :class:`Optimizer` stands for.

    Raises:
        ValueError: An unknown name; the text lists the known ones.
    """
    return _REGISTRY.get(identifier)  # type: ignore[no-any-return]


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer's settings as JSON data, without its state."""
    return describe(optimizer)  # type: ignore[no-any-return]


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Optimizer:
    """The optimizer that :func:`serialize` described, with new state.

    Raises:
        ValueError: An unknown name.
    """
    with custom_object_scope(custom_objects):
        return get(dict(config))
