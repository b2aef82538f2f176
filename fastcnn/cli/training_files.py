"""What ``fastcnn train`` writes as it trains: the model to use, the state to go on from, a log."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastcnn.atomic_file import replacing, write_at
from fastcnn.callbacks import Callback
from fastcnn.models import Model, load
from fastcnn.paths import named_errors

__all__ = ["EpochLog", "KeptModel", "Resumed", "resume", "state_file"]

_PROGRESS = "training"  # its place in the state's metadata


def state_file(output: Path) -> Path:
    """Where the state of a training lies beside its model."""
    return output.with_suffix(".training" + output.suffix)


class EpochLog(Callback):
    """Writes a row of a CSV file per epoch, epochs counted from 1.

    Args:
        path: The file.
        rows: Rows of a training that goes on; others are dropped.
    """

    def __init__(self, path: Path, rows: list[dict[str, str]] | None = None) -> None:
        super().__init__()
        self.path = path
        self._rows = rows or []

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Begin the file."""
        with named_errors(self.path), self.path.open("w", newline="") as file:
            if self._rows:
                writer = csv.DictWriter(file, list(self._rows[0]))
                writer.writeheader()
                writer.writerows(self._rows)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Write a row; it is on disk when this returns."""
        row = {"epoch": epoch + 1, **(logs or {})}
        with named_errors(self.path), self.path.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(row), extrasaction="ignore")
            if file.tell() == 0:
                writer.writeheader()
            writer.writerow(row)


class KeptModel(Callback):
    """After each epoch saves the state, and the model for use if it is the best so far.

    Args:
        output: The model for use, without its optimizer.
        watched: What the best epoch has least of, ``"val_loss"``; None for the last epoch.
        settings: What must be the same for a training to go on.
        best: The value of the best epoch before.
        best_epoch: Its number, counted from 1.
    """

    def __init__(
        self,
        output: Path,
        watched: str | None,
        settings: Mapping[str, Any],
        best: float = math.inf,
        best_epoch: int | None = None,
    ) -> None:
        super().__init__()
        self.output = output
        self.watched = watched
        self.settings = dict(settings)
        self.best = best
        self.best_epoch = best_epoch
        #: The loss of the epoch that the file holds.
        self.loss = best
        self._earlier = output.read_bytes() if output.exists() and best_epoch is None else None

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Save, unless the epoch has made numbers that are none."""
        logs = logs or {}
        if self.model.stop_training and not all(map(math.isfinite, logs.values())):
            return
        value = logs.get(self.watched) if self.watched else None
        if value is None or value < self.best:
            self.best, self.best_epoch = math.inf if value is None else value, epoch + 1
            self.loss = logs.get("loss", math.nan) if value is None else value
            self.model.save(self.output, include_optimizer=False)
        metadata = self.model.metadata
        self.model.metadata = {
            **metadata,
            _PROGRESS: {
                "settings": self.settings,
                "epoch": epoch + 1,
                "best": None if value is None else self.best,
                "best_epoch": self.best_epoch,
            },
        }
        try:
            self.model.save(state_file(self.output))
        finally:
            self.model.metadata = metadata

    def finish(self) -> None:
        """Have the model be what the file holds; write the file if no epoch came to its end."""
        if self.best_epoch is None:
            self.model.save(self.output, include_optimizer=False)
        else:
            self.model.load_weights(self.output)

    def put_back(self) -> bool:
        """Write again what this training has replaced; False if there was no model.

        Its state goes: to go on from it would replace the model once more.
        """
        if self._earlier is None:
            return False
        with replacing(self.output, len(self._earlier)) as handle:
            write_at(handle, self._earlier, 0)
        if self.best_epoch is not None:
            state_file(self.output).unlink(missing_ok=True)
        return True

    def described(self, epochs: int) -> str:
        """Which epoch the file holds."""
        if self.best_epoch is None:
            return "in the middle of epoch 1"
        reason = ", the best by validation loss" if self.watched else ""
        return f"epoch {self.best_epoch} of {epochs}{reason}"


class Resumed:
    """A training as it was after its last epoch.

    Attributes:
        model: With its optimizer.
        epoch: How many epochs are done.
        best: The value of the best of them, and its number.
        rows: Their rows of the log.
    """

    def __init__(self, model: Model, progress: Mapping[str, Any], log: Path) -> None:
        self.model = model
        self.epoch = int(progress["epoch"])
        best = progress["best"]
        self.best = math.inf if best is None else float(best)
        self.best_epoch: int | None = progress["best_epoch"]
        self.rows: list[dict[str, str]] = []
        if log.exists():
            with log.open(newline="") as file:
                self.rows = list(csv.DictReader(file))[: self.epoch]


def resume(output: Path, log: Path, settings: Mapping[str, Any]) -> Resumed:
    """The training that wrote ``output``, to go on with.

    Raises:
        ValueError: There is none, or it was made with other settings.
    """
    state = state_file(output)
    if not state.exists():
        raise ValueError(
            f"there is nothing to go on from: no file {state}, which training writes after each "
            "epoch. Leave out --resume to begin"
        )
    model = load(state)
    progress = model.metadata.pop(_PROGRESS, None)
    if not isinstance(progress, dict) or not output.exists():
        raise ValueError(
            f"{state} is not what `fastcnn train` writes beside {output}: leave out --resume to "
            "begin"
        )
    before = progress.get("settings")
    for name, value in settings.items():
        was = before.get(name) if isinstance(before, dict) else None
        if was != value:
            raise ValueError(
                f"cannot go on with {output}: it was trained with {name} {_shown(was)}, now it is "
                f"{_shown(value)}. Give the same, or leave out --resume and add --overwrite to "
                "begin anew"
            )
    return Resumed(model, progress, log)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(map(str, value[:8]))
        return shown if len(value) <= 8 else f"{shown} and {len(value) - 8} more"
    return str(value)
