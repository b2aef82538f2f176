"""Callbacks that follow one number: when to stop, what to keep."""

from __future__ import annotations

import math
import operator
import os
from typing import Any

from fastcnn.messages import brief
from fastcnn.paths import AnyPath
from fastcnn.training.callback import Callback, Logs

__all__ = ["EarlyStopping", "ModelCheckpoint", "Monitor"]


class Monitor(Callback):
    """Base of callbacks that follow one number."""

    def __init__(self, monitor: str, mode: str) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            raise ValueError(
                f"{type(self).__name__}: mode must be 'auto', 'min' or 'max', got {mode!r}"
            )
        if not isinstance(monitor, str):
            raise TypeError(
                f"{type(self).__name__}: monitor must be a name of the logs such as 'val_loss', "
                f"got {brief(monitor)}"
            )
        self.monitor = monitor
        self.mode = mode
        grows = any(part in monitor for part in ("acc", "auc")) or monitor.endswith("_k")
        larger_is_better = mode == "max" or (mode == "auto" and grows)
        self.monitor_op = operator.gt if larger_is_better else operator.lt
        self.worst = -math.inf if larger_is_better else math.inf

    def value(self, logs: Logs | None) -> float | None:
        """The number; ``None`` after an epoch without the validation that would give it.

        Raises:
            ValueError: The logs will never have it; lists what they have.
        """
        logs = logs or {}
        if self.monitor not in logs:
            validated = any(key.startswith("val_") for key in logs)
            if self.monitor.startswith("val_") and self.params.get("validates") and not validated:
                return None
            hint = (
                " Hand validation_data or validation_split to fit()."
                if self.monitor.startswith("val_")
                else ""
            )
            raise ValueError(
                f"{type(self).__name__}: there is no {self.monitor!r} in the logs, which have "
                f"{', '.join(logs)}.{hint}"
            )
        return float(logs[self.monitor])


class EarlyStopping(Monitor):
    """Stops training when a number no longer improves.

    Args:
        monitor: Key of the logs.
        min_delta: Smaller improvements do not count.
        patience: Epochs without improvement that are allowed.
        verbose: 1 prints why training stopped.
        mode: ``"min"``, ``"max"``, or ``"auto"`` to tell from the name.
        baseline: Value that has to be beaten.
        restore_best_weights: Whether the model ends with the weights of its best epoch.
        start_from_epoch: Epochs before this one do not count.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode)
        self.min_delta = abs(min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = self.worst
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start again."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare with the best epoch."""
        if epoch < self.start_from_epoch:
            return
        value = self.value(logs)
        if value is None:
            return
        if self.restore_best_weights and self.best_weights is None:
            # Also when nothing ever improves on the baseline there is something to restore.
            self.best_weights = self.model.get_weights()
            self.best_epoch = epoch
        self.wait += 1
        if self._improves(value, self.best):
            self.best = value
            self.best_epoch = epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self.baseline is None or self._improves(value, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restore the best weights."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            print(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print(
                    "Restoring model weights from the end of the best epoch: "
                    f"{self.best_epoch + 1}."
                )
            self.model.set_weights(self.best_weights)

    def _improves(self, value: float, than: float) -> bool:
        delta = self.min_delta if self.monitor_op is operator.gt else -self.min_delta
        return bool(self.monitor_op(value - delta, than))


class ModelCheckpoint(Monitor):
    """Saves the model after epochs, or every so many steps.

    Args:
        filepath: Path, may name logs: ``"model-{epoch:02d}-{val_loss:.2f}.safetensors"``; epochs
            count from 1 there.
        monitor: Key of the logs, for ``save_best_only``.
        verbose: 1 prints a line when a file is written.
        save_best_only: Whether to save only when the number is the best so far.
        save_weights_only: Whether to leave out the description and the optimizer.
        mode: ``"min"``, ``"max"``, or ``"auto"`` to tell from the name.
        save_freq: ``"epoch"``, or a number of steps.
        initial_value_threshold: What the first best number has to beat.
    """

    def __init__(
        self,
        filepath: AnyPath,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode)
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                "ModelCheckpoint: save_freq must be 'epoch' or a number of steps, got "
                f"{save_freq!r}"
            )
        if save_best_only and save_freq != "epoch" and monitor.startswith("val_"):
            raise ValueError(
                f"ModelCheckpoint: {monitor!r} is known at the end of an epoch only, so "
                "save_best_only needs save_freq='epoch', or monitor='loss'"
            )
        self.filepath = os.fsdecode(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        self.best = self.worst if initial_value_threshold is None else initial_value_threshold
        self._steps = 0
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save if enough steps have gone by."""
        if isinstance(self.save_freq, int):
            self._steps += 1
            if self._steps >= self.save_freq:
                self._steps = 0
                self._save(self._epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save if epochs are what counts."""
        if self.save_freq == "epoch":
            self._save(epoch, logs)

    def _save(self, epoch: int, logs: Logs | None) -> None:
        if self.save_best_only:
            value = self.value(logs)
            if value is None or not self.monitor_op(value, self.best):
                return
            self.best = value
        try:
            path = self.filepath.format(epoch=epoch + 1, **(logs or {}))
        except KeyError as error:
            raise ValueError(
                f"ModelCheckpoint: filepath {self.filepath!r} names {error}, which is not in the "
                f"logs: {', '.join(logs or {})}"
            ) from None
        if self.save_weights_only:
            self.model.save_weights(path)
        else:
            self.model.save(path)
        if self.verbose > 0:
            print(f"Epoch {epoch + 1}: saved the model to {path}")
