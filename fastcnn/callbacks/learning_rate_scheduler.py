"""A learning rate that a function of the epoch gives."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from fastcnn.training.callback import Callback, Logs

__all__ = ["LearningRateScheduler"]


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Args:
        schedule: ``schedule(epoch, learning_rate)`` or ``schedule(epoch)`` returns the new rate.
        verbose: 1 prints it.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def _rate(self, epoch: int, before: float) -> Any:
        try:
            inspect.signature(self.schedule).bind(epoch, before)
        except TypeError:
            return self.schedule(epoch)
        except ValueError:
            pass  # a function of C that does not tell its arguments
        return self.schedule(epoch, before)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the rate."""
        rate = self._rate(epoch, self.model.optimizer.learning_rate)
        if isinstance(rate, bool) or not hasattr(rate, "__float__"):
            raise ValueError(
                f"LearningRateScheduler: the schedule must return a number, got {rate!r}"
            )
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print(
                f"Epoch {epoch + 1}: LearningRateScheduler sets the learning rate to {float(rate)}."
            )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Add the rate to the logs."""
        if isinstance(logs, dict):
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)
