"""Files of named arrays and a JSON description, in the safetensors format.

Eight bytes with the length of a header (little-endian), the header (JSON, padded with spaces to a
multiple of eight), then the bytes of the arrays without gaps. The header has ``dtype``, ``shape``
and ``data_offsets`` of each array, and under ``__metadata__`` strings: ours are ``format``,
``description`` and ``sha256``. Arrays come in the order of the safetensors library, wider elements
first and then by name, so that each is aligned.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, NoReturn, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastcnn.atomic_file import read_into, replacing, write_at
from fastcnn.messages import shortened
from fastcnn.paths import AnyPath, open_regular
from fastcnn.saving.bounded_json import beyond_limits, parse_object

__all__ = ["Contents", "Source", "read_file", "write_file"]

Array = NDArray[Any]

# What the header may declare. A header of 64 MiB describes some 500,000 tensors.
_LARGEST_HEADER = 64 << 20
_MOST_TENSORS = 1_000_000
_MOST_AXES = 8
# Bytes that are read at once to compute a digest.
_CHUNK = 1 << 22

#: Names of dtypes, in the order in which their arrays are stored.
_DTYPES = {
    name: np.dtype(code)
    for name, code in [
        *(("U64", "<u8"), ("I64", "<i8"), ("F64", "<f8"), ("F32", "<f4"), ("U32", "<u4")),
        *(("I32", "<i4"), ("F16", "<f2"), ("U16", "<u2"), ("I16", "<i2"), ("I8", "|i1")),
        *(("U8", "|u1"), ("BOOL", "|b1")),
    ]
}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_ORDER = {name: number for number, name in enumerate(_DTYPES)}


class Stored(Protocol):
    """What holds an array that can be asked for later, as a Variable does."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its dtype."""

    def numpy(self) -> Array:
        """A copy of it."""


Source: TypeAlias = Array | Stored


class Contents:
    """An opened file: its description, and arrays that are read when asked for.

    A ``with`` block closes it. Who replaces the file meanwhile, as :func:`write_file` does, changes
    nothing here.

    Attributes:
        path: The file.
        description: The JSON data beside the arrays.
        shapes: Shape of each array by name.
        dtypes: NumPy dtype of each array by name.
    """

    def __init__(
        self,
        path: str,
        file: io.FileIO,
        state: tuple[int, int],
        description: dict[str, Any],
        tensors: dict[str, tuple[np.dtype[Any], tuple[int, ...], int]],
    ) -> None:
        self.path = path
        self.description = description
        self.dtypes = {name: dtype for name, (dtype, _, _) in tensors.items()}
        self.shapes = {name: shape for name, (_, shape, _) in tensors.items()}
        self._starts = {name: start for name, (_, _, start) in tensors.items()}
        self._file = file
        self._state = state

    def __enter__(self) -> Contents:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def arrays(self, names: list[str]) -> list[Array]:
        """The arrays of these names.

        Raises:
            ValueError: There is no such array, or the file was changed after it was opened.
        """
        found = [self._read(name) for name in names]
        self._check_unchanged()
        return found

    def _read(self, name: str) -> Array:
        if name not in self._starts:
            _refuse(self.path, f"tensor {name!r} is missing")
        array = np.empty(self.shapes[name], self.dtypes[name])
        raw = _bytes_of(array)
        if read_into(self._file, raw, self._starts[name]) < len(raw):
            _refuse(self.path, f"it was cut off while tensor {name!r} was read; load it again")
        if array.dtype == np.bool_ and (raw > 1).any():
            _refuse(self.path, f"tensor {name!r} has truth values other than 0 and 1")
        return array

    def digest(self, text: str) -> str:
        """SHA-256 of what is stored with a description of this text; needs little memory.

        Raises:
            ValueError: The file was changed after it was opened.
        """
        digest = hashlib.sha256(text.encode())
        buffer = np.empty(_CHUNK, np.uint8)
        for name in sorted(self.shapes):
            dtype, shape = self.dtypes[name], self.shapes[name]
            digest.update(_label(name, dtype, shape))
            start = self._starts[name]
            stop = start + math.prod(shape) * dtype.itemsize
            while start < stop:
                count = read_into(self._file, buffer[: stop - start], start)
                if count == 0:
                    _refuse(self.path, "it was cut off while it was read; load it again")
                digest.update(buffer[:count].data)
                start += count
        self._check_unchanged()
        return digest.hexdigest()

    def _check_unchanged(self) -> None:
        if _state(self._file) != self._state:
            _refuse(
                self.path,
                "something wrote into it while it was read; load it again when that is done",
            )


