"""A log file with one line for each epoch."""

from __future__ import annotations

import csv
import os
from contextlib import suppress
from typing import Any, TextIO

import numpy as np

from fastcnn.paths import AnyPath, named_errors
from fastcnn.training.callback import Callback, Logs

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Writes a line of logs per epoch.

    Args:
        filename: The file; it is replaced unless ``append``.
        separator: Between columns.
        append: Whether to go on with a file that is there.
    """

    def __init__(self, filename: AnyPath, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fsdecode(filename)
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
        try:
            with named_errors(self.filename):
                writer.writerow([epoch, *[_cell(logs.get(key, "NA")) for key in self._keys]])
                self._file.flush()
        except OSError:
            # What could not be written would be tried again when the file is closed.
            with suppress(OSError):
                self._file.close()
            raise

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the file."""
        if self._file is not None:
            with named_errors(self.filename):
                self._file.close()
            self._file = None


def _cell(value: Any) -> Any:
    """What a metric of several numbers looks like in a table: ``[0.5, 0.25]``."""
    return value.tolist() if isinstance(value, np.ndarray) else value
