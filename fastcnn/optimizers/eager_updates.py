"""Steps of an optimizer on gradients that a program of one's own has computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from fastcnn import graph
from fastcnn.constraints import constrained
from fastcnn.graph import Tensor
from fastcnn.graph.array_like import as_array
from fastcnn.graph.variable import Variable

__all__ = ["EagerUpdates"]


class _Updating(Protocol):
    """An optimizer, as seen from here."""

    iterations: int
    lock: Any

    @property
    def name(self) -> str: ...

    @property
    def learning_rate(self) -> Any: ...

    def updates(
        self,
        gradients: Sequence[Tensor],
        variables: Sequence[Variable],
        learning_rate: Tensor,
        step: Tensor,
    ) -> list[Tensor]: ...


class EagerUpdates:
    """The compiled step of one optimizer for one list of Variables."""

    def __init__(self, optimizer: _Updating, variables: Sequence[Variable]) -> None:
        self.variables = list(variables)
        rate = graph.placeholder((), "float32", name="learning_rate")
        step = graph.placeholder((), "int64", name="step")
        gradients = [graph.placeholder(v.shape, v.dtype) for v in self.variables]
        updates = optimizer.updates(gradients, self.variables, rate, step)
        self._function = graph.compile([*gradients, rate, step], [], constrained(updates))

    def run(self, optimizer: _Updating, gradients: Sequence[Any]) -> None:
        """Make one step.

        Raises:
            ValueError: A gradient has another shape than its Variable.
        """
        arrays = []
        for gradient, variable in zip(gradients, self.variables, strict=True):
            array = np.ascontiguousarray(as_array(gradient), variable.dtype)
            if array.shape != variable.shape:
                raise ValueError(
                    f"{optimizer.name}: the gradient of {variable.name!r} has shape "
                    f"{array.shape}, expected {variable.shape}"
                )
            arrays.append(array)
        with optimizer.lock:
            step = optimizer.iterations + 1
            rate = np.asarray(optimizer.learning_rate, np.float32)
            self._function(*arrays, rate, np.asarray(step, np.int64))
            optimizer.iterations = step
