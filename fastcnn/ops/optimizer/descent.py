"""Steps of optimizers: updates of a Variable along a gradient, each one pass over memory.

As all updates (:mod:`fastcnn.ops.optimizer.update`) they write Variables in place. What optimizers
have in common (weight decay, clipping, averages, gathering of gradients) is part of the same pass:
see :class:`UpdateOptions`. The learning rate is a Tensor or a Variable, never a number, so that a
schedule compiles nothing again; ``step`` is 1 in the first step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from fastcnn._deprecation import renamed_arguments
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.tensor import OPS, Op, Spec, Tensor
from fastcnn.graph.variable import Variable
from fastcnn.ops.common.public_operation import Operand
from fastcnn.ops.optimizer.update import (
    checked_factor,
    different,
    float_variable,
    scalar,
    updated,
    value_like,
)

__all__ = [
    "UpdateOptions",
    "momentum_accumulate",
    "sgd_update",
]


@dataclass(frozen=True)
class UpdateOptions:
    """What is part of an update beside the rule of its optimizer.

    Attributes:
        gradient_factor: Factor of the gradient.
        scale: A further one, known at run time: a scalar float32 Tensor.
        limit: Elements of the gradient are then held to plus and minus this.
        weight_decay: Decoupled (Loshchilov and Hutter, 2019): first
            ``variable *= 1 - weight_decay * rate``.
        rate_factor: ``rate = learning_rate * rate_factor``.
        every: Only every so many steps the variable changes; the gradients of the others are added
            to ``sum``. Other counts of steps are then of updates.
        sum: Variable for them, zeros at first and after each update; with it the gradient is
            ``gradient + sum``.
        average: Variable that follows the new value, and is it after the first update.
        average_momentum: Share of the old average that a step keeps.
        overwrite_every: After so many updates the variable becomes its average; 0 for never.
        step: Scalar int64 or float32, 1 in the first step; needed for ``every``, ``average``.
    """

    gradient_factor: float = 1.0
    scale: Tensor | None = None
    limit: float = math.inf
    weight_decay: float = 0.0
    rate_factor: float = 1.0
    every: int = 1
    sum: Variable | None = None
    average: Variable | None = None
    average_momentum: float = 0.99
    overwrite_every: int = 0
    step: Tensor | Variable | None = None


class Step(Op):
    """Inputs variable, gradient, learning_rate, [step], state, [scale], [sum], [average]."""

    non_differentiable = True

    def __init__(self, name: str) -> None:
        # One class serves all rules, so the name belongs to the object.
        self.name = name  # type: ignore[misc]

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        first = 4 if attrs["stepped"] else 3
        last = len(inputs) - attrs["summed"] - attrs["averaged"]
        return (inputs[0], *inputs[first : last - attrs["scaled"]], *inputs[last:])


for _rule in (
    *("adadelta_update", "adagrad_update", "adam_update", "adamax_update", "ftrl_update"),
    *("lion_update", "momentum_accumulate", "nadam_update", "rmsprop_update", "sgd_update"),
):
    OPS[_rule] = partial(Step, _rule)


def step_along(
    op: str,
    variable: Variable,
    gradient: Operand,
    learning_rate: Tensor | Variable,
    state: Sequence[tuple[str, Variable]],
    options: UpdateOptions | None,
    step: Tensor | Variable | None = None,
    **attrs: Any,
) -> Tensor:
    """The update that the rule ``op`` makes of a Variable, its state and a gradient.

    Args:
        op: Name of the rule's step in the core.
        variable: What to update.
        gradient: Of its shape.
        learning_rate: Scalar.
        state: Name and Variable of each part of the rule's own state, in the core's order.
        options: What else is part of the update.
        step: Number of the step, for rules that need it.
        attrs: Settings of the rule.

    Raises:
        TypeError, ValueError: What does not fit.
    """
    options = options or UpdateOptions()
    step = options.step if step is None else step
    variable = float_variable(op, "variable", variable)
    extras = [
        (name, value)
        for name, value in (("sum", options.sum), ("average", options.average))
        if value is not None
    ]
    named = [("variable", variable), *state, *extras]
    targets = [float_variable(op, name, value, variable) for name, value in named]
    names = [name for name, _ in named]
    if len(names) > 1:
        different(op, f"{', '.join(names[:-1])} and {names[-1]}", targets)
    if step is None and (extras or options.every > 1):
        raise ValueError(f"{op}: sum, average and every need the number of the step: give step")
    for name, value, least in (
        ("gradient_factor", options.gradient_factor, -math.inf),
        ("weight_decay", options.weight_decay, 0),
        ("rate_factor", options.rate_factor, 0),
        ("every", options.every, 1),
        ("overwrite_every", options.overwrite_every, 0),
    ):
        if not least <= value < math.inf:
            raise ValueError(f"{op}: {name} must be a number of at least {least}, got {value}")
        checked_float32(op, name, value)
    if not options.limit > 0:
        raise ValueError(f"{op}: limit must be above 0, got {options.limit}")
    if options.limit != math.inf:
        checked_float32(op, "limit", options.limit, divides=True)
    inputs = [
        variable.tensor,
        value_like(op, "gradient", gradient, variable),
        scalar(op, "learning_rate", learning_rate, "float32"),
        *([] if step is None else [scalar(op, "step", step, "float32", "int64")]),
        *(value.tensor for _, value in state),
        *([] if options.scale is None else [scalar(op, "scale", options.scale, "float32")]),
        *(value.tensor for _, value in extras),
    ]
    return updated(
        Step(op),
        targets,
        inputs,
        stepped=step is not None,
        scaled=options.scale is not None,
        summed=options.sum is not None,
        averaged=options.average is not None,
        gradient_factor=float(options.gradient_factor),
        limit=float(options.limit),
        decay=float(options.weight_decay),
        rate_factor=float(options.rate_factor),
        every=int(options.every),
        average_momentum=checked_factor(op, "average_momentum", options.average_momentum),
        overwrite_every=int(options.overwrite_every),
        **attrs,
    )


@renamed_arguments(around="options")
def sgd_update(
    variable: Variable,
    gradient: Operand,
    velocity: Variable | None,
    learning_rate: Tensor | Variable,
    momentum: float = 0.0,
    nesterov: bool = False,
    *,
    options: UpdateOptions | None = None,
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
            compiles nothing again.
        momentum: Between 0 and 1; not 0 only with a velocity.
        nesterov: Whether to look ahead.
        options: Weight decay, clipping and more.

    Returns:
        The variable's new value, for the ``updates`` of :func:`fastcnn.graph.compile`.

    Raises:
        TypeError: No Variable, a learning rate that is a number, or another dtype.
        ValueError: Shapes differ, a Variable is given twice, or momentum is outside ``[0, 1]`` or
            has no velocity.
    """
    op = "sgd_update"
    momentum = checked_factor(op, "momentum", momentum)
    if velocity is None and (momentum or nesterov):
        raise ValueError(f"{op}: momentum and nesterov need a velocity, a Variable of zeros")
    return step_along(
        op,
        variable,
        gradient,
        learning_rate,
        [] if velocity is None else [("velocity", velocity)],
        options,
        momentum=momentum,
        nesterov=bool(nesterov),
        has_velocity=velocity is not None,
    )


@renamed_arguments(around="options")
def momentum_accumulate(
    variable: Variable,
    gradient: Operand,
    learning_rate: Tensor | Variable,
    momentum: float,
    *,
    options: UpdateOptions | None = None,
) -> Tensor:
    """``variable = momentum * variable + gradient``: the velocity of Muon, which steps elsewhere.

    Arguments, result and errors as for :func:`sgd_update`; only a weight decay, which there should
    be none of, reads the learning rate.
    """
    op = "momentum_accumulate"
    return step_along(
        op,
        variable,
        gradient,
        learning_rate,
        [],
        options,
        momentum=checked_factor(op, "momentum", momentum),
    )