def write_file(
    path: AnyPath,
    description: Mapping[str, Any],
    arrays: Mapping[str, Source],
    *,
    overwrite: bool = True,
) -> None:
    """Write arrays and a description.

    The file appears at once: whoever reads meanwhile, and whoever comes after a crash, finds the
    old file or the new one, never a part. A symbolic link is followed. Of what holds an array one
    copy is made at a time.

    Args:
        path: The file.
        description: JSON data.
        arrays: Arrays, or what holds them, by name.
        overwrite: Whether an existing file may be replaced.

    Raises:
        FileExistsError: There is a file and ``overwrite`` is False.
        FileNotFoundError: The folder does not exist.
        OSError: The file system refuses, as on a full disk; has ``errno`` and ``filename``.
        ValueError: The description is larger than :func:`read_file` allows, an array is of no
            dtype that is stored, or ``path`` is a device or a FIFO.
    """
    path = os.fsdecode(path)
    text = json.dumps(description, allow_nan=True, separators=(",", ":"))
    if reason := beyond_limits(text.encode()):
        raise ValueError(f"cannot save {path!r}: its description {reason}")
    entries, size = _entries(path, arrays)
    # As long as the digest that takes its place.
    start = len(_header(path, text, "0" * 64, entries))
    with replacing(path, start + size, overwrite=overwrite) as handle:
        digest = hashlib.sha256(text.encode())
        for name in sorted(arrays):
            entry = entries[name]
            array = _array(arrays[name], _DTYPES[entry["dtype"]])
            if list(array.shape) != entry["shape"]:
                raise ValueError(f"cannot save {path!r}: array {name!r} changed its shape")
            raw = _bytes_of(array)
            digest.update(_label(name, array.dtype, array.shape))
            digest.update(raw.data)
            write_at(handle, raw, start + entry["data_offsets"][0])
        write_at(handle, _header(path, text, digest.hexdigest(), entries), 0)


