"""Steps along the gradient itself, or along its sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastcnn import ops
from fastcnn._deprecation import renamed_arguments
from fastcnn.graph import Tensor
from fastcnn.graph.variable import Variable
from fastcnn.ops import UpdateOptions
from fastcnn.optimizers.optimizer import Optimizer, Rate, Settings, checked_factor

if TYPE_CHECKING:
    from typing_extensions import Unpack

__all__ = ["SGD", "GradientDescent", "Lion"]


class GradientDescent(Optimizer):
    """Full-batch gradient descent: ``w -= learning_rate * gradient`` of the whole training set.

    ``fit`` makes one step an epoch. It goes through the set in pieces of ``batch_size`` examples,
    adds up their gradients, and then updates once, so memory does not grow with the set. (Batch
    normalisation still takes its statistics piece by piece.)

    Args:
        learning_rate: A positive number, a schedule, or a function of the number of finished steps.
        name: For messages.
    """

    full_batch = True

    def __init__(self, learning_rate: Rate = 0.01, *, name: str = "GradientDescent") -> None:
        super().__init__(learning_rate, name=name)

    @renamed_arguments(around="options")
    def update(
        self,
        gradient: Tensor,
        variable: Variable,
        learning_rate: Tensor,
        step: Tensor,
        options: UpdateOptions,
    ) -> list[Tensor]:
        """``w -= learning_rate * gradient``."""
        return [ops.sgd_update(variable, gradient, None, learning_rate, options=options)]


class SGD(Optimizer):
    """Stochastic gradient descent, one step per batch.

    With momentum ``v = momentum * v - learning_rate * gradient`` and ``w += v``, or with Nesterov's
    look-ahead ``w += momentum * v - learning_rate * gradient``.

    Args:
        learning_rate: See :class:`Optimizer`.
        momentum: Share of the last step that is made again, in ``[0, 1]``.
        nesterov: Whether to look ahead.
        weight_decay: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
        settings: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        *,
        name: str = "SGD",
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, weight_decay, name=name, **settings)
        self.momentum = checked_factor(name, "momentum", momentum)
        self.nesterov = bool(nesterov)

    def slot_values(self, variable: Variable) -> tuple[float, ...]:
        """One velocity, with momentum."""
        return (0.0,) if self.momentum else ()

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
        velocity = self.slots(variable)[0] if self.momentum else None
        nesterov = self.nesterov and velocity is not None
        return [
            ops.sgd_update(
                variable,
                gradient,
                velocity,
                learning_rate,
                self.momentum,
                nesterov,
                options=options,
            )
        ]


class Lion(Optimizer):
    """Steps of one size, whose signs follow the gradient (Chen et al., 2023).

    ``w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * gradient)``, then
    ``m = beta_2 * m + (1 - beta_2) * gradient``. Its learning rate is 3 to 10 times smaller than
    that of AdamW, its weight decay as many times larger.

    Args:
        learning_rate: See :class:`Optimizer`.
        beta_1: Share of ``m`` in the step, above 0 and at most 1.
        beta_2: Share of the old ``m`` that a step keeps.
        weight_decay: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
        settings: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float | None = None,
        *,
        name: str = "lion",
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, weight_decay, name=name, **settings)
        self.beta_1 = checked_factor(name, "beta_1", beta_1)
        if not self.beta_1:
            raise ValueError(f"{name}: beta_1 must be above 0, got 0")
        self.beta_2 = checked_factor(name, "beta_2", beta_2)

    def slot_values(self, variable: Variable) -> tuple[float, ...]:
        """``m``."""
        return (0.0,)

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
        (m,) = self.slots(variable)
        return [
            ops.lion_update(
                variable,
                gradient,
                m,
                learning_rate,
                beta_1=self.beta_1,
                beta_2=self.beta_2,
                options=options,
            )
        ]
