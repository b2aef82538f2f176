"""What all optimizers share: learning rate, state, clipping, and their place in a graph."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.config import Configurable, lookup, serialize
from fastcnn.graph import Tensor
from fastcnn.variable import Variable

__all__ = ["Optimizer"]


class _Rate(float):
    """A learning rate as a number that can also be assigned to, as in Keras."""

    _optimizer: Optimizer

    def assign(self, value: Any) -> None:
        """Set the rate of the optimizer that this was read from."""
        self._optimizer.learning_rate = value

    def numpy(self) -> np.float32:
        """The number as NumPy's."""
        return np.float32(self)


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
        lock: Held during a step, since steps of several Programs may share the optimizer.

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
        self.lock = threading.RLock()
        self._slots: dict[int, tuple[Variable, list[Variable]]] = {}

    @property
    def learning_rate(self) -> _Rate:
        """The rate of the next step; assign a number or a function of the step to change it."""
        rate = self._learning_rate
        number = _Rate(rate(self.iterations) if callable(rate) else rate)
        number._optimizer = self
        return number

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if not callable(value):
            value = float(value)
            if not (value >= 0 and math.isfinite(value)):
                raise ValueError(f"{self.name}: learning_rate must be at least 0, got {value}")
        self._learning_rate: float | Callable[[int], float] = value

    @property
    def schedule(self) -> Callable[[int], float] | None:
        """The function of the step that gives the rate, if it is one."""
        return self._learning_rate if callable(self._learning_rate) else None

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
        with self.lock:
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
                    # The Variable stays beside its state: ids are unique only among the living.
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
