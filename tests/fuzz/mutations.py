"""Structured damage to a model file: its numbers, strings, structure, references and bytes."""

from __future__ import annotations

import copy
import json
import struct
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Rng = np.random.Generator
#: A place in JSON data: what holds it, and its key or index there.
Place = tuple[Any, Any]

NUMBERS: list[Any] = [
    *(0, 1, 2, 3, 7, 64, 255, 1000, 4097, 65_535, 1 << 20, (1 << 20) + 1, 1 << 24, 1 << 28),
    *(300_000_000, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 40, 1 << 53, (1 << 63) - 1, 1 << 63),
    *(1 << 64, 10**30, 10**400, -1, -2, -(1 << 31), -(1 << 63), -(10**30), 0.5, -0.0, 1e-46),
    *(1e-300, 1e39, 1e300, 0.1, 3.7, float("nan"), float("inf"), -float("inf"), True, False),
]
STRINGS: list[str] = [
    *("", " ", "same", "valid", "nearest", "float32", "uint8", "float16", "S2000000000", "object"),
    *("channels_first", "relu", "softmax", "a" * 30_000, "\0", "\ud800", "../../etc/passwd", "é"),
    *("__class__", "__init__", "os.system", "lambda", "None", "{0}", "%s", "0", "1e999", "mse"),
]
OTHERS: list[Any] = [None, True, [], {}, "", 0, [[]], [None], {"": None}, [1, [2, [3]]], "relu"]
DTYPES = ["F32", "F64", "F16", "BF16", "I64", "I8", "U8", "BOOL", "U64", "C64", "", None, 3]


def mutated(raw: bytes, others: list[bytes], rng: Rng) -> bytes:
    """A damaged copy of a file; ``others`` lend it parts of themselves."""
    kind = rng.random()
    if kind < 0.12:
        return _bytes(raw, rng)
    header, payload = parts(raw)
    if kind < 0.27:
        for _ in range(_few(rng)):
            payload = _header(header, payload, rng)
    else:
        description = json.loads(header["__metadata__"]["description"])
        donor = json.loads(parts(_pick(others, rng))[0]["__metadata__"]["description"])
        for _ in range(_few(rng)):
            _edit(description, donor, rng)
        header["__metadata__"]["description"] = json.dumps(description)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + payload


