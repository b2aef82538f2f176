"""Batches of one epoch after the other, and a place in them to which one can return."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fastcnn.data_adapters.adapters import Batch, BatchSource

__all__ = ["EpochIterator"]


class EpochIterator:
    """Batches of one epoch after the other.

    Args:
        source: Where they come from.
        steps: Batches per epoch; ``None`` means all of the source. With a number the epochs read
            on where the last one ended, and a source that ends is started again if it can be.
        repeat: Whether it may be; what is measured or predicted is gone through once.

    Attributes:
        total: Batches taken so far.
        ran_out: Whether an epoch ended before its number of steps, for good.
    """

    def __init__(self, source: BatchSource, steps: int | None, *, repeat: bool = True) -> None:
        if steps is not None and steps < 1:
            raise ValueError(f"the number of steps must be positive, got {steps}")
        self.steps = source.steps if steps is None else steps
        self.total = 0
        self.ran_out = False
        self._source = source
        self._limit = steps
        self._repeat = repeat and not source.once
        self._pass = -1
        self._taken = 0
        self._batches: Iterator[Batch] | None = None

    def epoch(self, index: int, done: int = 0) -> Iterator[Batch]:
        """The batches of an epoch.

        Args:
            index: Numbers the orders of shuffled data.
            done: Batches of this epoch that were taken before :meth:`seek` came back to it.
        """
        if self._limit is None:
            if not done:
                self._begin(index)
            while (batch := self._next()) is not None:
                yield batch
            return
        for _ in range(done, self._limit):
            batch = self._next()
            if batch is None and (self._batches is None or self._repeat):
                self._begin(max(index, self._pass + 1))
                batch = self._next()
            if batch is None:
                self.ran_out = True
                return
            yield batch

    def _begin(self, index: int) -> None:
        self.close()
        self._pass, self._taken = index, 0
        self._batches = self._source.epoch(index)

    def _next(self) -> Batch | None:
        batch = None if self._batches is None else next(self._batches, None)
        if batch is not None:
            self._taken += 1
            self.total += 1
        return batch

    def position(self) -> dict[str, int]:
        """Where the next batch will come from, for :meth:`seek`."""
        seed = self._source.seed
        return {"pass": self._pass, "taken": self._taken, "total": self.total, "seed": seed}

    def seek(self, position: Mapping[str, int]) -> None:
        """Go on where a stream over the same data was.

        Of a source that can be gone through once only, what was taken is read and dropped.
        """
        self.close()
        self._source.seed = position["seed"]
        self._pass, self._taken = position["pass"], position["taken"]
        self.total = position["total"]
        if self._pass >= 0:
            start = self.total if self._source.once else self._taken
            self._batches = self._source.epoch(self._pass, start)

    def close(self) -> None:
        """Stop whatever works ahead of the stream."""
        close = getattr(self._batches, "close", None)
        if close is not None:
            close()
        self._batches = None
