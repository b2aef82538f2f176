"""Steps of optimizers that remember earlier gradients element by element: see
:mod:`fastcnn.ops.optimizer.descent`.
"""

from __future__ import annotations

from fastcnn._deprecation import renamed_arguments
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.tensor import Tensor
from fastcnn.graph.variable import Variable
from fastcnn.ops.common.public_operation import Operand
from fastcnn.ops.optimizer.descent import UpdateOptions, step_along
from fastcnn.ops.optimizer.update import checked_factor

__all__ = [
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamax_update",
    "ftrl_update",
    "lion_update",
    "nadam_update",
    "rmsprop_update",
]


def _at_least_zero(op: str, name: str, value: float, *, divides: bool = False) -> float:
    value = float(value)
    if not value >= 0:
        raise ValueError(f"{op}: {name} must be at least 0, got {value}")
    return checked_float32(op, name, value, divides=divides)


def _epsilon(op: str, value: float) -> float:
    """What is added to a divisor."""
    return _at_least_zero(op, "epsilon", value, divides=True)


@renamed_arguments(around="options")
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
    largest: Variable | None = None,
    options: UpdateOptions | None = None,
) -> Tensor:
    """A step of Adam (Kingma and Ba, 2014) in Keras' form, or AMSGrad (Reddi et al., 2018).

    ``m += (gradient - m) * (1 - beta_1)``, ``v += (gradient**2 - v) * (1 - beta_2)``, then
    ``variable -= learning_rate * sqrt(1 - beta_2**step) / (1 - beta_1**step) * m / (sqrt(v) +
    epsilon)``.

    Args:
        variable: float32.
        gradient: Tensor of its shape, float32.
        m: Moving mean of the gradient: a float32 Variable of its shape, at first 0.
        v: Moving mean of its square, likewise.
        learning_rate: Scalar float32 Tensor or Variable: never a constant, so that a schedule
            compiles nothing again.
        step: Scalar int64 or float32 Tensor or Variable: 1 in the first step.
        beta_1: Share of m that stays, between 0 and 1.
        beta_2: Share of v that stays, between 0 and 1.
        epsilon: Added to the root; at least 0.
        largest: For AMSGrad: a Variable of zeros for the largest v so far, which then takes the
            place of v in the last formula.
        options: Weight decay, clipping and more.

    Returns:
        The variable's new value, for the ``updates`` of :func:`fastcnn.graph.compile`.

    Raises:
        TypeError: No Variable, a learning rate or step that is a number, or another dtype.
        ValueError: Shapes differ, a Variable is given twice, or a setting is out of range.
    """
    op = "adam_update"
    return step_along(
        op,
        variable,
        gradient,
        learning_rate,
        [("m", m), ("v", v), *([] if largest is None else [("largest", largest)])],
        options,
        step,
        beta_1=checked_factor(op, "beta_1", beta_1),
        beta_2=checked_factor(op, "beta_2", beta_2),
        epsilon=_epsilon(op, epsilon),
        amsgrad=largest is not None,
    )


@renamed_arguments(around="options")
def nadam_update(
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
    options: UpdateOptions | None = None,
) -> Tensor:
    """A step of Nadam (Dozat, 2016): Adam with Nesterov's look-ahead.

    m and v move as in :func:`adam_update`. With ``u(t) = beta_1 * (1 - 0.96**t / 2)`` and ``U(t)``
    the product of ``u(1)`` to ``u(t)``, in step t ``variable -= learning_rate * (u(t + 1) * m /
    (1 - U(t + 1)) + (1 - u(t)) * gradient / (1 - U(t))) / (sqrt(v / (1 - beta_2**t)) + epsilon)``.

    Arguments, result and errors as for :func:`adam_update`.
    """
    op = "nadam_update"
    return step_along(
        op,
        variable,
        gradient,
        learning_rate,
        [("m", m), ("v", v)],
        options,
        step,
        beta_1=checked_factor(op, "beta_1", beta_1),
        beta_2=checked_factor(op, "beta_2", beta_2),
        epsilon=_epsilon(op, epsilon),
    )


