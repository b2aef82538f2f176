"""What CIFAR-10 and CIFAR-100 share: records of label bytes and three planes of 32x32 pixels."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets._download import RemoteFile, cache_folder, exclusive, fetch
from fastcnn.paths import named_errors, open_regular

__all__ = ["Arrays", "Layout", "decode", "load"]

Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]

_PIXELS = 3 * 32 * 32
# Bytes of a data file; the largest official one has 154 million.
_LARGEST = 1 << 30


@dataclass(frozen=True)
class Layout:
    """One of the two data sets in its official binary layout.

    Attributes:
        name: For messages.
        archive: Where the archive is and what it must be.
        archive_name: Its file name.
        folder: Name of the folder in it.
        files: Records of each file by its name, training files first.
        training: Records for training; the rest is for testing.
        label_bounds: For each label byte of a record the number of classes.
    """

    name: str
    archive: RemoteFile
    archive_name: str
    folder: str
    files: dict[str, int]
    training: int
    label_bounds: tuple[int, ...]

    @property
    def record(self) -> int:
        """Bytes of a record."""
        return len(self.label_bounds) + _PIXELS


def load(layout: Layout) -> tuple[Arrays, Arrays]:
    """Images and all label bytes for training and for testing, downloaded if need be.

    Raises:
        FileNotFoundError: ``FASTCNN_DATA_DIR`` is set and the data set is not there.
        ConnectionError: The download failed; what came is kept and the next call goes on there.
        ValueError: A file is damaged or has another layout.
    """
    if chosen := os.environ.get("FASTCNN_DATA_DIR"):
        source = _find(layout, Path(chosen).expanduser())
        fix = f"Copy it to {source} again"
    else:
        source = _download(layout, cache_folder())
        fix = f"Remove {source} and load again: it is then downloaded afresh"

    images = np.empty((sum(layout.files.values()), 32, 32, 3), np.uint8)
    labels = np.empty((len(images), len(layout.label_bounds)), np.uint8)
    starts = dict(zip(layout.files, np.cumsum([0, *layout.files.values()]).tolist(), strict=False))
    missing = set(layout.files)
    for name, content in _contents(layout, source):
        size = layout.files[name] * layout.record
        if len(content) != size:
            raise ValueError(
                f"{source / name} is damaged: {len(content):,} bytes, expected {size:,}. {fix}"
            )
        here = slice(starts[name], starts[name] + layout.files[name])
        images[here], labels[here] = decode(layout, content, source / name)
        missing.remove(name)
    if missing:
        raise ValueError(f"{source} has no {', '.join(sorted(missing))}. {fix}")
    cut = layout.training
    return (images[:cut], labels[:cut]), (images[cut:], labels[cut:])


def decode(layout: Layout, content: bytes, path: Path) -> Arrays:
    """Views of images and label bytes in whole records; ``path`` is for the error text.

    Raises:
        ValueError: There is a part of a record, or a label that is too large.
    """
    if len(content) % layout.record:
        raise ValueError(
            f"{path} is damaged: {len(content):,} bytes are not a whole number of {layout.name} "
            f"records of {layout.record:,} bytes. Copy it again"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, layout.record)
    labels = records[:, : len(layout.label_bounds)]
    wrong = labels >= np.array(layout.label_bounds)
    if wrong.any():
        first, column = np.unravel_index(wrong.argmax(), wrong.shape)
        raise ValueError(
            f"{path} is not {layout.name} in its binary layout: record {first} has label "
            f"{labels[first, column]}, above {layout.label_bounds[column] - 1}. The other CIFAR "
            "and the Python version have other layouts"
        )
    pixels = records[:, len(layout.label_bounds) :]
    return pixels.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels


def _find(layout: Layout, folder: Path) -> Path:
    """The folder of data files or the archive that is in ``folder``."""
    for home in (folder / layout.folder, folder):
        if any((home / name).exists() for name in layout.files):
            return home
    archive = folder / layout.archive_name
    if not archive.exists():
        raise FileNotFoundError(
            f"no {layout.name} in FASTCNN_DATA_DIR={folder}: looked there for {layout.folder}/, "
            f"{next(iter(layout.files))} and {layout.archive_name}. Put one of them there, or "
            "unset FASTCNN_DATA_DIR to download the data"
        )
    return archive


def _download(layout: Layout, cache: Path) -> Path:
    """The folder of data files in ``cache``, downloaded and unpacked if need be."""
    home = cache / layout.folder
    if home.exists():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / f"{layout.folder}.lock"):
        if home.exists():  # another process was faster
            return home
        archive = cache / layout.archive_name
        if not archive.exists():  # else someone put it there by hand
            fetch(layout.archive, archive)
        # Unpacked beside its place and renamed, so the folder is complete as soon as it exists.
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            unpacked = Path(scratch) / layout.folder
            unpacked.mkdir()
            for name, content in _contents(layout, archive):
                with named_errors(home):
                    (unpacked / name).write_bytes(content)
            unpacked.rename(home)
        archive.unlink()
    return home


def content_of(path: Path) -> bytes:
    """The bytes of a data file.

    Raises:
        ValueError: It is larger than any that there is, or no regular file.
    """
    with io.BufferedReader(open_regular(path)) as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError(f"{path} has more than {_LARGEST:,} bytes, so it is no such file")
    return content


def _most_bytes(layout: Layout) -> int:
    """What an archive may unpack to: the files, and as much again for what is beside them."""
    return 2 * sum(layout.files.values()) * layout.record + (1 << 20)


class _Bounded:
    """A file that ends with an error where it is longer than it may be.

    A few MB can be packed from terabytes, and headers of a tar archive announce their own length.
    """

    def __init__(self, file: Any, most: int, path: Path) -> None:
        self._file = file
        self._left = most
        self._path = path

    def read(self, size: int) -> bytes:
        if size > self._left:
            raise ValueError(f"{self._path} unpacks to more than it should: download it again")
        content: bytes = self._file.read(size)
        self._left -= len(content)
        return content


def _contents(layout: Layout, source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each data file there is in ``source``, a folder or an archive.

    Members of an archive with any other name are passed over, and nothing is unpacked to disk.
    """
    if source.is_dir():
        for name in layout.files:
            if (source / name).exists():
                with io.BufferedReader(open_regular(source / name)) as file:
                    # One byte too many is enough to see that it is another file.
                    most = layout.files[name] * layout.record + 1
                    yield name, file.read(most)
        return
    wanted = {f"{layout.folder}/{name}": name for name in layout.files}
    try:
        with (
            io.BufferedReader(open_regular(source)) as packed,
            gzip.open(packed) as unpacked,
            tarfile.open(
                fileobj=cast(Any, _Bounded(unpacked, _most_bytes(layout), source)), mode="r|"
            ) as archive,
        ):
            for member in archive:
                name = wanted.pop(member.name, "")
                # The size is looked at before the content is read: an archive can expand a lot.
                fits = bool(name) and member.size == layout.files[name] * layout.record
                content = archive.extractfile(member) if fits and member.isfile() else None
                if content is not None:
                    yield name, content.read()
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(
            f"{source} is damaged ({error}): remove it and download it again from "
            f"{layout.archive.url}"
        ) from error
