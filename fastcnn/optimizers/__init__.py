"""Optimizers with Keras' names, defaults and formulas, written as operations of a graph.

Their state lies in Variables, and learning rate and step number are inputs of the Program: neither
a schedule nor a restart compiles anything anew.
"""

from __future__ import annotations

from typing import Any

from fastcnn.config import lookup
from fastcnn.optimizers.adaptive import Adam, RMSprop
from fastcnn.optimizers.descent import SGD, GradientDescent
from fastcnn.optimizers.optimizer import Optimizer

__all__ = ["SGD", "Adam", "GradientDescent", "Optimizer", "RMSprop", "get"]

_TABLE: dict[str, type[Optimizer]] = {
    "Adam": Adam,
    "GradientDescent": GradientDescent,
    "RMSprop": RMSprop,
    "SGD": SGD,
    "adam": Adam,
    "gradient_descent": GradientDescent,
    "rmsprop": RMSprop,
    "sgd": SGD,
}


def get(identifier: Any) -> Optimizer:
    """The optimizer that a name, a configuration or an :class:`Optimizer` stands for.

    Raises:
        ValueError: An unknown name; the text lists the known ones.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        identifier = lookup("optimizer", identifier, _TABLE)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()  # type: ignore[call-arg]
    if isinstance(identifier, dict) and "class_name" in identifier:
        found = lookup("optimizer", identifier["class_name"], _TABLE)
        return found.from_config(identifier.get("config", {}))  # type: ignore[no-any-return]
    raise ValueError(f"an optimizer is a name or an Optimizer object, got {identifier!r}")
