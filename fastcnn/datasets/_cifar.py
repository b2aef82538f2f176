"""What CIFAR-10 and CIFAR-100 share: records of label bytes and three planes of 32x32 pixels."""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets._download import RemoteFile, cache_folder, exclusive, fetch
from fastcnn.paths import named_errors

__all__ = ["Arrays", "Layout", "decode", "load"]

Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]

_PIXELS = 3 * 32 * 32


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


def _contents(layout: Layout, source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each data file there is in ``source``, a folder or an archive.

    Members of an archive with any other name are passed over, and nothing is unpacked to disk.
    """
    if source.is_dir():
        for name in layout.files:
            if (source / name).exists():
                yield name, (source / name).read_bytes()
        return
    wanted = {f"{layout.folder}/{name}": name for name in layout.files}
    try:
        with tarfile.open(source, "r|gz") as archive:
            for member in archive:
                name = wanted.pop(member.name, "")
                # The size is looked at before the content is read: an archive can expand a lot.
                fits = bool(name) and member.size == layout.files[name] * layout.record
                file = archive.extractfile(member) if fits else None
                if file is not None:
                    yield name, file.read()
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(
            f"{source} is damaged ({error}): remove it and download it again from "
            f"{layout.archive.url}"
        ) from error
