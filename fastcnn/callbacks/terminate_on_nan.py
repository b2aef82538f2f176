"""An end to training that has nothing left to learn with."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastcnn.training.callback import Callback, Logs
from fastcnn.training.nan_diagnosis import first_invalid

__all__ = ["TerminateOnNaN"]


class _Step(NamedTuple):
    """All that is needed to make a step once more."""

    epoch: int
    number: int
    iteration: int
    batch: Any
    weights: list[NDArray[Any]]


class TerminateOnNaN(Callback):
    """Stops training when the loss, or a weight, is NaN or infinite, and says where it began.

    The step at fault is made once more with all values kept: the message names the step and the
    data, layer, loss or gradient that was the first to be invalid. For this the weights and the
    batch of the last two steps are kept, which costs two copies of them in memory and the time of
    one copy a step. Weights are looked at when an epoch ends; a step makes itself felt in the loss
    of the next.

    Args:
        raise_error: Whether to raise an error instead of ending ``fit``.

    Attributes:
        report: The message, or ``None`` while all is well.
    """

    explains_nan = True

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error
        self.report: str | None = None
        self._steps: list[_Step] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start again."""
        self.report = None
        self._steps = []

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Keep what the step begins with."""
        model = self.model
        if not model.built:  # the first step makes the weights
            return
        data = model.place.batch
        copied = data._replace(arrays=[array.copy() for array in data.arrays])
        iteration = model.optimizer.iterations + 1
        step = _Step(model.place.epoch, batch, iteration, copied, model.get_weights())
        self._steps = [*self._steps[-1:], step]

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Stop if the loss is not a number."""
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            self._stop(f"Batch {batch}: Invalid loss, terminating training")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Stop if a weight is not a number, which no later loss might show."""
        if self.report is None and not all(
            np.isfinite(weight).all() for weight in self.model.get_weights()
        ):
            self._stop(f"Epoch {epoch + 1}: Invalid weights, terminating training")

    def _stop(self, event: str) -> None:
        self.model.stop_training = True
        where = ""
        for step in reversed(self._steps):
            cause, earlier = first_invalid(self.model, step.batch, step.weights, step.iteration)
            where = (
                f": in step {step.iteration} (epoch {step.epoch + 1}, batch {step.number}) {cause}"
            )
            if not earlier:
                break
        self.report = event + where
        self._steps = []
        if self.raise_error:
            raise RuntimeError(f"TerminateOnNaN: {self.report}")
        print(self.report)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Let go of what was kept."""
        self._steps = []
