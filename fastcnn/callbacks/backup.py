"""Training that survives the death of its process."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path

from fastcnn.atomic_file import remove_leftovers
from fastcnn.paths import AnyPath
from fastcnn.saving.checkpoint import read_backup, write_backup
from fastcnn.training.callback import Callback, Logs

__all__ = ["BackupAndRestore"]

_LATEST = "latest.safetensors"
_PREVIOUS = "previous.safetensors"


class BackupAndRestore(Callback):
    """Writes the state of training to disk, and goes on from it when the same script runs again.

    A process that is killed at any moment and started again ends with the weights, bit for bit, of
    one that was not: the backup holds weights, optimizer state, moving statistics, learning rate,
    seeds, the place in the data and what the running epoch has measured. What this needs of the
    data: that it is the same again. Arrays, ``PyDataset`` and image folders are gone on with where
    the backup was made; of a generator the batches taken so far are read and dropped. The state of
    other callbacks is not kept, and the history begins with the first epoch after the restart,
    as in Keras.

    Args:
        backup_dir: Folder for the backup alone; made if need be.
        save_freq: ``"epoch"``, or a number of steps.
        double_checkpoint: Whether to keep the backup before the last, which is taken when the last
            cannot be read.
        delete_checkpoint: Whether the backup is removed when training ends by itself.

    Raises:
        ValueError: ``save_freq`` is something else, or ``backup_dir`` is empty.
    """

    def __init__(
        self,
        backup_dir: AnyPath,
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not os.fsdecode(backup_dir):
            raise ValueError("BackupAndRestore: backup_dir is empty; name a folder")
        steps = isinstance(save_freq, int) and not isinstance(save_freq, bool) and save_freq >= 1
        if save_freq != "epoch" and not steps:
            raise ValueError(
                "BackupAndRestore: save_freq must be 'epoch' or a number of steps, got "
                f"{save_freq!r}"
            )
        self.backup_dir = os.fsdecode(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._steps = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Go on from the backup, if there is one."""
        if self.save_freq != "epoch" and self.model.optimizer.full_batch:
            raise ValueError(
                f"BackupAndRestore: {self.model.optimizer.name} makes one step an epoch, so "
                "save_freq must be 'epoch'"
            )
        self._steps = 0
        folder = Path(self.backup_dir)
        folder.mkdir(parents=True, exist_ok=True)
        remove_leftovers(folder / _LATEST)  # of a process killed while it wrote
        self._restore([path for path in (folder / _LATEST, folder / _PREVIOUS) if path.exists()])

    def _restore(self, paths: list[Path]) -> None:
        for number, path in enumerate(paths, 1):
            try:
                return read_backup(self.model, path)
            except ValueError as error:
                if number == len(paths):
                    raise ValueError(
                        f"BackupAndRestore: {error}. Remove {self.backup_dir} to train from the "
                        "beginning"
                    ) from error
                warnings.warn(f"BackupAndRestore: {error}; taking the one before", stacklevel=2)
        return None

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write, if enough steps have gone by."""
        if isinstance(self.save_freq, int):
            self._steps += 1
            if self._steps >= self.save_freq:
                self._steps = 0
                self._save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write, if epochs are what counts."""
        if self.save_freq == "epoch":
            self._save()

    def _save(self) -> None:
        latest = Path(self.backup_dir, _LATEST)
        if self.double_checkpoint and latest.exists():
            previous = Path(self.backup_dir, _PREVIOUS)
            previous.unlink(missing_ok=True)
            os.link(latest, previous)  # so that the latest is there at every moment
        write_backup(self.model, latest)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Remove the backup."""
        if self.delete_checkpoint:
            for name in (_LATEST, _PREVIOUS):
                Path(self.backup_dir, name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # something else is in it
                os.rmdir(self.backup_dir)
