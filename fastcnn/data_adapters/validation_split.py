"""Taking validation examples from the end of arrays."""

from __future__ import annotations

from typing import Any

from fastcnn.data_adapters.adapters import Standardizer, holds_arrays
from fastcnn.data_adapters.array_slicing import example_count

__all__ = ["split_arrays"]


def split_arrays(feed: Standardizer, x: Any, y: Any, weight: Any, share: float) -> tuple[Any, Any]:
    """Cut arrays, and lists or dicts of them, into training and validation examples.

    Args:
        feed: The model's view of data.
        x: Inputs.
        y: Labels.
        weight: Sample weights.
        share: Of the examples, for the validation; they are the last ones, as in Keras.

    Returns:
        Two tuples ``(x, y, weight)``, views of the same memory.

    Raises:
        ValueError: ``share`` is not between 0 and 1, ``x`` is not an array, arrays do not fit the
            model or differ in length, or a part is empty.
    """
    if not 0 < share < 1:
        raise ValueError(f"validation_split must lie between 0 and 1, got {share}")
    if not holds_arrays(x):
        raise ValueError(
            f"validation_split needs arrays, got {type(x).__name__}; pass validation_data"
        )
    inputs = feed.inputs(x)
    labels = [] if y is None else feed.labels(y)
    weights = feed.weights(weight)
    count = example_count([*inputs, *labels, *weights])
    cut = int(count * (1 - share))
    if cut == 0 or cut == count:
        raise ValueError(
            f"validation_split={share} of {count} examples leaves nothing to "
            f"{'train' if cut == 0 else 'validate'} on"
        )

    def part(arrays: list[Any], chosen: slice) -> Any:
        cuts = [array[chosen] for array in arrays]
        return (cuts or [None])[0] if len(cuts) < 2 else cuts

    halves = slice(None, cut), slice(cut, None)
    train, validate = (tuple(part(v, half) for v in (inputs, labels, weights)) for half in halves)
    return train, validate