@renamed_arguments(around="options")
def rmsprop_update(
    variable: Variable,
    gradient: Operand,
    v: Variable,
    learning_rate: Tensor | Variable,
    *,
    rho: float = 0.9,
    momentum: float = 0.0,
    epsilon: float = 1e-7,
    mean: Variable | None = None,
    velocity: Variable | None = None,
    options: UpdateOptions | None = None,
) -> Tensor:
    """A step of RMSprop (Tieleman and Hinton, 2012).

    ``v = rho * v + (1 - rho) * gradient**2`` and ``change = learning_rate * gradient /
    sqrt(v + epsilon)``; with ``mean``, ``mean = rho * mean + (1 - rho) * gradient`` and
    ``v - mean**2`` in the place of v. Then ``variable -= change``, or with a velocity ``velocity =
    momentum * velocity + change`` and ``variable -= velocity``.

    Args:
        variable: float32.
        gradient: Tensor of its shape, float32.
        v: Float32 Variable of its shape, at first 0.
        learning_rate: Scalar float32 Tensor or Variable.
        rho: Share of v that stays, between 0 and 1.
        momentum: Share of the velocity that stays, between 0 and 1; not 0 only with one.
        epsilon: Added under the root; at least 0.
        mean: Like v, or None.
        velocity: Like v, or None.
        options: Weight decay, clipping and more.

    Returns:
        The variable's new value, for the ``updates`` of :func:`fastcnn.graph.compile`.

    Raises:
        TypeError: No Variable, a learning rate that is a number, or another dtype.
        ValueError: Shapes differ, a Variable is given twice, or a setting is out of range.
    """
    op = "rmsprop_update"
    momentum = checked_factor(op, "momentum", momentum)
    if momentum and velocity is None:
        raise ValueError(f"{op}: momentum needs a velocity, a Variable of zeros")
    state = [("v", v)]
    state += [] if mean is None else [("mean", mean)]
    state += [] if velocity is None else [("velocity", velocity)]
    return step_along(
        op,
        variable,
        gradient,
        learning_rate,
        state,
        options,
        rho=checked_factor(op, "rho", rho),
        momentum=momentum,
        epsilon=_epsilon(op, epsilon),
        centered=mean is not None,
        has_velocity=velocity is not None,
    )


@renamed_arguments(around="options")
def adagrad_update(
    variable: Variable,
    gradient: Operand,
    total: Variable,
    learning_rate: Tensor | Variable,
    *,
    epsilon: float = 1e-7,
    options: UpdateOptions | None = None,
) -> Tensor:
    """A step of Adagrad (Duchi et al., 2011): ``total += gradient**2``, ``variable -=
    learning_rate * gradient / sqrt(total + epsilon)``.

    ``total`` is a float32 Variable, often 0.1 at first. Other arguments, result and errors as for
    :func:`rmsprop_update`.
    """
    op = "adagrad_update"
    return step_along(
        op,
        variable,
        gradient,
        learning_rate,
        [("total", total)],
        options,
        epsilon=_epsilon(op, epsilon),
    )


@renamed_arguments(around="options")
def adadelta_update(
    variable: Variable,
    gradient: Operand,
    v: Variable,
    steps: Variable,
    learning_rate: Tensor | Variable,
    *,
    rho: float = 0.95,
    epsilon: float = 1e-7,
    options: UpdateOptions | None = None,
) -> Tensor:
    """A step of Adadelta (Zeiler, 2012).

    ``v = rho * v + (1 - rho) * gradient**2``, ``change = sqrt(steps + epsilon) * gradient /
    sqrt(v + epsilon)``, ``steps = rho * steps + (1 - rho) * change**2``, ``variable -=
    learning_rate * change``. ``v`` and ``steps`` are float32 Variables of zeros at first. Other
    arguments, result and errors as for :func:`rmsprop_update`.
    """
    op = "adadelta_update"
    return step_along(
        op,
        variable,
        gradient,
        learning_rate,
        [("v", v), ("steps", steps)],
        options,
        rho=checked_factor(op, "rho", rho),
        epsilon=_epsilon(op, epsilon),
    )


