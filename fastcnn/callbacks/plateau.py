"""Smaller steps when larger ones no longer help."""

from __future__ import annotations

import operator

import numpy as np

from fastcnn.callbacks.monitors import Monitor
from fastcnn.training.callback import Logs

__all__ = ["ReduceLROnPlateau"]


class ReduceLROnPlateau(Monitor):
    """Lowers the learning rate when a number no longer improves.

    Args:
        monitor: Key of the logs.
        factor: What the rate is multiplied with, below 1.
        patience: Epochs without improvement before that.
        verbose: 1 prints the new rate.
        mode: ``"min"``, ``"max"``, or ``"auto"`` to tell from the name.
        min_delta: Smaller improvements do not count.
        cooldown: Epochs after a reduction that do not count.
        min_lr: The rate never falls below this.

    Raises:
        ValueError: ``factor`` is 1 or more.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode)
        if not 0 < factor < 1:
            raise ValueError(
                f"ReduceLROnPlateau: factor must lie between 0 and 1, got {factor}: the rate is "
                "multiplied with it"
            )
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.min_delta = min_delta
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.best = self.worst
        self.wait = 0
        self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start again.

        Raises:
            ValueError: The rate follows a schedule, which would undo every change.
        """
        self._reset()
        if self.model.optimizer.schedule is not None:
            raise ValueError(
                "ReduceLROnPlateau: the optimizer's learning rate follows a schedule; give the "
                "optimizer a number, or leave out this callback"
            )

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare with the best epoch, and add the rate of this one to the logs."""
        optimizer = self.model.optimizer
        rate = float(optimizer.learning_rate)
        if isinstance(logs, dict):
            logs["learning_rate"] = rate
        value = self.value(logs)
        if value is None:
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        delta = self.min_delta if self.monitor_op is operator.gt else -self.min_delta
        if self.monitor_op(value, self.best + delta):
            self.best = value
            self.wait = 0
            return
        if self.cooldown_counter > 0:
            return
        self.wait += 1
        if self.wait < self.patience or not rate > np.float32(self.min_lr):
            return
        optimizer.learning_rate = max(rate * self.factor, self.min_lr)
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose > 0:
            print(
                f"Epoch {epoch + 1}: ReduceLROnPlateau reduces the learning rate to "
                f"{float(optimizer.learning_rate)}."
            )
