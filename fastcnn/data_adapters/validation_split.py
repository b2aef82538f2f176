"""Taking validation examples from the end of arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn.tree import flatten, map_structure

__all__ = ["split_arrays"]


def split_arrays(x: Any, y: Any, weight: Any, share: float) -> tuple[Any, Any]:
    """Cut arrays, and lists or dicts of them, into training and validation examples.

    Args:
        x: Inputs.
        y: Labels.
        weight: Sample weights.
        share: Of the examples, for the validation; they are the last ones, as in Keras.

    Returns:
        Two tuples ``(x, y, weight)``, views of the same memory.

    Raises:
        ValueError: ``share`` is not between 0 and 1, ``x`` is not an array, or a part is empty.
    """
    if not 0 < share < 1:
        raise ValueError(f"validation_split must lie between 0 and 1, got {share}")
    first = flatten(x)[0]
    if not hasattr(first, "shape") and not isinstance(x, list | tuple | dict):
        raise ValueError(
            f"validation_split needs arrays, got {type(x).__name__}; pass validation_data"
        )
    count = len(first)
    cut = int(count * (1 - share))
    if cut == 0 or cut == count:
        raise ValueError(
            f"validation_split={share} of {count} examples leaves nothing to "
            f"{'train' if cut == 0 else 'validate'} on"
        )

    def part(value: Any, chosen: slice) -> Any:
        return None if value is None else map_structure(lambda a: np.asarray(a)[chosen], value)

    halves = slice(None, cut), slice(cut, None)
    train, validate = (tuple(part(v, half) for v in (x, y, weight)) for half in halves)
    return train, validate