def _entries(path: str, arrays: Mapping[str, Source]) -> tuple[dict[str, dict[str, Any]], int]:
    """What the header says about each array, in the order of the file, and the size of all."""
    kinds = {}
    for name, array in arrays.items():
        shape, dtype = tuple(array.shape), np.dtype(array.dtype).newbyteorder("<")
        if dtype not in _NAMES or len(shape) > _MOST_AXES:
            raise ValueError(
                f"cannot save {path!r}: array {name!r} is {dtype} with {len(shape)} axes; expected "
                f"at most {_MOST_AXES} axes and one of {', '.join(map(str, _NAMES))}"
            )
        if name == "__metadata__" or not _is_unicode(name):
            raise ValueError(f"cannot save {path!r}: no array can be called {name!r}; rename it")
        kinds[name] = (_NAMES[dtype], shape, math.prod(shape) * dtype.itemsize)
    entries: dict[str, dict[str, Any]] = {}
    end = 0
    # By name as the library compares it: byte by byte.
    for name in sorted(kinds, key=lambda name: (_ORDER[kinds[name][0]], name.encode())):
        kind, shape, size = kinds[name]
        entries[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    return entries, end


def _header(path: str, text: str, digest: str, entries: Mapping[str, Any]) -> bytes:
    """What stands before the data, its length included."""
    metadata = {"format": "fastcnn", "description": text, "sha256": digest}
    header = json.dumps(
        {"__metadata__": metadata, **entries}, ensure_ascii=False, separators=(",", ":")
    ).encode()
    length = -(-len(header) // 8) * 8
    if length > _LARGEST_HEADER or len(entries) > _MOST_TENSORS:
        raise ValueError(
            f"cannot save {path!r}: its description and the names of its {len(entries)} "
            f"arrays take {length} bytes; at most {_LARGEST_HEADER}, and {_MOST_TENSORS} "
            "arrays, can be read again. Large constants are better weights"
        )
    return length.to_bytes(8, "little") + header.ljust(length)


def _array(source: Source, dtype: np.dtype[Any]) -> Array:
    array = source.numpy() if not isinstance(source, np.ndarray | np.generic) else source
    return np.asarray(array, dtype, order="C")


def _bytes_of(array: Array) -> NDArray[np.uint8]:
    """The memory of an array in one piece, without a copy."""
    return array.reshape(-1).view(np.uint8)


def _label(name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> bytes:
    """What the digest covers of an array beside its bytes."""
    return f"\0{name}\0{dtype.str}\0{shape}\0".encode()


def read_file(path: AnyPath, *, verify: bool = False) -> Contents:
    """Open a file of :func:`write_file`.

    Everything that its header declares is compared with the bytes that are there before any of
    it is used.

    Args:
        path: The file.
        verify: Whether to compare all bytes with the SHA-256 digest that was stored.

    Returns:
        Its contents, to be closed by a ``with`` block.

    Raises:
        FileNotFoundError: There is none.
        IsADirectoryError: It is a folder.
        ValueError: It is damaged or not one of ours; says what is wrong.
    """
    path = os.fsdecode(path)
    file = open_regular(path)
    try:
        return _opened(path, file, verify)
    except BaseException:
        file.close()
        raise


def _opened(path: str, file: io.FileIO, verify: bool) -> Contents:
    state = size, _ = _state(file)
    start = bytearray(8)
    if read_into(file, start, 0) < 8:
        _refuse(path, f"it has {size} bytes; even an empty one has more")
    length = int.from_bytes(start, "little")
    if length > min(size - 8, _LARGEST_HEADER):
        _refuse(
            path,
            _foreign(bytes(start))
            or f"its header is said to have {length} bytes, but the file has {size} in all and a "
            f"header at most {_LARGEST_HEADER}: it is damaged, or no model file",
        )
    raw = bytearray(length)
    if read_into(file, raw, 8) < length:
        _refuse(path, "it was cut off while it was read; load it again")
    header = _json(path, bytes(raw), "header", finite=True)
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or metadata.get("format") != "fastcnn":
        _refuse(path, "it is a safetensors file, but not one that fastcnn wrote")
    if not raw.startswith(b"{"):
        _refuse(path, "its header must begin with a brace, as safetensors has it")
    if not all(isinstance(value, str) for value in metadata.values()):
        _refuse(path, "its __metadata__ must hold strings only, as safetensors has it")
    tensors = dict(_checked_tensors(path, header, size - 8 - length, 8 + length))
    text = metadata.get("description")
    if not isinstance(text, str):
        _refuse(path, "it has no description")
    if not _is_unicode(text):
        _refuse(path, "its description is not valid Unicode")
    contents = Contents(path, file, state, _json(path, text.encode(), "description"), tensors)
    if verify and contents.digest(text) != metadata.get("sha256"):
        _refuse(path, "its contents do not match the SHA-256 digest stored with them")
    return contents


def _state(file: io.FileIO) -> tuple[int, int]:
    """What of a file changes when something writes into it."""
    found = os.fstat(file.fileno())
    return found.st_size, found.st_mtime_ns


def _json(path: str, raw: bytes, what: str, *, finite: bool = False) -> dict[str, Any]:
    try:
        return parse_object(raw, finite=finite)
    except ValueError as error:
        _refuse(path, f"its {what} {error}")


def _checked_tensors(
    path: str, header: dict[str, Any], size: int, begin: int
) -> Iterator[tuple[str, tuple[np.dtype[Any], tuple[int, ...], int]]]:
    """Dtype, shape and place of each tensor, after comparing every declared size with the ``size``
    bytes of data that begin at byte ``begin``.
    """
    if len(header) > _MOST_TENSORS:
        _refuse(path, f"it declares {len(header)} tensors; at most {_MOST_TENSORS} are allowed")
    spans = []
    for name, entry in header.items():
        if not _is_unicode(name):
            _refuse(path, f"its header has the name {name!r}, which is not valid Unicode")
        if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
            _refuse(path, f"tensor {name!r} is not described by dtype, shape and data_offsets")
        kind, shape, span = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(kind, str) or kind not in _DTYPES:
            _refuse(
                path,
                f"tensor {name!r} has dtype {kind!r:.100}; known are {', '.join(sorted(_DTYPES))}",
            )
        if not _sizes(shape) or len(shape) > _MOST_AXES:
            _refuse(path, f"tensor {name!r} has no valid shape: {shape!r}"[:300])
        if not _sizes(span) or len(span) != 2 or not span[0] <= span[1] <= size:
            _refuse(
                path, f"tensor {name!r} lies at bytes {span!r} of {size}: the file is cut off"[:300]
            )
        dtype = _DTYPES[kind]
        needed = math.prod(shape) * dtype.itemsize
        if needed != span[1] - span[0]:
            _refuse(
                path,
                f"tensor {name!r} of shape {tuple(shape)} and dtype {dtype} needs {needed} bytes, "
                f"its place has {span[1] - span[0]}",
            )
        spans.append((span[0], span[1], name))
        yield name, (dtype, tuple(shape), begin + span[0])
    end = 0
    for start, stop, name in sorted(spans):
        if start != end:
            _refuse(path, f"tensor {name!r} begins at byte {start}, the one before ends at {end}")
        end = stop
    if end != size:
        _refuse(path, f"its tensors take {end} bytes, the file holds {size}")


def _is_unicode(text: str) -> bool:
    """Whether it has no half of a surrogate pair, which JSON can spell and UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sizes(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 1 << 63
        for item in value
    )


#: How files of other kinds begin that people take for models.
_BEGINNINGS = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"%PDF": "a PDF document",
    b"\x89HDF": "an HDF5 file, as Keras wrote",
    b"PK\x03\x04": "a ZIP archive, such as a .keras or .pt file",
    b"\x1f\x8b": "a gzip archive",
}


def _foreign(start: bytes) -> str:
    """What a file is that begins so, if it is of a known other kind."""
    for beginning, kind in _BEGINNINGS.items():
        if start.startswith(beginning):
            return f"it is {kind}, no model file"
    return ""


def _refuse(path: str, reason: str) -> NoReturn:
    raise ValueError(f"cannot read {path!r}: {shortened(reason)}")
