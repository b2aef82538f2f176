"""Where a running ``fit`` is."""

from __future__ import annotations

from fastcnn.data_adapters.adapters import Batch
from fastcnn.data_adapters.epoch_iterator import EpochIterator
from fastcnn.training.compiled_losses import MetricAccumulator

__all__ = ["FitState"]


class FitState:
    """Where a running ``fit`` is, for callbacks that look closer or come back to it later.

    Attributes:
        stream: The batches.
        epoch: Number of the epoch, from 0.
        step: Steps of this epoch that are done.
        meters: What this epoch measured so far.
        batch: The batch of the current step; its arrays are overwritten by the next.
        learning_rate: Rate that goes on after the hooks of the epoch's beginning, when ``fit``
            was resumed in the middle of it; else ``None``.
    """

    def __init__(self, stream: EpochIterator, epoch: int) -> None:
        self.stream = stream
        self.epoch = epoch
        self.step = 0
        self.meters = MetricAccumulator()
        self.batch: Batch | None = None
        self.learning_rate: float | None = None

    def advance(self) -> None:
        """The epoch is over."""
        self.epoch += 1
        self.step = 0
        self.meters = MetricAccumulator()
        self.batch = None
