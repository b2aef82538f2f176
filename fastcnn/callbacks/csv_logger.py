"""Callbacks that act once an epoch: a log file, a learning rate."""

from __future__ import annotations

import csv
import inspect
import os
from collections.abc import Callable
from typing import Any, TextIO

import numpy as np

from fastcnn.training.callback import Callback, Logs

__all__ = ["CSVLogger", "LearningRateScheduler"]


class CSVLogger(Callback):
    """Writes a line of logs per epoch.

    Args:
        filename: The file; it is replaced unless ``append``.
        separator: Between columns.
        append: Whether to go on with a file that is there.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self._file: TextIO | None = None
        self._keys: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Open the file."""
        self._keys = None
        if self.append and os.path.exists(self.filename):
            with open(self.filename, newline="") as file:
                header = next(csv.reader(file, delimiter=self.separator), [])
                self._keys = header[1:] or None
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line; it is on disk when this returns."""
        if self._file is None:
            raise RuntimeError("CSVLogger: on_train_begin was not called")
        logs = logs or {}
        writer = csv.writer(self._file, delimiter=self.separator)
        if self._keys is None:
            keys = set(logs)
            # With validation_freq > 1 the first epoch lacks columns that later ones have.
            if self.params.get("validates") and not any(key.startswith("val_") for key in logs):
                keys |= {f"val_{key}" for key in logs if key != "learning_rate"}
            self._keys = sorted(keys)
            writer.writerow(["epoch", *self._keys])
        writer.writerow([epoch, *[_cell(logs.get(key, "NA")) for key in self._keys]])
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _cell(value: Any) -> Any:
    """What a metric of several numbers looks like in a table: ``[0.5, 0.25]``."""
    return value.tolist() if isinstance(value, np.ndarray) else value


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
