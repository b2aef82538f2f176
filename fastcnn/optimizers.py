"""Optimizers with Keras' names, defaults and formulas, written as operations of a graph.

Their state lies in Variables, and learning rate and step number are inputs of the Program: neither
a schedule nor a restart compiles anything anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.config import Configurable, lookup, serialize
from fastcnn.graph import Tensor
from fastcnn.variable import Variable

__all__ = ["SGD", "Adam", "GradientDescent", "Optimizer", "RMSprop", "get"]


class Optimizer(Configurable):
    """Turns gradients into updates of Variables.

    Args:
        learning_rate: A positive number, or a function of the number of finished steps.
        clipnorm: Bound of the norm of each gradient.
        clipvalue: Bound of each element of a gradient.
        global_clipnorm: Bound of the norm of all gradients together.
        name: For messages.

    Attributes:
        iterations: Number of finished steps.

    Raises:
        ValueError: A number that is not positive, or two ways of clipping.
    """

    #: Whether one step takes the gradient of the whole training set.
    full_batch = False

    def __init__(
        self,
        learning_rate: float | Callable[[int], float],
        *,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        self.name = name or type(self).__name__
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        bounds = {"clipnorm": clipnorm, "clipvalue": clipvalue, "global_clipnorm": global_clipnorm}
        given = {key: value for key, value in bounds.items() if value is not None}
        if len(given) > 1 or any(not value > 0 for value in given.values()):
            raise ValueError(
                f"{self.name}: at most one of clipnorm, clipvalue and global_clipnorm may be "
                f"given, and it must be positive; got {given}"
            )
        self.learning_rate = learning_rate
        self.iterations = 0
        self._slots: dict[int, tuple[Variable, list[Variable]]] = {}

    @property
    def learning_rate(self) -> float:
        """The rate of the next step; assign a number or a function of the step to change it."""
        if callable(self._learning_rate):
            return float(self._learning_rate(self.iterations))
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if not callable(value):
            value = float(value)
            if not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"{self.name}: learning_rate must be at least 0, got {value}")
        self._learning_rate: float | Callable[[int], float] = value

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments as JSON data; a schedule by its name."""
        return {**super().get_config(), "learning_rate": serialize(self._learning_rate)}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """Make the optimizer that :meth:`get_config` described."""
        rate = config.get("learning_rate")
        if isinstance(rate, str):
            config = {**config, "learning_rate": lookup("learning rate schedule", rate, {})}
        return cls(**config)

    def slot_count(self) -> int:
        """Number of Variables of state per trained Variable."""
        return 0

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state of ``variables``, zeros; state that is there is kept."""
        for variable in variables:
            if id(variable) not in self._slots:
                slots = [
                    Variable(
                        np.zeros(variable.shape, variable.dtype),
                        name=f"{self.name}/{variable.name}/{index}",
                        trainable=False,
                    )
                    for index in range(self.slot_count())
                ]
                # The Variable is kept beside its state: an id is unique only while its owner lives.
                self._slots[id(variable)] = (variable, slots)

    def slots(self, variable: Variable) -> list[Variable]:
        """State of one Variable."""
        self.build([variable])
        return self._slots[id(variable)][1]

    def existing_slots(self, variable: Variable) -> list[Variable]:
        """State of one Variable, without making any."""
        return self._slots[id(variable)][1] if id(variable) in self._slots else []

    def updates(
        self,
        gradients: Sequence[Tensor],
        variables: Sequence[Variable],
        learning_rate: Tensor,
        step: Tensor,
    ) -> list[Tensor]:
        """Update operations of one step.

        Args:
            gradients: One per Variable, of its shape.
            variables: What to update.
            learning_rate: Scalar float32 input.
            step: Scalar int64 input, 1 in the first step.
        """
        self.build(variables)
        pairs = zip(self._clipped(list(gradients)), variables, strict=True)
        return [
            update
            for gradient, variable in pairs
            for update in self.update(gradient, variable, learning_rate, step)
        ]

    def update(
        self, gradient: Tensor, variable: Variable, learning_rate: Tensor, step: Tensor
    ) -> list[Tensor]:
        """Update operations of one Variable."""
        raise NotImplementedError(f"{type(self).__name__} must define update()")

    def _clipped(self, gradients: list[Tensor]) -> list[Tensor]:
        if self.clipvalue is not None:
            bound = np.float32(self.clipvalue)
            return [ops.minimum(ops.maximum(gradient, -bound), bound) for gradient in gradients]
        if self.clipnorm is not None:
            return [_scaled([gradient], self.clipnorm)[0] for gradient in gradients]
        if self.global_clipnorm is not None:
            return _scaled(gradients, self.global_clipnorm)
        return gradients


def _scaled(gradients: list[Tensor], bound: float) -> list[Tensor]:
    """The gradients times ``bound / norm`` where their common norm exceeds ``bound``."""
    squares = [ops.sum(ops.square(gradient)) for gradient in gradients]
    total = squares[0]
    for square in squares[1:]:
        total = ops.add(total, square)
    factor = ops.divide(np.float32(bound), ops.maximum(ops.sqrt(total), np.float32(bound)))
    return [ops.multiply(gradient, factor) for gradient in gradients]


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
        clipnorm: See :class:`Optimizer`.
        clipvalue: See :class:`Optimizer`.
        global_clipnorm: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | Callable[[int], float] = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        clipnorm: See :class:`Optimizer`.
        clipvalue: See :class:`Optimizer`.
        global_clipnorm: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | Callable[[int], float] = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        clipnorm: See :class:`Optimizer`.
        clipvalue: See :class:`Optimizer`.
        global_clipnorm: See :class:`Optimizer`.
        name: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | Callable[[int], float] = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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


_TABLE: dict[str, type[Optimizer]] = {
    "Adam": Adam,
    "GradientDescent": GradientDescent,
    "RMSprop": RMSprop,
    "SGD": SGD,
    "adam": Adam,
    "gradient_descent": GradientDescent,
    "rmsprop": RMSprop,
    "sgd": SGD,
}


def get(identifier: Any) -> Optimizer:
    """The optimizer that a name, a configuration or an :class:`Optimizer` stands for.

    Raises:
        ValueError: An unknown name; the text lists the known ones.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        identifier = lookup("optimizer", identifier, _TABLE)
    if isinstance(identifier, type) and issubclass(identifier, Optimizer):
        return identifier()  # type: ignore[call-arg]
    if isinstance(identifier, dict) and "class_name" in identifier:
        found = lookup("optimizer", identifier["class_name"], _TABLE)
        return found.from_config(identifier.get("config", {}))  # type: ignore[no-any-return]
    raise ValueError(f"an optimizer is a name or an Optimizer object, got {identifier!r}")
