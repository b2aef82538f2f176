"""Files in MNIST's IDX layout, and data sets of four of them.

IDX: two zero bytes, a byte for the type, a byte for the number of axes, their sizes as big-endian
32-bit integers, then the values.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import math
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets._download import RemoteFile, cache_folder, exclusive, fetch
from fastcnn.paths import AnyPath, open_regular

__all__ = ["IdxSet", "Part", "load", "read_idx"]

_GZIP = b"\x1f\x8b"
_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
#: An archive expands a lot; nobody's IDX file is larger.
_MOST_BYTES = 1 << 33


@dataclass(frozen=True)
class Part:
    """One of the four files: its official name, shape, and MD5 of what is in it."""

    name: str
    shape: tuple[int, ...]
    md5: str
    remote: RemoteFile


@dataclass(frozen=True)
class IdxSet:
    """A data set of four IDX files: images and labels for training, then for testing.

    Attributes:
        name: For messages.
        folders: What a folder with its files may be called; the first is its name in the cache.
        parts: The files.
    """

    name: str
    folders: tuple[str, ...]
    parts: tuple[Part, Part, Part, Part]


def read_idx(path: AnyPath) -> NDArray[Any]:
    """Reads one IDX file, compressed by gzip or not; its content tells which, not its name.

    Args:
        path: The file.

    Returns:
        Its values in their shape and type, in the byte order of this machine.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: It is not an IDX file, or is damaged; says how.
    """
    file = Path(os.fsdecode(path))
    return _parse(_content(file), file)


def _content(path: Path) -> bytes:
    with io.BufferedReader(open_regular(path)) as file:
        content = file.read(_MOST_BYTES + 1)
    try:
        if content.startswith(_GZIP):
            with gzip.open(io.BytesIO(content)) as unpacked:
                content = unpacked.read(_MOST_BYTES + 1)
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(
            f"{path} is damaged: it cannot be unpacked ({error}). Copy it again"
        ) from (error)
    if len(content) > _MOST_BYTES:
        raise ValueError(f"{path} has more than {_MOST_BYTES:,} bytes, unpacked, which is refused")
    return content


def _parse(content: bytes, path: Path) -> NDArray[Any]:
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in _TYPES:
        raise ValueError(
            f"{path} is not an IDX file: it begins with {content[:4]!r}, expected two zero bytes, "
            "a type from 8 to 14 and the number of axes"
        )
    start = 4 + 4 * content[3]
    if len(content) < start:
        raise ValueError(f"{path} is damaged: it ends inside its header. Copy it again")
    shape = tuple(np.frombuffer(content, ">u4", content[3], 4).tolist())
    dtype = np.dtype(_TYPES[content[2]])
    size = start + math.prod(shape) * dtype.itemsize
    if len(content) != size:
        raise ValueError(
            f"{path} is damaged: {len(content):,} bytes, expected {size:,} for values of shape "
            f"{shape}. Copy it again"
        )
    values = np.frombuffer(content, dtype, offset=start).reshape(shape)
    return values.astype(dtype.newbyteorder("="))  # a copy, which may be written to


def load(which: IdxSet) -> tuple[tuple[NDArray[Any], ...], tuple[NDArray[Any], ...]]:
    """Images and labels for training and for testing, downloaded if need be.

    Raises:
        FileNotFoundError: ``FASTCNN_DATA_DIR`` is set and the data set is not there.
        ConnectionError: The download failed; what came is kept and the next call goes on there.
        ValueError: A file is damaged.
    """
    if chosen := os.environ.get("FASTCNN_DATA_DIR"):
        found = _find(which, Path(chosen).expanduser())
    else:
        home = _download(which, cache_folder())
        found = [_read_part(part, home / part.name) for part in which.parts]
    return (found[0], found[1]), (found[2], found[3])


def _read_part(part: Part, path: Path) -> NDArray[Any]:
    content = _content(path)
    values = _parse(content, path)
    if _md5(content) != part.md5:
        raise ValueError(
            f"{path} is damaged: what is in it has the MD5 {_md5(content)}, expected {part.md5}. "
            "Remove it and load again: it is then downloaded afresh"
        )
    return values


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _find(which: IdxSet, folder: Path) -> list[NDArray[Any]]:
    """The four parts among the files of a folder, by what is in them."""
    wanted = {part.md5: index for index, part in enumerate(which.parts)}
    found: dict[int, NDArray[Any]] = {}
    reasons: list[str] = []
    homes = [home for name in which.folders if (home := folder / name).is_dir()]
    for path in _candidates([*homes, folder]):
        try:
            content = _content(path)
            values = _parse(content, path)
        except ValueError as error:
            reasons.append(str(error))
            continue
        index = wanted.get(_md5(content))
        if index is not None:
            found.setdefault(index, values)
        elif path.parent in homes:
            reasons.append(f"{path} holds other values {values.shape} than {which.name}")
        if len(found) == len(which.parts):
            return [found[index] for index in range(len(which.parts))]
    missing = [part.name for index, part in enumerate(which.parts) if index not in found]
    text = (
        f"no {which.name} in FASTCNN_DATA_DIR={folder}: looked there and in "
        f"{which.folders[0]}/ for IDX files with the content of {', '.join(missing)}, under any "
        "name, compressed by gzip or not"
    )
    if reasons:
        raise ValueError(f"{text}. {'; '.join(reasons[:4])}")
    raise FileNotFoundError(f"{text}. Put them there, or unset FASTCNN_DATA_DIR to download them")


def _candidates(homes: list[Path]) -> Iterator[Path]:
    """Files that are IDX or compressed; archives of other things are passed over."""
    for home in homes:
        for path in sorted(home.iterdir()) if home.is_dir() else []:
            if not path.is_file() or path.name.startswith("."):
                continue
            with path.open("rb") as file:
                head = file.read(4)
            packed = head[:2] == _GZIP and (path.suffix == ".gz" and ".tar" not in path.name)
            named = "ubyte" in path.name or "idx" in path.name
            if packed or named or (head[:2] == b"\0\0" and len(head) == 4 and head[2] in _TYPES):
                yield path


def _download(which: IdxSet, cache: Path) -> Path:
    """The folder of the four files in ``cache``, downloaded if need be."""
    home = cache / which.folders[0]
    if home.exists():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / f"{which.folders[0]}.lock"):
        if home.exists():  # another process was faster
            return home
        parts = cache / f"{which.folders[0]}.parts"
        parts.mkdir(exist_ok=True)
        for part in which.parts:
            if not (parts / part.name).exists():
                fetch(part.remote, parts / part.name)
        # Renamed at the end, so the folder is complete as soon as it exists.
        parts.rename(home)
    return home
