"""Files of named arrays and a JSON description: safetensors, written atomically, read with care."""

from __future__ import annotations

import hashlib
import json
import math
import os
import secrets
from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

__all__ = ["Contents", "read_file", "write_file"]

Array = NDArray[Any]

# What the header may declare. A header of 64 MiB describes some 500,000 tensors.
_LARGEST_HEADER = 64 << 20
_MOST_TENSORS = 1_000_000
_MOST_AXES = 8
# Deeper than any model: a model inside a model adds about ten levels.
_DEEPEST_JSON = 200
# Each takes up to 150 bytes once parsed; a tensor has seven.
_MOST_VALUES = 8_000_000

# What a byte of JSON outside of strings does to the depth.
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1
_CHUNK = 1 << 20

_DTYPES = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "I8": np.int8,
    "U16": np.uint16,
    "I16": np.int16,
    "U32": np.uint32,
    "I32": np.int32,
    "U64": np.uint64,
    "I64": np.int64,
    "F16": np.float16,
    "F32": np.float32,
    "F64": np.float64,
}


class Contents:
    """An opened file: its description, and arrays that are read when asked for.

    Attributes:
        description: The JSON data beside the arrays.
        shapes: Shape of each array by name.
        dtypes: NumPy dtype of each array by name.
    """

    def __init__(
        self,
        path: str,
        description: dict[str, Any],
        shapes: dict[str, tuple[int, ...]],
        dtypes: dict[str, np.dtype[Any]],
    ) -> None:
        self.path = path
        self.description = description
        self.shapes = shapes
        self.dtypes = dtypes

    def arrays(self, names: list[str]) -> list[Array]:
        """The arrays of these names.

        Raises:
            ValueError: The file changed, or its library refuses it.
        """
        try:
            with safe_open(self.path, framework="np") as file:
                return [file.get_tensor(name) for name in names]
        except (SafetensorError, KeyError) as error:
            _refuse(self.path, str(error))


