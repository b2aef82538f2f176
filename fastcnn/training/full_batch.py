"""Full-batch gradient descent: gradients of the whole training set, gathered piece by piece."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import graph, ops
from fastcnn.constraints import constrained
from fastcnn.data_adapters.adapters import Batch, BatchSource
from fastcnn.graph.compile_cache import CompileCache
from fastcnn.graph.variable import Variable
from fastcnn.optimizers import Optimizer
from fastcnn.training.compiled_losses import StepOutputs
from fastcnn.training.step_cache import RunnableModel
from fastcnn.training.traced_step import trace_step

__all__ = ["FullBatch"]

Array = NDArray[Any]


class _Gather:
    """Adds the gradient of one piece, times a factor, to sums that wait in Variables."""

    def __init__(
        self,
        model: RunnableModel,
        batch: Batch,
        variables: Sequence[Variable],
        sums: Sequence[Variable],
    ) -> None:
        traced = trace_step(model, batch, train=True)
        self.plan: StepOutputs = traced.plan
        share = graph.placeholder((), "float32", name="share")
        gradients = graph.gradients(self.plan.loss, list(variables))
        added = [
            ops.assign(total, ops.add(total.tensor, ops.multiply(gradient, share)))
            for total, gradient in zip(sums, gradients, strict=True)
        ]
        self.is_random = bool(traced.random_inputs)
        self.run = graph.compile(
            [*traced.inputs, share, *traced.random_inputs],
            [self.plan.loss, *self.plan.results],
            [*added, *traced.trace.assignments],
        )


class _Descent:
    """The sums of a model's gradients, what adds to them, and the step along them.

    A model keeps one for each set of weights that it trains, so that every ``fit`` and every epoch
    use what the first one compiled.
    """

    def __init__(self, model: RunnableModel, optimizer: Optimizer) -> None:
        variables = model.trainable_weights
        if not variables:
            raise ValueError(f"model {model.name!r} has nothing to train")
        self._sums = [
            Variable(np.zeros(v.shape, np.float32), name=f"sum/{v.name}", trainable=False)
            for v in variables
        ]
        self._variables = variables
        self._gathers: CompileCache[_Gather] = CompileCache(8)
        rate, step = graph.placeholder(()), graph.placeholder((), "int64")
        sums = [total.tensor for total in self._sums]
        updates = constrained(optimizer.updates(sums, variables, rate, step))
        self.step = graph.compile([rate, step], [], updates)

    def clear(self) -> None:
        """Set the sums to zero."""
        for total in self._sums:
            total.assign(np.zeros(total.shape, np.float32))

    def gather(self, model: RunnableModel, batch: Batch) -> _Gather:
        """What adds the gradient of batches like this one."""
        return self._gathers.get(
            batch.key(), lambda: _Gather(model, batch, self._variables, self._sums)
        )


class FullBatch:
    """One optimizer step per epoch.

    Args:
        model: A compiled model.
        source: The training set, in pieces of a known total.
        steps_per_epoch: Must be ``None``.

    Raises:
        ValueError: The size of the training set is not known.
    """

    def __init__(
        self, model: RunnableModel, source: BatchSource, steps_per_epoch: int | None
    ) -> None:
        assert model.optimizer is not None
        if source.examples is None or steps_per_epoch is not None:
            raise ValueError(
                f"{model.optimizer.name} takes the gradient of the whole training set: fit needs "
                "arrays and no steps_per_epoch. For generators use SGD"
            )
        self._model = model
        self._optimizer = model.optimizer
        self._examples = source.examples
        self._descent: _Descent | None = None
        self._piece = 0

    def start(self) -> None:
        """Begin an epoch with sums of zero."""
        self._piece = 0
        self._descent = None

    def add(self, batch: Batch) -> tuple[StepOutputs, Sequence[Array]]:
        """Add the gradient of a piece; returns how to read the results, and the results."""
        model, optimizer = self._model, self._optimizer
        if self._descent is None:
            if not model.built:
                model.programs.measure(batch, train=False)
            self._descent = model.programs.descent(lambda: _Descent(model, optimizer))
            self._descent.clear()
        gather = self._descent.gather(model, batch)
        share = np.asarray(batch.size / self._examples, np.float32)
        # No two pieces of an epoch may drop the same units.
        number = optimizer.iterations * self._examples + self._piece
        self._piece += 1
        steps = [np.asarray(number, np.int64)] if gather.is_random else []
        return gather.plan, gather.run(*batch.arrays, share, *steps)

    def finish(self) -> None:
        """Step along the gathered gradient."""
        assert self._descent is not None
        optimizer = self._optimizer
        with optimizer.lock:
            self._descent.step(
                np.asarray(optimizer.learning_rate, np.float32),
                np.asarray(optimizer.iterations + 1, np.int64),
            )
            optimizer.iterations += 1
