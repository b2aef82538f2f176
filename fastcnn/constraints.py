"""Conditions that weights are brought to after each update, by Keras' names."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.config import Configurable, Registry
from fastcnn.graph import Tensor
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.tensor import Node, Spec
from fastcnn.graph.trace_mode import origin
from fastcnn.graph.variable import Variable

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "constrained",
    "get",
]

# As in Keras: added to norms before a division.
_EPSILON = np.float32(1e-7)


class Constraint(Configurable):
    """Makes new values of a weight: ``constraint(w)``, with ``fastcnn.ops``."""

    def __call__(self, w: Any) -> Any:
        """What the weight becomes, in its shape."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(w)")


class NonNeg(Constraint):
    """Negative weights become 0."""

    def __call__(self, w: Any) -> Any:
        """What the weight becomes."""
        return ops.maximum(w, 0.0)


class MaxNorm(Constraint):
    """Weights whose norm along ``axis`` is above ``max_value`` are scaled down to it.

    Args:
        max_value: The largest norm; at least 0.
        axis: One axis or several: 0 for the kernel of Dense, ``[0, 1, 2]`` for that of Conv2D.

    Raises:
        ValueError: A negative norm.
    """

    def __init__(self, max_value: float = 2, axis: int | Sequence[int] = 0) -> None:
        self.max_value = _norm("MaxNorm", "max_value", max_value)
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """What the weight becomes."""
        norms = _norms(w, self.axis)
        desired = ops.minimum(norms, np.float32(self.max_value))
        return ops.multiply(w, ops.divide(desired, ops.add(norms, _EPSILON)))


class UnitNorm(Constraint):
    """Weights are scaled to a norm of 1 along ``axis``.

    Args:
        axis: One axis or several: 0 for the kernel of Dense, ``[0, 1, 2]`` for that of Conv2D.
    """

    def __init__(self, axis: int | Sequence[int] = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """What the weight becomes."""
        return ops.divide(w, ops.add(_norms(w, self.axis), _EPSILON))


class MinMaxNorm(Constraint):
    """Weights are scaled so that their norm along ``axis`` comes between two bounds.

    Args:
        min_value: The smallest norm.
        max_value: The largest norm.
        rate: Share of the way there that each step goes, in ``[0, 1]``.
        axis: One axis or several: 0 for the kernel of Dense, ``[0, 1, 2]`` for that of Conv2D.

    Raises:
        ValueError: Bounds that are negative or cross, or another rate.
    """

    def __init__(
        self,
        min_value: float = 0.0,
        max_value: float = 1.0,
        rate: float = 1.0,
        axis: int | Sequence[int] = 0,
    ) -> None:
        self.min_value = _norm("MinMaxNorm", "min_value", min_value)
        self.max_value = _norm("MinMaxNorm", "max_value", max_value)
        if self.min_value > self.max_value:
            raise ValueError(
                f"MinMaxNorm: min_value={min_value} is above max_value={max_value}; exchange them"
            )
        if not 0 <= rate <= 1:
            raise ValueError(f"MinMaxNorm: rate must lie between 0 and 1, got {rate}")
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Any:
        """What the weight becomes."""
        norms = _norms(w, self.axis)
        clipped = ops.minimum(
            ops.maximum(norms, np.float32(self.min_value)), np.float32(self.max_value)
        )
        desired = ops.add(
            ops.multiply(clipped, np.float32(self.rate)),
            ops.multiply(norms, np.float32(1 - self.rate)),
        )
        return ops.multiply(w, ops.divide(desired, ops.add(norms, _EPSILON)))


def _norm(owner: str, name: str, value: float) -> float:
    if not value >= 0:
        raise ValueError(f"{owner}: {name} must be a number of at least 0, got {value!r}")
    return value if value == math.inf else checked_float32(owner, name, value)


def _norms(w: Any, axis: int | Sequence[int]) -> Any:
    axes = tuple(axis) if isinstance(axis, Sequence) else axis
    return ops.sqrt(ops.sum(ops.square(w), axis=axes, keepdims=True))


def constrained(updates: Sequence[Tensor]) -> list[Tensor]:
    """Updates of an optimizer, followed by the constraints of the Variables that they write.

    Where there is one, the update's result goes to a place of its own, and what the constraint
    makes of it into the Variable: one step, so nobody sees a weight in between.

    Args:
        updates: Results of update operations.
    """
    made: list[Tensor] = []
    done: set[Node] = set()
    for update in updates:
        node = update.node
        if all(variable.constraint is None for variable in node.targets):
            made.append(update)
        elif node not in done:
            done.add(node)
            plain = Node(node.op, node.inputs, node.attrs, outputs=node.outputs, origin=node.origin)
            specs = [Spec(variable.shape, variable.dtype.name) for variable in node.targets]
            for variable, value in zip(node.targets, plain.tensors(*specs), strict=True):
                assert isinstance(variable, Variable)
                with origin(node.origin):
                    made.append(ops.assign(variable, _applied(variable, value)))
    return made


def _applied(variable: Variable, value: Tensor) -> Tensor:
    if variable.constraint is None:
        return value
    found = variable.constraint(value)
    if not isinstance(found, Tensor) or found.shape != value.shape:
        came = f"shape {found.shape}" if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            f"the constraint of {variable.name!r} must return a Tensor of shape {value.shape}, "
            f"made with fastcnn.ops; got {came}"
        )
    return found


_TABLE: dict[str, Any] = {
    **{c.__name__: c for c in (MaxNorm, MinMaxNorm, NonNeg, UnitNorm)},
    "max_norm": MaxNorm,
    "min_max_norm": MinMaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
}
_REGISTRY = Registry("constraint", Constraint, _TABLE)


def get(identifier: Any) -> Callable[[Any], Any] | None:
    """The constraint that a name, a configuration or a callable stands for; ``None`` is none.

    Raises:
        ValueError: An unknown name; the text lists the known ones.
    """
    return None if identifier is None else _REGISTRY.get(identifier)
