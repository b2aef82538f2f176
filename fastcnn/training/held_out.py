"""The data that ``fit`` measures on after epochs."""

from __future__ import annotations

from typing import Any

from fastcnn.data_adapters.adapters import BatchSource, Standardizer, open_data
from fastcnn.data_adapters.epoch_iterator import EpochIterator
from fastcnn.training.callback import CallbackList
from fastcnn.training.loops import measure
from fastcnn.training.ran_out import warn_validation
from fastcnn.training.step_cache import RunnableModel

__all__ = ["HeldOut"]

_ARGUMENT = "validation_data"


class HeldOut:
    """Validation data, opened once for all epochs.

    Args:
        model: What is measured.
        source: The data.
        steps: Batches to measure on; ``None`` means all.
    """

    def __init__(self, model: RunnableModel, source: BatchSource, steps: int | None) -> None:
        self._model = model
        self._source = source
        self._steps = steps
        self._began = False
        self._ended = self._warned = False

    @classmethod
    def opened(
        cls,
        model: RunnableModel,
        feed: Standardizer,
        data: Any,
        *,
        steps: int | None,
        batch_size: int | None,
    ) -> HeldOut | None:
        """What ``fit`` was given as ``validation_data``; ``None`` for nothing.

        Args:
            model: What is measured.
            feed: Its view of data.
            data: What ``fit`` was given.
            steps: Batches to measure on; ``None`` means all.
            batch_size: Examples per batch, with arrays only.

        Raises:
            ValueError: It does not fit the model, or arrays are without targets.
            TypeError: It holds something else than real numbers.
        """
        if data is None:
            return None
        x, y, weight = data, None, None
        pairs = isinstance(data, list) and all(isinstance(item, tuple) for item in data)
        batches = pairs and feed.input_count() == 1  # which open_data refuses, and says why
        if isinstance(data, tuple | list) and len(data) in (2, 3) and not batches:
            x, y, weight = (*data, None)[:3]
        try:
            source = open_data(
                feed,
                x,
                y,
                weight,
                batch_size=batch_size if y is not None else None,
                targets_of=_ARGUMENT,
            )
        except (ValueError, TypeError) as error:  # it speaks of x and y
            text = str(error)
            named = text if text.startswith(_ARGUMENT) else f"{_ARGUMENT}: {text}"
            raise type(error)(named) from None
        return cls(model, source, steps)

    def measure(self, hooks: CallbackList, epoch: int, epochs: int) -> dict[str, Any]:
        """Loss and metrics as ``val_...``; nothing, with a warning, once the data has ended.

        Raises:
            ValueError: There was no data from the start.
        """
        if self._ended:
            return {}
        stream = EpochIterator(self._source, self._steps, repeat=False)
        measured = measure(self._model, stream, hooks, may_be_empty=self._began)
        self._began = True
        # All of a source that ends with every pass is enough; a generator that ended is not.
        self._ended = not measured or (stream.ran_out and self._source.once)
        if self._ended or (stream.ran_out and not self._warned):
            self._warned = True
            warn_validation(stream.total, self._steps, epoch, epochs, ends=self._ended)
        return {f"val_{key}": value for key, value in measured.items()}
