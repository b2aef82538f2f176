"""``x[...]`` of what stands for numbers, made of the operations that cut and reshape."""

from __future__ import annotations

import builtins
import operator
from typing import Any

from fastcnn.graph.arithmetic import Arithmetic
from fastcnn.ops.movement.shaping import pad, reshape, slice

#: Nothing for fastcnn.ops: `x[...]` is how it is called.
__all__: list[str] = []


def item(x: Any, index: Any) -> Any:
    """Part of an array as NumPy's basic indexing takes it.

    Integers, slices with a step of 1 or more, ``...`` and ``None``; no arrays, no negative steps.
    An axis of open size is taken whole, or from some position on.

    Raises:
        IndexError: An index that is out of range, or more of them than axes.
        TypeError: An index of another kind.
        ValueError: A negative step, or a part of an axis of open size.
    """
    keys = list(index) if isinstance(index, tuple) else [index]
    rank = len(x.shape)
    used = sum(key is not None and key is not ... for key in keys)
    if used > rank or keys.count(...) > 1:
        raise IndexError(f"too many indices for an array of shape {tuple(x.shape)}: {index!r}")
    place = keys.index(...) if ... in keys else len(keys)
    rest = [_ALL] * (rank - used)
    keys = [*keys[:place], *rest, *keys[place + 1 :]]
    starts, sizes, steps, shape = [], [], [], []
    axis = 0
    for key in keys:
        if key is None:
            shape.append(1)
            continue
        start, size, step, kept = _range(key, x.shape[axis], axis, tuple(x.shape))
        starts.append(start)
        sizes.append(size)
        steps.append(step)
        if kept:
            shape.append(-1 if size == -1 and step == 1 else -(-size // step))
        axis += 1
    y = x
    if any(starts) or any(
        size not in (-1, whole) for size, whole in zip(sizes, x.shape, strict=True)
    ):
        y = slice(y, starts, sizes)
    if any(step > 1 for step in steps):
        y = _every(y, sizes, steps)
    known = [
        -1 if size == -1 else -(-size // step) for size, step in zip(sizes, steps, strict=True)
    ]
    if shape == known:
        return y
    if shape.count(-1) > 1:
        raise ValueError(
            f"cannot take {index!r} of an array of shape {tuple(x.shape)}: axes are added or left "
            "out beside several of open size; fix the size of the images, or use slices only"
        )
    return reshape(y, shape)


_ALL = builtins.slice(None)


def _range(
    key: Any, whole: int | None, axis: int, shape: tuple[int | None, ...]
) -> tuple[int, int, int, bool]:
    """First position, number of positions before steps (-1 for all that follow), step, and whether
    the axis is kept.
    """
    if not isinstance(key, builtins.slice):
        try:
            number = operator.index(key)
        except TypeError:
            raise TypeError(
                f"an index must be an integer, a slice, None or ..., got {type(key).__name__}; "
                "arrays and lists of indices are not supported"
            ) from None
        if whole is None and number < 0:
            raise ValueError(f"axis {axis} of shape {shape} is open: count from its beginning")
        if whole is not None and not -whole <= number < whole:
            raise IndexError(f"index {number} is out of range for axis {axis} of shape {shape}")
        return (number % whole if whole is not None else number), 1, 1, False
    step = 1 if key.step is None else operator.index(key.step)
    if step < 1:
        raise ValueError(f"a slice must have a step of 1 or more, got {step}")
    if whole is None:
        start = 0 if key.start is None else operator.index(key.start)
        if start < 0 or key.stop is not None or step > 1:
            raise ValueError(
                f"axis {axis} of shape {shape} is open: only a slice from some position on can be "
                "taken, such as [2:]"
            )
        return start, -1, 1, True
    start, stop, _ = builtins.slice(key.start, key.stop, 1).indices(whole)
    return start, max(stop - start, 0), step, True


def _every(y: Any, sizes: list[int], steps: list[int]) -> Any:
    """Each ``step``-th element along each axis: rows of ``step`` elements, the first of each."""
    widths = [(0, -size % step if step > 1 else 0) for size, step in zip(sizes, steps, strict=True)]
    y = pad(y, widths)
    split: list[int] = []
    firsts: list[int] = []
    result: list[int] = []
    for size, step in zip(sizes, steps, strict=True):
        count = -1 if size == -1 else -(-size // step)
        split += [count, step] if step > 1 else [count]
        firsts += [-1, 1] if step > 1 else [-1]
        result.append(count)
    y = slice(reshape(y, split), [0] * len(split), firsts)
    return reshape(y, result)


Arithmetic.item = staticmethod(item)
