"""Updates of Variables, in place: list what these return among a Program's ``updates``.

They are not functions of arrays: each takes the Variables that it writes, and Tensors for what it
reads. Reads of a Variable elsewhere in the graph see its value from before the run. Steps of
optimizers are in :mod:`fastcnn.ops.optimizer.descent`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.graph.variable import Variable
from fastcnn.ops.common.public_operation import Operand, operand

__all__ = [
    "assign",
    "assign_moving_average",
]


class Assign(Op):
    """Input: the value."""

    name = "copy"
    non_differentiable = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs


class AssignMovingAverage(Op):
    """Inputs variable, value."""

    name = "assign_moving_average"
    non_differentiable = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]


def updated(op: Op, targets: Sequence[Variable], inputs: Sequence[Tensor], **attrs: Any) -> Tensor:
    """Adds an update of ``targets``; returns the new value of the first."""
    specs = op.infer(*(tensor.spec for tensor in inputs), **attrs)
    node = Node(op, tuple(inputs), attrs, tuple(targets), outputs=len(specs))
    return node.tensors(*specs)[0]


def _variable(op: str, name: str, value: Any, like: Variable | None = None) -> Variable:
    if not isinstance(value, Variable):
        raise TypeError(f"{op}: {name} must be a Variable, got {type(value).__name__}")
    if like is not None and value.shape != like.shape:
        raise ValueError(
            f"{op}: {name} must have the variable's shape {like.shape}, got {value.shape}"
        )
    return value


def float_variable(op: str, name: str, value: Any, like: Variable | None = None) -> Variable:
    """A checked float32 Variable, of the shape of ``like``."""
    variable = _variable(op, name, value, like)
    if variable.dtype != "float32":
        raise TypeError(f"{op}: {name} must be float32, got {variable.dtype}")
    return variable


def value_like(op: str, name: str, value: Operand, like: Variable) -> Tensor:
    """A checked value with the shape and dtype of a Variable."""
    tensor = operand(op, name, value, dtype=like.dtype.name)
    if tensor.shape != like.shape:
        raise ValueError(
            f"{op}: {name} must have the variable's shape {like.shape}, got {tensor.shape}"
        )
    return tensor


def scalar(op: str, name: str, value: Operand, *dtypes: str) -> Tensor:
    """A checked scalar, which must not be a number that would be compiled into the Program."""
    if not isinstance(value, Tensor | Variable):
        raise TypeError(
            f"{op}: {name} must be a scalar Tensor or Variable, got {type(value).__name__}; a "
            "number would be compiled into the Program, so make it an input: "
            f"graph.placeholder((), '{dtypes[0]}')"
        )
    tensor = operand(op, name, value, rank=0, dtype=None)
    if tensor.spec.dtype not in dtypes:
        raise TypeError(f"{op}: {name} must be {' or '.join(dtypes)}, got {tensor.spec.dtype}")
    return tensor


def different(op: str, names: str, variables: Sequence[Variable]) -> None:
    """Refuses to write a Variable twice."""
    if len(set(variables)) < len(variables):
        raise ValueError(f"{op}: {names} must be different Variables")


def checked_factor(op: str, name: str, value: float) -> float:
    """A checked number between 0 and 1."""
    value = float(value)
    if not 0 <= value <= 1:
        raise ValueError(f"{op}: {name} must be between 0 and 1, got {value}")
    return value


def assign(variable: Variable, value: Operand) -> Tensor:
    """``variable = value``.

    Args:
        variable: Any dtype.
        value: Tensor, Variable or array of the variable's shape and dtype.

    Returns:
        The new value, for the ``updates`` of :func:`fastcnn.graph.compile`.

    Raises:
        TypeError: No Variable, or another dtype.
        ValueError: Another shape.
    """
    variable = _variable("assign", "variable", variable)
    return updated(Assign(), [variable], [value_like("assign", "value", value, variable)])


def assign_moving_average(variable: Variable, value: Operand, momentum: float) -> Tensor:
    """``variable = variable * momentum + value * (1 - momentum)``.

    Args:
        variable: float32.
        value: Tensor, Variable or array of the variable's shape, float32.
        momentum: Share of the old value that stays, between 0 and 1.

    Returns:
        The new value, for the ``updates`` of :func:`fastcnn.graph.compile`.

    Raises:
        TypeError: No Variable, or another dtype.
        ValueError: Another shape, or momentum outside ``[0, 1]``.
    """
    op = AssignMovingAverage.name
    variable = float_variable(op, "variable", variable)
    inputs = [variable.tensor, value_like(op, "value", value, variable)]
    return updated(
        AssignMovingAverage(), [variable], inputs, momentum=checked_factor(op, "momentum", momentum)
    )
