"""Steps along the gradient itself."""

from __future__ import annotations

from collections.abc import Callable

from fastcnn import ops
from fastcnn.config import refuse
from fastcnn.graph import Tensor
from fastcnn.optimizers.optimizer import Optimizer
from fastcnn.variable import Variable

__all__ = ["SGD", "GradientDescent"]


class GradientDescent(Optimizer):
    """Full-batch gradient descent: ``w -= learning_rate * gradient`` of the whole training set.

    ``fit`` makes one step an epoch. It goes through the set in pieces of ``batch_size`` examples,
    adds up their gradients, and then updates once, so memory does not grow with the set. (Batch
    normalisation still takes its statistics piece by piece.)

    Args:
        learning_rate: A positive number, or a function of the number of finished steps.
        name: For messages.
    """

    full_batch = True

    def __init__(
        self,
        learning_rate: float | Callable[[int], float] = 0.01,
        *,
        name: str = "GradientDescent",
    ) -> None:
        super().__init__(learning_rate, name=name)

    def update(
        self, gradient: Tensor, variable: Variable, learning_rate: Tensor, step: Tensor
    ) -> list[Tensor]:
        """``w -= learning_rate * gradient``."""
        return [ops.sgd_update(variable, gradient, None, learning_rate, 0.0, False)]


class SGD(Optimizer):
    """Stochastic gradient descent, one step per batch.

    With momentum ``v = momentum * v - learning_rate * gradient`` and ``w += v``, or with Nesterov's
    look-ahead ``w += momentum * v - learning_rate * gradient``.

    Args:
        learning_rate: See :class:`Optimizer`.
        momentum: Share of the last step that is made again, in ``[0, 1]``.
        nesterov: Whether to look ahead.
        weight_decay: Not supported: ``None`` only.
        clipnorm: See :class:`Optimizer`.
        clipvalue: See :class:`Optimizer`.
        global_clipnorm: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
    """

    _not_configured = frozenset({"weight_decay"})

    def __init__(
        self,
        learning_rate: float | Callable[[int], float] = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: None = None,
        *,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str = "SGD",
    ) -> None:
        super().__init__(
            learning_rate,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            name=name,
        )
        refuse(name, weight_decay=weight_decay)
        if not 0 <= momentum <= 1:
            raise ValueError(f"{name}: momentum must lie between 0 and 1, got {momentum}")
        self.momentum = float(momentum)
        self.nesterov = bool(nesterov)

    def slot_count(self) -> int:
        """One velocity per Variable, with momentum."""
        return 1 if self.momentum else 0

    def update(
        self, gradient: Tensor, variable: Variable, learning_rate: Tensor, step: Tensor
    ) -> list[Tensor]:
        """See the class."""
        slots = self.slots(variable)
        velocity = slots[0] if slots else None
        momentum, nesterov = self.momentum, self.nesterov
        return [ops.sgd_update(variable, gradient, velocity, learning_rate, momentum, nesterov)]