def write_file(
    path: str | os.PathLike[str],
    description: Mapping[str, Any],
    arrays: Mapping[str, Array],
    *,
    overwrite: bool = True,
) -> None:
    """Write arrays and a description.

    The file appears at once: whoever reads meanwhile, and whoever comes after a crash, finds the
    old file or the new one, never a part.

    Raises:
        FileExistsError: There is a file and ``overwrite`` is False.
        FileNotFoundError: The folder does not exist.
        ValueError: The description is larger than :func:`read_file` allows.
    """
    path = os.fspath(path)
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            f"cannot save {path!r}: there is no folder {folder!r}; make it first"
        )
    if os.path.isdir(path):
        raise IsADirectoryError(f"cannot save {path!r}: it is a folder; give the name of a file")
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path!r} is there already; save with overwrite=True to replace it")
    text = json.dumps(description, allow_nan=True, separators=(",", ":"))
    if reason := _beyond_limits(text.encode()):
        raise ValueError(f"cannot save {path!r}: its description {reason}")
    ordered = {
        name: np.ascontiguousarray(arrays[name]).reshape(arrays[name].shape)
        for name in sorted(arrays)
    }
    metadata = {"format": "fastcnn", "description": text, "sha256": _digest(text, ordered)}
    temporary = os.path.join(folder, f".{os.path.basename(path)}.{secrets.token_hex(6)}.tmp")
    try:
        # Made here, so that it gets the permissions of any other new file.
        with open(temporary, "xb"):
            mode = os.stat(temporary).st_mode
        save_file(ordered, temporary, metadata)
        os.chmod(temporary, mode)
        with open(temporary, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if length > _LARGEST_HEADER or len(ordered) > _MOST_TENSORS:
                raise ValueError(
                    f"cannot save {path!r}: its description and the names of its {len(ordered)} "
                    f"arrays take {length} bytes; at most {_LARGEST_HEADER}, and {_MOST_TENSORS} "
                    "arrays, can be read again. Large constants are better weights"
                )
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_file(path: str | os.PathLike[str], *, verify: bool = False) -> Contents:
    """Open a file of :func:`write_file`.

    Everything that its header declares is compared with the bytes that are there before any of
    it is used.

    Args:
        path: The file.
        verify: Whether to compare all bytes with the SHA-256 digest that was stored.

    Raises:
        FileNotFoundError: There is none.
        ValueError: It is damaged or not one of ours; says what is wrong.
    """
    path = os.fspath(path)
    size = os.stat(path).st_size
    with open(path, "rb") as file:
        start = file.read(8)
        if len(start) < 8:
            _refuse(path, f"it has {size} bytes; even an empty one has more")
        length = int.from_bytes(start, "little")
        if length > min(size - 8, _LARGEST_HEADER):
            _refuse(
                path,
                f"its header is said to have {length} bytes, but the file has {size} in all and a "
                f"header at most {_LARGEST_HEADER}: it is damaged, or no model file",
            )
        raw = file.read(length)
    header = _json(path, raw, "header")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or metadata.get("format") != "fastcnn":
        _refuse(path, "it is a safetensors file, but not one that fastcnn wrote")
    shapes, dtypes = _checked_tensors(path, header, size - 8 - length)
    text = metadata.get("description")
    if not isinstance(text, str):
        _refuse(path, "it has no description")
    contents = Contents(path, _json(path, text.encode(), "description"), shapes, dtypes)
    if verify:
        names = sorted(shapes)
        if _digest(text, dict(zip(names, contents.arrays(names), strict=True))) != metadata.get(
            "sha256"
        ):
            _refuse(path, "its contents do not match the SHA-256 digest stored with them")
    return contents


def _digest(text: str, arrays: Mapping[str, Array]) -> str:
    """SHA-256 over the description and over name, dtype, shape and bytes of each array."""
    digest = hashlib.sha256(text.encode())
    for name, array in arrays.items():
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _json(path: str, raw: bytes, what: str) -> dict[str, Any]:
    """JSON data of an object, of bounded depth and size and without double keys."""
    # The parser itself has no bound that could be relied on.
    if reason := _beyond_limits(raw):
        _refuse(path, f"its {what} {reason}")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise ValueError("a key comes twice")
        return found

    try:
        data = json.loads(raw.decode(), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        _refuse(path, f"its {what} is no JSON: {error}")
    if not isinstance(data, dict):
        _refuse(path, f"its {what} is no JSON object")
    return data


def _beyond_limits(raw: bytes) -> str | None:
    """What of the limits on JSON data this breaks, if any; takes time in proportion to its length.

    Text that is no JSON may pass: up to its first error it is measured as a parser reads it.
    """
    # Without escapes every quotation mark begins or ends a string.
    text = np.frombuffer(raw.replace(rb"\\", b"").replace(rb"\"", b""), np.uint8)
    depth = deepest = values = quotes = 0
    for start in range(0, len(text), _CHUNK):
        part = text[start : start + _CHUNK]
        marks = quotes + np.cumsum(part == ord('"'))
        bare = marks % 2 == 0
        levels = depth + np.cumsum(_STEPS[part] * bare)
        deepest = max(deepest, int(levels.max()))
        values += int(np.count_nonzero(bare & ((part == ord(",")) | (_STEPS[part] > 0))))
        depth, quotes = int(levels[-1]), int(marks[-1])
    if deepest > _DEEPEST_JSON:
        return f"is nested {deepest} deep; at most {_DEEPEST_JSON} is allowed"
    if values > _MOST_VALUES:
        return f"has {values} values; at most {_MOST_VALUES} are allowed"
    return None


def _checked_tensors(
    path: str, header: dict[str, Any], size: int
) -> tuple[dict[str, tuple[int, ...]], dict[str, np.dtype[Any]]]:
    """Shapes and dtypes, after comparing every declared size with the ``size`` bytes of data."""
    if len(header) > _MOST_TENSORS:
        _refuse(path, f"it declares {len(header)} tensors; at most {_MOST_TENSORS} are allowed")
    shapes, dtypes, spans = {}, {}, []
    for name, entry in header.items():
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            _refuse(path, f"tensor {name!r} is not described by dtype, shape and data_offsets")
        kind, shape, span = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(kind, str) or kind not in _DTYPES:
            _refuse(path, f"tensor {name!r} has dtype {kind!r}; known are {', '.join(_DTYPES)}")
        if not _sizes(shape) or len(shape) > _MOST_AXES:
            _refuse(path, f"tensor {name!r} has no valid shape: {shape!r}"[:300])
        if not _sizes(span) or len(span) != 2 or not span[0] <= span[1] <= size:
            _refuse(
                path, f"tensor {name!r} lies at bytes {span!r} of {size}: the file is cut off"[:300]
            )
        dtype = np.dtype(_DTYPES[kind])
        needed = math.prod(shape) * dtype.itemsize
        if needed != span[1] - span[0]:
            _refuse(
                path,
                f"tensor {name!r} of shape {tuple(shape)} and dtype {dtype} needs {needed} bytes, "
                f"its place has {span[1] - span[0]}",
            )
        shapes[name], dtypes[name] = tuple(shape), dtype
        spans.append((span[0], span[1], name))
    end = 0
    for start, stop, name in sorted(spans):
        if start != end:
            _refuse(path, f"tensor {name!r} begins at byte {start}, the one before ends at {end}")
        end = stop
    if end != size:
        _refuse(path, f"its tensors take {end} bytes, the file holds {size}")
    return shapes, dtypes


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 1 << 63
        for item in value
    )


def _refuse(path: str, reason: str) -> NoReturn:
    raise ValueError(f"cannot read {path!r}: {reason}")
