"""Updates of Variables, in place: list what these return among a Program's ``updates``.

They are no functions of arrays: each takes the Variables that it writes, and Tensors for what it
reads. Reads of a Variable elsewhere in the graph see its value from before the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.op import Operand, operand
from fastcnn.variable import Variable

__all__ = ["adam_update", "assign", "assign_moving_average", "sgd_update"]


class Assign(Op):
    """Input: the value."""

    name = "copy"
    flat = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs


class AssignMovingAverage(Op):
    """Inputs variable, value."""

    name = "assign_moving_average"
    flat = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]


class SGDUpdate(Op):
    """Inputs variable, gradient, learning_rate and maybe velocity; outputs variable, velocity."""

    name = "sgd_update"
    flat = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1] + inputs[3:]


class AdamUpdate(Op):
    """Inputs variable, gradient, m, v, learning_rate, step; outputs variable, m, v."""

    name = "adam_update"
    flat = True

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[0], inputs[2], inputs[3]


def _update(op: Op, targets: Sequence[Variable], inputs: Sequence[Tensor], **attrs: Any) -> Tensor:
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


def _float_variable(op: str, name: str, value: Any, like: Variable | None = None) -> Variable:
    variable = _variable(op, name, value, like)
    if variable.dtype != "float32":
        raise TypeError(f"{op}: {name} must be float32, got {variable.dtype}")
    return variable


def _value(op: str, name: str, value: Operand, like: Variable) -> Tensor:
    tensor = operand(op, name, value, dtype=like.dtype.name)
    if tensor.shape != like.shape:
        raise ValueError(
            f"{op}: {name} must have the variable's shape {like.shape}, got {tensor.shape}"
        )
    return tensor


def _scalar(op: str, name: str, value: Operand, *dtypes: str) -> Tensor:
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


def _different(op: str, names: str, variables: Sequence[Variable]) -> None:
    if len(set(variables)) < len(variables):
        raise ValueError(f"{op}: {names} must be different Variables")


def _share(op: str, name: str, value: float) -> float:
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
    return _update(Assign(), [variable], [_value("assign", "value", value, variable)])


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
    variable = _float_variable(op, "variable", variable)
    inputs = [variable.tensor, _value(op, "value", value, variable)]
    return _update(
        AssignMovingAverage(), [variable], inputs, momentum=_share(op, "momentum", momentum)
    )


def sgd_update(
    variable: Variable,
    gradient: Operand,
    velocity: Variable | None,
    learning_rate: Tensor | Variable,
    momentum: float = 0.0,
    nesterov: bool = False,
) -> Tensor:
    """A step of gradient descent.

    Without velocity ``variable -= learning_rate * gradient``. With it
    ``velocity = momentum * velocity - learning_rate * gradient`` and ``variable += velocity``, or
    with ``nesterov`` ``variable += momentum * velocity - learning_rate * gradient``.

    Args:
        variable: float32.
        gradient: Tensor of its shape, float32.
        velocity: Variable of its shape, float32, or None.
        learning_rate: Scalar float32 Tensor or Variable: never a constant, so that a schedule
            compiles nothing anew.
        momentum: Between 0 and 1; not 0 only with a velocity.
        nesterov: Whether to look ahead.

    Returns:
        The variable's new value, for the ``updates`` of :func:`fastcnn.graph.compile`.

    Raises:
        TypeError: No Variable, a learning rate that is a number, or another dtype.
        ValueError: Shapes differ, a Variable is given twice, or momentum is outside ``[0, 1]`` or
            has no velocity.
    """
    op = SGDUpdate.name
    variable = _float_variable(op, "variable", variable)
    momentum = _share(op, "momentum", momentum)
    inputs = [
        variable.tensor,
        _value(op, "gradient", gradient, variable),
        _scalar(op, "learning_rate", learning_rate, "float32"),
    ]
    targets = [variable]
    if velocity is not None:
        targets.append(_float_variable(op, "velocity", velocity, variable))
        inputs.append(velocity.tensor)
        _different(op, "variable and velocity", targets)
    elif momentum or nesterov:
        raise ValueError(f"{op}: momentum and nesterov need a velocity, a Variable of zeros")
    return _update(SGDUpdate(), targets, inputs, momentum=momentum, nesterov=bool(nesterov))


def adam_update(
    variable: Variable,
    gradient: Operand,
    m: Variable,
    v: Variable,
    learning_rate: Tensor | Variable,
    step: Tensor | Variable,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> Tensor:
    """A step of Adam (Kingma and Ba, 2014) in Keras' form.

    ``m += (gradient - m) * (1 - beta_1)``, ``v += (gradient**2 - v) * (1 - beta_2)``, then
    ``variable -= learning_rate * sqrt(1 - beta_2**step) / (1 - beta_1**step) * m / (sqrt(v) +
    epsilon)``.

    Args:
        variable: float32.
        gradient: Tensor of its shape, float32.
        m: Moving mean of the gradient: a float32 Variable of its shape, at first 0.
        v: Moving mean of its square, likewise.
        learning_rate: Scalar float32 Tensor or Variable: never a constant, so that a schedule
            compiles nothing anew.
        step: Scalar int64 or float32 Tensor or Variable: 1 in the first step.
        beta_1: Share of m that stays, between 0 and 1.
        beta_2: Share of v that stays, between 0 and 1.
        epsilon: Added to the root; at least 0.

    Returns:
        The variable's new value, for the ``updates`` of :func:`fastcnn.graph.compile`.

    Raises:
        TypeError: No Variable, a learning rate or step that is a number, or another dtype.
        ValueError: Shapes differ, a Variable is given twice, or a setting is out of range.
    """
    op = AdamUpdate.name
    variable = _float_variable(op, "variable", variable)
    epsilon = float(epsilon)
    if not epsilon >= 0:
        raise ValueError(f"{op}: epsilon must be at least 0, got {epsilon}")
    targets = [
        variable,
        _float_variable(op, "m", m, variable),
        _float_variable(op, "v", v, variable),
    ]
    _different(op, "variable, m and v", targets)
    inputs = [
        variable.tensor,
        _value(op, "gradient", gradient, variable),
        m.tensor,
        v.tensor,
        _scalar(op, "learning_rate", learning_rate, "float32"),
        _scalar(op, "step", step, "float32", "int64"),
    ]
    return _update(
        AdamUpdate(),
        targets,
        inputs,
        beta_1=_share(op, "beta_1", beta_1),
        beta_2=_share(op, "beta_2", beta_2),
        epsilon=epsilon,
    )