@renamed_arguments(around="options")
def adamax_update(
    variable: Variable,
    gradient: Operand,
    m: Variable,
    norm: Variable,
    learning_rate: Tensor | Variable,
    step: Tensor | Variable,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
    options: UpdateOptions | None = None,
) -> Tensor:
    """A step of Adamax (Kingma and Ba, 2014): Adam with the largest gradient in the place of v.

    ``m += (gradient - m) * (1 - beta_1)``, ``norm = max(beta_2 * norm, |gradient|)``, ``variable -=
    learning_rate / (1 - beta_1**step) * m / (norm + epsilon)``. Arguments, result and errors as for
    :func:`adam_update`.
    """
    op = "adamax_update"
    return step_along(
        op,
        variable,
        gradient,
        learning_rate,
        [("m", m), ("norm", norm)],
        options,
        step,
        beta_1=checked_factor(op, "beta_1", beta_1),
        beta_2=checked_factor(op, "beta_2", beta_2),
        epsilon=_epsilon(op, epsilon),
    )


@renamed_arguments(around="options")
def ftrl_update(
    variable: Variable,
    gradient: Operand,
    total: Variable,
    linear: Variable,
    learning_rate: Tensor | Variable,
    *,
    power: float = -0.5,
    l1: float = 0.0,
    l2: float = 0.0,
    shrinkage: float = 0.0,
    beta: float = 0.0,
    options: UpdateOptions | None = None,
) -> Tensor:
    """A step of FTRL-Proximal (McMahan et al., 2013) in Keras' form.

    With ``rate = learning_rate``: ``new = total + gradient**2``; ``linear += gradient + 2 *
    shrinkage * variable - (new**-power - total**-power) / rate * variable``; ``variable =
    (min(max(linear, -l1), l1) - linear) / (new**-power / rate + 2 * l2 + beta / rate)``; ``total =
    new``.

    Args:
        variable: float32.
        gradient: Tensor of its shape, float32.
        total: Float32 Variable of its shape, often 0.1 at first.
        linear: Likewise, at first 0.
        learning_rate: Scalar float32 Tensor or Variable.
        power: At most 0.
        l1: Strength of the penalty on sizes; at least 0.
        l2: Strength of the penalty on squares; at least 0.
        shrinkage: A penalty on squares that only gradients see; at least 0.
        beta: At least 0.
        options: Weight decay, clipping and more.

    Returns:
        The variable's new value, for the ``updates`` of :func:`fastcnn.graph.compile`.

    Raises:
        TypeError: No Variable, a learning rate that is a number, or another dtype.
        ValueError: Shapes differ, a Variable is given twice, or a setting is out of range.
    """
    op = "ftrl_update"
    if not float(power) <= 0:
        raise ValueError(f"{op}: power must be at most 0, got {power}")
    return step_along(
        op,
        variable,
        gradient,
        learning_rate,
        [("total", total), ("linear", linear)],
        options,
        power=float(power),
        l1=_at_least_zero(op, "l1", l1),
        l2=_at_least_zero(op, "l2", l2),
        shrinkage=_at_least_zero(op, "shrinkage", shrinkage),
        beta=_at_least_zero(op, "beta", beta),
    )


@renamed_arguments(around="options")
def lion_update(
    variable: Variable,
    gradient: Operand,
    m: Variable,
    learning_rate: Tensor | Variable,
    *,
    beta_1: float = 0.9,
    beta_2: float = 0.99,
    options: UpdateOptions | None = None,
) -> Tensor:
    """A step of Lion (Chen et al., 2023), whose elements all have one size.

    ``variable -= learning_rate * sign(beta_1 * m + (1 - beta_1) * gradient)``, ``m = beta_2 * m +
    (1 - beta_2) * gradient``. ``m`` is a float32 Variable of zeros at first. Other arguments,
    result and errors as for :func:`rmsprop_update`.
    """
    op = "lion_update"
    return step_along(
        op,
        variable,
        gradient,
        learning_rate,
        [("m", m)],
        options,
        beta_1=checked_factor(op, "beta_1", beta_1),
        beta_2=checked_factor(op, "beta_2", beta_2),
    )
