"""Steps scaled by what the gradient of each element has been."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastcnn import ops
from fastcnn.config import refuse
from fastcnn.graph import Tensor
from fastcnn.optimizers.optimizer import Optimizer
from fastcnn.variable import Variable

__all__ = ["Adam", "RMSprop"]


class Adam(Optimizer):
    """Adam (Kingma and Ba, 2014) in Keras' form.

    ``m`` and ``v`` follow the gradient and its square; in step ``t``
    ``w -= learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)``.

    Args:
        learning_rate: See :class:`Optimizer`.
        beta_1: Share of the old ``m`` that a step keeps, in ``[0, 1)``.
        beta_2: Share of the old ``v`` that a step keeps, in ``[0, 1)``.
        epsilon: Added to ``sqrt(v)``.
        amsgrad: Not supported: ``False`` only.
        weight_decay: Not supported: ``None`` only.
        clipnorm: See :class:`Optimizer`.
        clipvalue: See :class:`Optimizer`.
        global_clipnorm: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
    """

    _not_configured = frozenset({"weight_decay"})

    def __init__(
        self,
        learning_rate: float | Callable[[int], float] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: None = None,
        *,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str = "adam",
    ) -> None:
        super().__init__(
            learning_rate,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            name=name,
        )
        refuse(name, weight_decay=weight_decay)
        if not (0 <= beta_1 < 1 and 0 <= beta_2 < 1):
            raise ValueError(
                f"{name}: beta_1 and beta_2 must be at least 0 and below 1, got {beta_1} and "
                f"{beta_2}"
            )
        if amsgrad:
            raise ValueError(f"{name}: amsgrad=True is not supported; use amsgrad=False")
        self.beta_1 = float(beta_1)
        self.beta_2 = float(beta_2)
        self.epsilon = float(epsilon)
        self.amsgrad = amsgrad

    def slot_count(self) -> int:
        """Two per Variable: ``m`` and ``v``."""
        return 2

    def update(
        self, gradient: Tensor, variable: Variable, learning_rate: Tensor, step: Tensor
    ) -> list[Tensor]:
        """See the class."""
        m, v = self.slots(variable)
        update = ops.adam_update(
            variable,
            gradient,
            m,
            v,
            learning_rate,
            step,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
        )
        return [update]


class RMSprop(Optimizer):
    """Steps divided by the root of a moving average of squared gradients.

    ``v`` follows the square of the gradient; ``w -= learning_rate * gradient / sqrt(v + epsilon)``.

    Args:
        learning_rate: See :class:`Optimizer`.
        rho: Share of the old ``v`` that a step keeps, in ``[0, 1]``.
        momentum: Not supported: 0 only.
        epsilon: Added to ``v``.
        centered: Not supported: ``False`` only.
        weight_decay: Not supported: ``None`` only.
        clipnorm: See :class:`Optimizer`.
        clipvalue: See :class:`Optimizer`.
        global_clipnorm: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
    """

    _not_configured = frozenset({"weight_decay"})

    def __init__(
        self,
        learning_rate: float | Callable[[int], float] = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: None = None,
        *,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str = "rmsprop",
    ) -> None:
        super().__init__(
            learning_rate,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            name=name,
        )
        refuse(name, weight_decay=weight_decay)
        if momentum or centered:
            raise ValueError(
                f"{name}: momentum and centered are not supported; use momentum=0.0 and "
                "centered=False, or SGD with momentum"
            )
        self.rho = float(rho)
        self.momentum = float(momentum)
        self.epsilon = float(epsilon)
        self.centered = centered

    def slot_count(self) -> int:
        """One per Variable: ``v``."""
        return 1

    def update(
        self, gradient: Tensor, variable: Variable, learning_rate: Tensor, step: Tensor
    ) -> list[Tensor]:
        """See the class."""
        (slot,) = self.slots(variable)
        old = ops.multiply(slot.tensor, np.float32(self.rho))
        v = ops.add(old, ops.multiply(ops.square(gradient), np.float32(1 - self.rho)))
        root = ops.sqrt(ops.add(v, np.float32(self.epsilon)))
        change = ops.divide(ops.multiply(gradient, learning_rate), root)
        return [ops.assign(slot, v), ops.assign(variable, ops.subtract(variable.tensor, change))]