def parts(raw: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and data of a file."""
    (length,) = struct.unpack("<Q", raw[:8])
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def _few(rng: Rng) -> int:
    return int(rng.choice([1, 1, 1, 1, 2, 3]))


def _pick(items: Any, rng: Rng) -> Any:
    """A copy of a random item, so that edits change nothing that later cases begin with."""
    return copy.deepcopy(items[int(rng.integers(len(items)))])


def _place(places: list[Place], rng: Rng) -> Place:
    return places[int(rng.integers(len(places)))]


def _places(data: Any) -> Iterator[Place]:
    """Every value inside."""
    stack = [data]
    while stack:
        holder = stack.pop()
        items = holder.items() if isinstance(holder, dict) else enumerate(holder)
        for key, value in items:
            yield holder, key
            if isinstance(value, dict | list):
                stack.append(value)


def _bytes(raw: bytes, rng: Rng) -> bytes:
    """Damage that knows nothing of the format."""
    (length,) = struct.unpack("<Q", raw[:8])
    edited = bytearray(raw)
    kind = int(rng.integers(7))
    at = int(rng.integers(len(raw)))
    if kind == 0:
        return bytes(edited[:at])
    if kind == 1:
        edited[:8] = struct.pack("<Q", int(_pick([0, 1, 2, length - 1, length + 8, 1 << 62], rng)))
    elif kind == 2:
        edited[at:at] = rng.bytes(int(rng.integers(1, 64)))
    elif kind == 3:
        del edited[at : at + int(rng.integers(1, 64))]
    elif kind == 4:
        edited[at:at] = edited[at : at + int(rng.integers(1, 512))]
    else:
        for _ in range(int(rng.choice([1, 1, 2, 8, 64]))):
            edited[int(rng.integers(min(len(raw), 8 + length)))] = int(rng.integers(256))
    return bytes(edited)


def _header(header: dict[str, Any], payload: bytes, rng: Rng) -> bytes:
    """Damage to what is said about tensors; returns the data that shall follow."""
    names = [name for name in header if name != "__metadata__"]
    kind = int(rng.integers(9))
    if not names or kind == 0:
        cut = payload[: int(rng.integers(len(payload) + 1))]
        return cut if rng.random() < 0.5 else payload + b"\0" * 8
    name = _pick(names, rng)
    entry = header[name]
    if not isinstance(entry, dict):
        return payload
    if kind == 1:
        entry["dtype"] = _pick(DTYPES, rng)
    elif kind == 2:
        entry["shape"] = [_pick(NUMBERS, rng) for _ in range(int(rng.integers(10)))]
    elif kind == 3:
        entry["data_offsets"] = [_pick(NUMBERS, rng) for _ in range(int(rng.integers(1, 4)))]
    elif kind == 4:
        del header[name]
    elif kind == 5:
        header[_pick([*STRINGS, *names], rng)] = copy.deepcopy(entry)
    elif kind == 6:
        # A tensor of no elements may claim any other sizes.
        entry["shape"] = [0, *(int(size) for size in rng.integers(0, 1 << 60, rng.integers(3)))]
        start = entry["data_offsets"][0] if entry.get("data_offsets") else 0
        entry["data_offsets"] = [start, start]
    elif kind == 7:
        other = header[names[int(rng.integers(len(names)))]]
        if isinstance(other, dict):
            field = _pick(["shape", "data_offsets", "dtype"], rng)
            entry[field], other[field] = other.get(field), entry.get(field)
    else:
        header["__metadata__"][_pick(["format", "sha256", "more"], rng)] = _pick(
            [*STRINGS, *OTHERS], rng
        )
    return payload


def _edit(data: Any, donor: Any, rng: Rng) -> None:
    """One edit of a description."""
    places = list(_places(data))
    if not places:
        return
    if rng.random() < 0.15 and _constant_call(data, rng):
        return
    wanted = _WANTED[int(rng.integers(len(_WANTED)))]
    fitting = [place for place in places if wanted(place[0][place[1]])]
    holder, key = _place(fitting or places, rng)
    value = holder[key]
    edit = _EDITS[int(rng.integers(len(_EDITS)))]
    edit(holder, key, value, places, donor, rng)


def _constant_call(data: Any, rng: Rng) -> bool:
    """Makes a call that takes no value of the model, and something in it large."""
    calls = [h[k] for h, k in _places(data) if isinstance(h[k], dict) and "args" in h[k]]
    if not calls:
        return False
    call = calls[int(rng.integers(len(calls)))]
    values = [place for place in _places(call) if isinstance(place[0][place[1]], dict)]
    for holder, key in values:
        if "tensor" in holder[key]:
            holder[key] = _pick([1.0, {"list": [1.0, 2.0]}, {"tuple": [1, 2]}], rng)
    numbers = [place for place in _places(call) if _number(place[0][place[1]])]
    if numbers:
        holder, key = _place(numbers, rng)
        holder[key] = _pick(NUMBERS, rng)
    return True


def _other_value(holder: Any, key: Any, value: Any, *rest: Any) -> None:
    rng = rest[-1]
    if isinstance(value, bool | int | float):
        kind = rng.random()
        near = value + int(rng.integers(-3, 4)) if kind < 0.2 else None
        holder[key] = _pick(NUMBERS, rng) if near is None else near
    elif isinstance(value, str):
        strings = [text for h, k in rest[0] if isinstance(text := h[k], str)]
        holder[key] = _pick(STRINGS if rng.random() < 0.4 else strings, rng)
    else:
        holder[key] = _pick(OTHERS, rng)


def _other_type(holder: Any, key: Any, value: Any, *rest: Any) -> None:
    rng = rest[-1]
    holder[key] = _pick([*OTHERS, *NUMBERS, *STRINGS], rng)


def _remove(holder: Any, key: Any, value: Any, *rest: Any) -> None:
    del holder[key]


def _repeat(holder: Any, key: Any, value: Any, *rest: Any) -> None:
    rng = rest[-1]
    if isinstance(holder, list):
        holder[key:key] = [copy.deepcopy(value) for _ in range(int(rng.choice([1, 2, 5])))]
    else:
        holder[_pick([*STRINGS, *map(str, holder)], rng)] = copy.deepcopy(value)


def _swap(holder: Any, key: Any, value: Any, places: list[Place], donor: Any, rng: Rng) -> None:
    other, where = _place(places, rng)
    if not _inside(value, other) and not _inside(other[where], holder):
        holder[key], other[where] = other[where], value


def _inside(value: Any, holder: Any) -> bool:
    """Whether a holder is a part of a value."""
    if value is holder:
        return True
    return isinstance(value, dict | list) and any(h[k] is holder for h, k in _places(value))


def _graft(holder: Any, key: Any, value: Any, places: list[Place], donor: Any, rng: Rng) -> None:
    found = list(_places(donor)) if rng.random() < 0.7 else places
    same = [place for place in found if place[1] == key and isinstance(key, str)]
    other, where = _place(same or found, rng)
    holder[key] = copy.deepcopy(other[where])


def _wrap(holder: Any, key: Any, value: Any, *rest: Any) -> None:
    rng = rest[-1]
    for _ in range(int(rng.choice([1, 1, 2, 100, 300]))):
        value = [value] if rng.random() < 0.5 else {_pick(["list", "tuple", "x"], rng): value}
    holder[key] = value


def _reverse(holder: Any, key: Any, value: Any, *rest: Any) -> None:
    if isinstance(value, list):
        value.reverse()
    elif isinstance(value, dict):
        holder[key] = dict(reversed(value.items()))


def _add(holder: Any, key: Any, value: Any, *rest: Any) -> None:
    rng = rest[-1]
    if isinstance(value, dict):
        value[_pick([*STRINGS, "shared", "class_name", "training", "seed"], rng)] = _pick(
            [*NUMBERS, *OTHERS], rng
        )
    elif isinstance(value, list):
        value.append(_pick([*NUMBERS, *OTHERS], rng))


def _number(value: Any) -> bool:
    return isinstance(value, int | float)


_WANTED: list[Callable[[Any], bool]] = [
    *(_number, _number, _number),
    lambda value: isinstance(value, str),
    lambda value: isinstance(value, list),
    lambda value: isinstance(value, dict),
    lambda value: True,
]
_EDITS: list[Callable[..., None]] = [
    *(_other_value, _other_value, _other_value, _other_value, _other_type, _remove, _repeat),
    *(_swap, _graft, _graft, _wrap, _reverse, _add),
]
