"""Adam and its relatives: steps scaled by moving means of gradients and their sizes."""

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

__all__ = ["Adam", "AdamW", "Adamax", "Nadam"]


class _Moments(Optimizer):
    """Two moving means and an epsilon."""

    def __init__(
        self,
        learning_rate: Rate,
        beta_1: float,
        beta_2: float,
        epsilon: float,
        weight_decay: float | None,
        *,
        name: str,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, weight_decay, name=name, **settings)
        self.beta_1 = checked_factor(name, "beta_1", beta_1, below=True)
        self.beta_2 = checked_factor(name, "beta_2", beta_2, below=True)
        self.epsilon = checked_float32(name, "epsilon", epsilon, divides=True)

    def slot_values(self, variable: Variable) -> tuple[float, ...]:
        """Two moving means."""
        return (0.0, 0.0)


class Adam(_Moments):
    """Adam (Kingma and Ba, 2014) in Keras' form.

    ``m`` and ``v`` follow the gradient and its square; in step ``t``
    ``w -= learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)``.

    Args:
        learning_rate: See :class:`Optimizer`.
        beta_1: Share of the old ``m`` that a step keeps, in ``[0, 1)``.
        beta_2: Share of the old ``v`` that a step keeps, in ``[0, 1)``.
        epsilon: Added to ``sqrt(v)``.
        amsgrad: Whether to divide by the largest ``v`` so far (Reddi et al., 2018).
        weight_decay: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
        settings: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        weight_decay: float | None = None,
        *,
        name: str = "adam",
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, weight_decay, name=name, **settings
        )
        self.amsgrad = bool(amsgrad)

    def slot_values(self, variable: Variable) -> tuple[float, ...]:
        """``m``, ``v``, and with ``amsgrad`` the largest ``v``."""
        return (0.0,) * (3 if self.amsgrad else 2)

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
        m, v, *largest = self.slots(variable)
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
            largest=largest[0] if largest else None,
            options=options,
        )
        return [update]


class AdamW(Adam):
    """:class:`Adam` with decoupled weight decay (Loshchilov and Hutter, 2019).

    Args:
        learning_rate: See :class:`Optimizer`.
        weight_decay: See :class:`Optimizer`.
        beta_1: See :class:`Adam`.
        beta_2: See :class:`Adam`.
        epsilon: See :class:`Adam`.
        amsgrad: See :class:`Adam`.
        name: See :class:`Optimizer`.
        settings: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *,
        name: str = "adamw",
        **settings: Unpack[Settings],
    ) -> None:
        if weight_decay is None:
            raise ValueError(f"{name}: weight_decay must be a number, got None; use Adam")
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, name=name, **settings
        )


class Adamax(_Moments):
    """Adam with the largest gradient, which fades, in the place of ``sqrt(v)`` (Kingma and Ba).

    ``m`` follows the gradient, ``u = max(beta_2 * u, |gradient|)``; in step ``t``
    ``w -= learning_rate / (1 - beta_1**t) * m / (u + epsilon)``.

    Args:
        learning_rate: See :class:`Optimizer`.
        beta_1: Share of the old ``m`` that a step keeps, in ``[0, 1)``.
        beta_2: Share of the old ``u`` that a step keeps, in ``[0, 1)``.
        epsilon: Added to ``u``.
        weight_decay: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
        settings: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        *,
        name: str = "adamax",
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, weight_decay, name=name, **settings
        )

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
        m, norm = self.slots(variable)
        update = ops.adamax_update(
            variable,
            gradient,
            m,
            norm,
            learning_rate,
            step,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            options=options,
        )
        return [update]


class Nadam(_Moments):
    """Adam with Nesterov's look-ahead (Dozat, 2016), in Keras' form.

    The formula is that of :func:`fastcnn.ops.nadam_update`.

    Args:
        learning_rate: See :class:`Optimizer`.
        beta_1: Share of the old ``m`` that a step keeps, in ``[0, 1)``.
        beta_2: Share of the old ``v`` that a step keeps, in ``[0, 1)``.
        epsilon: Added to the root of ``v``.
        weight_decay: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
        settings: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | None = None,
        *,
        name: str = "nadam",
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(
            learning_rate, beta_1, beta_2, epsilon, weight_decay, name=name, **settings
        )

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
        m, v = self.slots(variable)
        update = ops.nadam_update(
            variable,
            gradient,
            m,
            v,
            learning_rate,
            step,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            options=options,
        )
        return [update]
