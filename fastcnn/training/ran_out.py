"""What is said of data that ends before as many batches as were wanted."""

from __future__ import annotations

import warnings

from fastcnn.data_adapters.epoch_iterator import EpochIterator

__all__ = ["warn_fewer", "warn_training_ends", "warn_validation"]

_CALLER = 4  # the line that called fit, evaluate or predict, each of them wrapped once


def warn_training_ends(stream: EpochIterator, epoch: int, epochs: int, steps: int | None) -> None:
    """Warn that ``fit`` stops, for there is nothing more to train on."""
    wanted = "" if steps is None else f" of {steps * epochs} (steps_per_epoch * epochs)"
    warnings.warn(
        f"fit: the data ran out in epoch {epoch + 1} of {epochs}, after {stream.total} batches"
        f"{wanted}: training ends here. A generator must go on for all epochs: let it loop with "
        "'while True' and give steps_per_epoch, or pass arrays or a keras.utils.PyDataset",
        stacklevel=_CALLER,
    )


def warn_validation(taken: int, steps: int | None, epoch: int, epochs: int, *, ends: bool) -> None:
    """Warn that a validation had fewer batches than wanted.

    Args:
        taken: Batches that it had.
        steps: As many were wanted; ``None`` means all.
        epoch: The epoch, from 0.
        epochs: Number of epochs.
        ends: Whether there will be none in later epochs.
    """
    text = f"fit: the validation data ran out in epoch {epoch + 1} of {epochs}"
    if taken:
        text += f": measured on {taken} of {steps} batches (validation_steps)"
    if ends:
        text += (
            "; there is no further validation. A generator must go on for all epochs: let it loop "
            "with 'while True' and give validation_steps, or pass arrays or a keras.utils.PyDataset"
        )
    warnings.warn(text, stacklevel=_CALLER + 1)


def warn_fewer(what: str, stream: EpochIterator, steps: int | None) -> None:
    """Warn that a result is of fewer batches than wanted, if it is."""
    if stream.ran_out:
        warnings.warn(
            f"{what}: the data ran out after {stream.total} of {steps} batches (steps): the result "
            "is of these alone",
            stacklevel=_CALLER,
        )
