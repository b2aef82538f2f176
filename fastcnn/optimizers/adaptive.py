"""Steps divided by how large the gradients of each element have been."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastcnn import ops
from fastcnn._deprecation import renamed_arguments
from fastcnn.graph import Tensor
from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.variable import Variable
from fastcnn.ops import UpdateOptions
from fastcnn.optimizers.optimizer import Optimizer, Rate, Settings, checked_factor

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["Adadelta", "Adagrad", "Ftrl", "RMSprop"]


class RMSprop(Optimizer):
    """Steps divided by the root of a moving mean of squared gradients (Tieleman and Hinton, 2012).

    ``v`` follows the square of the gradient; ``w -= learning_rate * gradient / sqrt(v + epsilon)``.

    Args:
        learning_rate: See :class:`Optimizer`.
        rho: Share of the old ``v`` that a step keeps, in ``[0, 1]``.
        momentum: Share of the last step that is made again, in ``[0, 1]``.
        epsilon: Added to ``v``.
        centered: Whether to subtract the square of the gradient's moving mean from ``v``.
        weight_decay: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
        settings: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        *,
        name: str = "rmsprop",
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, weight_decay, name=name, **settings)
        self.rho = checked_factor(name, "rho", rho)
        self.momentum = checked_factor(name, "momentum", momentum)
        self.epsilon = checked_float32(name, "epsilon", epsilon, divides=True)
        self.centered = bool(centered)

    def slot_values(self, variable: Variable) -> tuple[float, ...]:
        """``v``, and where asked for the mean gradient and a velocity."""
        return (0.0,) * (1 + self.centered + bool(self.momentum))

    @renamed_arguments(around="options")
    def update(
        self,
        gradient: Tensor,
        variable: Variable,
        learning_rate: Tensor,
        step: Tensor,
        options: UpdateOptions,
    ) -> list[Tensor]:
        """See the class."""
        v, *others = self.slots(variable)
        update = ops.rmsprop_update(
            variable,
            gradient,
            v,
            learning_rate,
            rho=self.rho,
            momentum=self.momentum,
            epsilon=self.epsilon,
            mean=others[0] if self.centered else None,
            velocity=others[-1] if self.momentum else None,
            options=options,
        )
        return [update]


class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients (Duchi et al., 2011).

    ``s += gradient**2``, ``w -= learning_rate * gradient / sqrt(s + epsilon)``.

    Args:
        learning_rate: See :class:`Optimizer`.
        initial_accumulator_value: What ``s`` is at first; at least 0.
        epsilon: Added to ``s``.
        weight_decay: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
        settings: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        *,
        name: str = "adagrad",
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, weight_decay, name=name, **settings)
        self.initial_accumulator_value = _least_zero(
            name, "initial_accumulator_value", initial_accumulator_value
        )
        self.epsilon = checked_float32(name, "epsilon", epsilon, divides=True)

    def slot_values(self, variable: Variable) -> tuple[float, ...]:
        """``s``."""
        return (self.initial_accumulator_value,)

    @renamed_arguments(around="options")
    def update(
        self,
        gradient: Tensor,
        variable: Variable,
        learning_rate: Tensor,
        step: Tensor,
        options: UpdateOptions,
    ) -> list[Tensor]:
        """See the class."""
        (total,) = self.slots(variable)
        update = ops.adagrad_update(
            variable, gradient, total, learning_rate, epsilon=self.epsilon, options=options
        )
        return [update]


class Adadelta(Optimizer):
    """Steps as large as earlier ones, by the size of the gradient (Zeiler, 2012).

    ``v`` follows the square of the gradient, ``d = sqrt(s + epsilon) / sqrt(v + epsilon) *
    gradient``, ``s`` follows the square of ``d``; ``w -= learning_rate * d``.

    Args:
        learning_rate: See :class:`Optimizer`; 1.0 is the paper's form.
        rho: Share of the old ``v`` and ``s`` that a step keeps, in ``[0, 1]``.
        epsilon: Added to both.
        weight_decay: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
        settings: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        *,
        name: str = "adadelta",
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, weight_decay, name=name, **settings)
        self.rho = checked_factor(name, "rho", rho)
        self.epsilon = checked_float32(name, "epsilon", epsilon, divides=True)

    def slot_values(self, variable: Variable) -> tuple[float, ...]:
        """``v`` and ``s``."""
        return (0.0, 0.0)

    @renamed_arguments(around="options")
    def update(
        self,
        gradient: Tensor,
        variable: Variable,
        learning_rate: Tensor,
        step: Tensor,
        options: UpdateOptions,
    ) -> list[Tensor]:
        """See the class."""
        v, steps = self.slots(variable)
        update = ops.adadelta_update(
            variable,
            gradient,
            v,
            steps,
            learning_rate,
            rho=self.rho,
            epsilon=self.epsilon,
            options=options,
        )
        return [update]


class Ftrl(Optimizer):
    """FTRL-Proximal (McMahan et al., 2013) in Keras' form: weights that do little become 0.

    The formula is that of :func:`fastcnn.ops.ftrl_update`.

    Args:
        learning_rate: See :class:`Optimizer`.
        learning_rate_power: At most 0.
        initial_accumulator_value: What the sum of squares is at first; at least 0.
        l1_regularization_strength: At least 0.
        l2_regularization_strength: At least 0.
        l2_shrinkage_regularization_strength: At least 0; seen by gradients alone.
        beta: At least 0.
        weight_decay: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
        settings: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        weight_decay: float | None = None,
        *,
        name: str = "ftrl",
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, weight_decay, name=name, **settings)
        if not learning_rate_power <= 0:
            raise ValueError(
                f"{name}: learning_rate_power must be at most 0, got {learning_rate_power}"
            )
        self.learning_rate_power = checked_float32(name, "learning_rate_power", learning_rate_power)
        self.initial_accumulator_value = _least_zero(
            name, "initial_accumulator_value", initial_accumulator_value
        )
        self.l1_regularization_strength = _least_zero(
            name, "l1_regularization_strength", l1_regularization_strength
        )
        self.l2_regularization_strength = _least_zero(
            name, "l2_regularization_strength", l2_regularization_strength
        )
        self.l2_shrinkage_regularization_strength = _least_zero(
            name, "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength
        )
        self.beta = _least_zero(name, "beta", beta)

    def slot_values(self, variable: Variable) -> tuple[float, ...]:
        """The sum of squares and the linear term."""
        return (self.initial_accumulator_value, 0.0)

    @renamed_arguments(around="options")
    def update(
        self,
        gradient: Tensor,
        variable: Variable,
        learning_rate: Tensor,
        step: Tensor,
        options: UpdateOptions,
    ) -> list[Tensor]:
        """See the class."""
        total, linear = self.slots(variable)
        update = ops.ftrl_update(
            variable,
            gradient,
            total,
            linear,
            learning_rate,
            power=self.learning_rate_power,
            l1=self.l1_regularization_strength,
            l2=self.l2_regularization_strength,
            shrinkage=self.l2_shrinkage_regularization_strength,
            beta=self.beta,
            options=options,
        )
        return [update]


def _least_zero(owner: str, name: str, value: float) -> float:
    value = float(value)
    if not value >= 0:
        raise ValueError(f"{owner}: {name} must be at least 0, got {value}")
    return checked_float32(owner, name, value)
