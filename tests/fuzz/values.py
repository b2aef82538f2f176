"""Arguments that no function expects."""

from __future__ import annotations

import contextlib
import decimal
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import Input, Variable, graph

Rng = np.random.Generator

#: Sizes between these would be work that the caller asked for.
SMALL = [0, 1, 2, 3, 4, 5, 7, 16, 63, -1, -2, -3]
HUGE = [
    *(1 << 34, 1 << 40, (1 << 40) + 1, 1 << 53, (1 << 63) - 1, 1 << 63, 1 << 64, 10**30, 10**400),
    *(-(1 << 31), -(1 << 63), -(1 << 64), -(10**30)),
]
#: What only shapes may be computed of.
MEDIUM = [255, 4097, 65_536, 65_537, 1 << 20, (1 << 20) + 1, 1 << 24, 1 << 28, 300_000_000, 1 << 31]
FLOATS = [
    *(0.0, -0.0, 0.5, 1.0, 1.5, -1.0, 1e-46, 1e-38, 1e-7, 1e7, 3e38, 1e39, 1e300, -1e39),
    *(float("nan"), float("inf"), -float("inf")),
]


def _recursive() -> Any:
    data: list[Any] = []
    data.append(data)
    return data


def _deep() -> Any:
    data: Any = 0
    for _ in range(3000):
        data = [data]
    return data


def _recursive_dict() -> Any:
    data: dict[str, Any] = {}
    data["self"] = data
    return data


class _Unusual:
    """Answers every question with an error."""

    def __len__(self) -> int:
        raise TypeError("no length")

    def __repr__(self) -> str:
        return "<unusual>"


STRANGE: list[Callable[[], Any]] = [
    lambda: None,
    lambda: True,
    lambda: False,
    lambda: "",
    lambda: "relu",
    lambda: "a" * 50_000,
    lambda: "\0\ud800",
    lambda: b"bytes",
    list,
    dict,
    tuple,
    lambda: {1, 2},
    lambda: {"a": 1},
    lambda: {3: [4]},
    object,
    lambda: len,
    lambda: int,
    lambda: range(1000),
    lambda: iter([1, 2]),
    lambda: Ellipsis,
    lambda: slice(1),
    lambda: 1 + 2j,
    lambda: decimal.Decimal("1.5"),
    _recursive,
    _recursive_dict,
    _deep,
    _Unusual,
    lambda: [1] * 20_000,
    lambda: list(range(40)),
    lambda: ["a" * 1000] * 100,
    lambda: [None, 1.5, "x"],
    lambda: [[1, 2], [3]],
    lambda: np.int8(-1),
    lambda: np.float64("nan"),
    lambda: np.str_("same"),
    lambda: np.array(None),
    lambda: np.zeros((0,), np.float32),
    lambda: Input((3,)),
    lambda: Input((1 << 38, 2)),
    lambda: graph.placeholder((2, 3)),
    lambda: graph.placeholder((0, 1 << 39)),
    lambda: Variable(np.ones((2, 2), np.float32)),
]

ARRAYS: list[Callable[[np.ndarray], Any]] = [
    lambda a: a[..., ::-1],
    lambda a: a.T,
    lambda a: np.asfortranarray(a),
    lambda a: a.astype(a.dtype.newbyteorder()),
    lambda a: np.broadcast_to(a, (3, *a.shape)),
    lambda a: np.broadcast_to(a.reshape(-1)[0], a.shape) if a.size else a,
    lambda a: np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
    lambda a: a.astype("float16"),
    lambda a: a.astype("float64"),
    lambda a: a.astype("int8"),
    lambda a: a.astype("int64"),
    lambda a: a.astype("uint64"),
    lambda a: a.astype("bool"),
    lambda a: a.astype("complex64"),
    lambda a: a.astype("object"),
    lambda a: a.astype("U8"),
    lambda a: a.astype("longdouble"),
    lambda a: np.zeros(a.shape, "datetime64[s]"),
    lambda a: np.zeros(a.shape, [("a", "f4")]),
    lambda a: np.ma.masked_array(a),
    lambda a: np.asmatrix(a) if a.ndim == 2 else a,
    lambda a: a.tolist() if a.size < 10_000 else a,
    lambda a: a[..., None],
    lambda a: a[:0],
    lambda a: a[..., :0],
    lambda a: a.reshape(-1),
    lambda a: a.reshape((1,) * (9 - a.ndim) + a.shape) if a.ndim < 9 else a,
    lambda a: a.reshape((1,) * (32 - a.ndim) + a.shape),
    lambda a: a.reshape(-1)[0] if a.size and a.ndim else a,
    lambda a: np.full_like(a, np.nan) if a.dtype.kind == "f" else a,
    lambda a: np.full_like(a, np.inf) if a.dtype.kind == "f" else a,
    lambda a: np.full_like(a, -1),
    lambda a: a * np.asarray(3e38, a.dtype) if a.dtype.kind == "f" else a * 100,
    lambda a: np.concatenate([a, a]) if a.ndim else a,
    lambda a: np.zeros((0, 1 << 40), a.dtype),
    lambda a: np.zeros((1 << 31, 0), a.dtype),
    lambda a: graph.placeholder(a.shape, a.dtype),
    lambda a: Input(a.shape[1:]),
    lambda a: Variable(np.zeros(a.shape, np.float32)),
]


_UNFIT = (IndexError, MemoryError, OverflowError, RuntimeError, TypeError, ValueError)


def one_of(items: Any, rng: Rng) -> Any:
    """A random item."""
    return items[int(rng.integers(len(items)))]


def hostile(value: Any, rng: Rng, *, symbolic: bool) -> Any:
    """Something in place of an argument.

    Args:
        value: One that is accepted.
        rng: Of the choice.
        symbolic: Whether sizes may be of any order, since nothing of them is computed.
    """
    if isinstance(value, np.ndarray) and rng.random() < 0.75:
        # Not every change fits every array.
        with np.errstate(all="ignore"), contextlib.suppress(*_UNFIT):
            return one_of(ARRAYS, rng)(value)
    if isinstance(value, list | tuple) and value and rng.random() < 0.7:
        items = list(value)
        place = int(rng.integers(len(items)))
        kind = int(rng.integers(6))
        if kind < 3:
            items[place] = hostile(items[place], rng, symbolic=symbolic)
        elif kind == 3:
            del items[place]
        elif kind == 4:
            items.append(items[place])
        else:
            items *= 5
        return type(value)(items)
    kind = rng.random()
    if kind < 0.25:
        return one_of(SMALL, rng)
    if kind < 0.45:
        return one_of([*HUGE, *MEDIUM] if symbolic else HUGE, rng)
    if kind < 0.6:
        return one_of(FLOATS, rng)
    if kind < 0.7:
        size = int(rng.integers(1, 5))
        return tuple(one_of([*SMALL, *HUGE], rng) for _ in range(size))
    return one_of(STRANGE, rng)()
