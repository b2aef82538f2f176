"""Logs for TensorBoard, through a package that knows its file format."""

from __future__ import annotations

import importlib
import io
import os
import time
from contextlib import redirect_stdout
from typing import Any

from fastcnn.paths import AnyPath
from fastcnn.training.callback import Callback, Logs

__all__ = ["TensorBoard"]

#: Packages with a SummaryWriter and the name of its first argument.
_WRITERS = (("tensorboardX", "logdir"), ("torch.utils.tensorboard", "log_dir"))


class TensorBoard(Callback):
    """Writes losses, metrics and weights for ``tensorboard --logdir``.

    Tags are Keras': ``epoch_loss`` in ``log_dir/train`` and ``log_dir/validation``,
    ``batch_loss``, ``evaluation_loss_vs_iterations``, histograms ``layer/weight``. Files are
    written by tensorboardX, or by PyTorch's writer where only that is installed.

    Args:
        log_dir: Folder of the logs.
        histogram_freq: Epochs between histograms of the weights; 0 for none.
        write_graph: Whether the model's summary is written as a text.
        write_images: Whether kernels are written as pictures too, with the histograms.
        write_steps_per_second: Whether ``epoch_steps_per_second`` is written.
        update_freq: ``"epoch"``, ``"batch"``, or the number of steps between ``batch_`` values.
        profile_batch: Not supported: 0 only; ``model.profile()`` tells where the time goes.
        embeddings_freq: Not supported: 0 only.
        embeddings_metadata: Not supported: ``None`` only.

    Raises:
        ImportError: No writer is installed; says which to install.
        ValueError: A setting that is not supported.
    """

    def __init__(
        self,
        log_dir: AnyPath = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: None = None,
    ) -> None:
        super().__init__()
        if profile_batch:
            raise ValueError(
                f"TensorBoard: profile_batch={profile_batch!r} is not supported; use "
                "profile_batch=0"
            )
        if embeddings_freq or embeddings_metadata is not None:
            raise ValueError("TensorBoard: embeddings are not supported; use embeddings_freq=0")
        number = isinstance(update_freq, int) and not isinstance(update_freq, bool)
        if update_freq not in ("epoch", "batch") and not (number and int(update_freq) >= 1):
            raise ValueError(
                "TensorBoard: update_freq must be 'epoch', 'batch' or a number of steps, got "
                f"{update_freq!r}"
            )
        self.log_dir = os.fsdecode(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = update_freq
        self._writer_class, self._folder_argument = _find_writer()
        self._writers: dict[str, Any] = {}
        self._step = 0
        self._epoch_began = (0.0, 0)

    def _writer(self, part: str) -> Any:
        """The writer of ``"train"`` or ``"validation"``; made when it is first needed."""
        if part not in self._writers:
            folder = {self._folder_argument: os.path.join(self.log_dir, part)}
            self._writers[part] = self._writer_class(**folder)
        return self._writers[part]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Write the model's summary."""
        self._step = self.model.optimizer.iterations
        if self.write_graph and self.model.built:
            with redirect_stdout(io.StringIO()) as text:
                self.model.summary()
            indented = "".join(f"    {line}\n" for line in text.getvalue().splitlines())
            self._writer("train").add_text("keras", indented, 0)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the time."""
        self._epoch_began = (time.perf_counter(), self._step)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write values of steps, if they are asked for."""
        self._step += 1
        if self.update_freq == "epoch":
            return
        if self.update_freq == "batch" or self._step % int(self.update_freq) == 0:
            for name, value in (logs or {}).items():
                self._writer("train").add_scalar(f"batch_{name}", value, self._step - 1)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the logs, and weights if it is their turn."""
        train = {key: value for key, value in (logs or {}).items() if not key.startswith("val_")}
        train["learning_rate"] = float(self.model.optimizer.learning_rate)
        if self.write_steps_per_second:
            began, step = self._epoch_began
            train["steps_per_second"] = (self._step - step) / (time.perf_counter() - began)
        for name, value in train.items():
            self._writer("train").add_scalar(f"epoch_{name}", value, epoch)
        for name, value in (logs or {}).items():
            if name.startswith("val_"):
                tag = f"epoch_{name.removeprefix('val_')}"
                self._writer("validation").add_scalar(tag, value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(epoch)
        for writer in self._writers.values():
            writer.flush()

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Write the result of an evaluation by the number of steps made before it."""
        for name, value in (logs or {}).items():
            tag = f"evaluation_{name}_vs_iterations"
            step = self.model.optimizer.iterations
            self._writer("validation").add_scalar(tag, value, step)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _write_weights(self, epoch: int) -> None:
        writer = self._writer("train")
        for weight in self.model.weights:
            value = weight.numpy()
            writer.add_histogram(weight.name, value, epoch)
            if self.write_images and value.ndim == 4 and value.shape[2] in (1, 3):
                low, high = value.min(), value.max()
                scaled = (value - low) / max(float(high - low), 1e-12)
                # (height, width, channels, filters): one picture for each filter
                writer.add_images(
                    weight.name, scaled.transpose(3, 0, 1, 2), epoch, dataformats="NHWC"
                )


def _find_writer() -> tuple[Any, str]:
    for package, argument in _WRITERS:
        try:
            return importlib.import_module(package).SummaryWriter, argument
        except ImportError:
            continue
    raise ImportError(
        "TensorBoard needs tensorboardX, which is not installed: "
        'pip install "fastcnn[tensorboard]" (torch with tensorboard will do too)'
    )
