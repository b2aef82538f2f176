"""CIFAR-10: 60,000 colour photographs of 32x32 pixels in ten classes.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. Read in the official
*binary* layout: a record is one label byte and 3072 pixel bytes (the red, green and blue planes,
row by row), a file holds 10,000 records. No pickle is involved.
"""

from __future__ import annotations

import gzip
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets._download import RemoteFile, cache_folder, exclusive, fetch

__all__ = ["CLASS_NAMES", "load_data", "read_batch"]

CLASS_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

_ARCHIVE = RemoteFile(
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    size=170_052_171,
    sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
)
_ARCHIVE_NAME = "cifar-10-binary.tar.gz"
_FOLDER_NAME = "cifar-10-batches-bin"
_FILES = (*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin")
_RECORD = 1 + 3 * 32 * 32
_RECORDS_PER_FILE = 10_000
_FILE_SIZE = _RECORDS_PER_FILE * _RECORD
_TRAINING = 5 * _RECORDS_PER_FILE

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data() -> tuple[Split, Split]:
    """Loads CIFAR-10, downloading it (170 MB) the first time.

    With ``FASTCNN_DATA_DIR`` set nothing is downloaded: that folder holds
    ``cifar-10-batches-bin``, or the six ``.bin`` files themselves, or ``cifar-10-binary.tar.gz``.
    Otherwise the data is kept in ``FASTCNN_CACHE_DIR`` (``~/.cache/fastcnn`` when unset).

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images ``(50000, 32, 32, 3)`` and
        ``(10000, 32, 32, 3)``, labels ``(50000, 1)`` and ``(10000, 1)``, all uint8.

    Raises:
        FileNotFoundError: ``FASTCNN_DATA_DIR`` is set and CIFAR-10 is not there.
        ConnectionError: The download failed; what came is kept and the next call goes on there.
        ValueError: A file is damaged or is not CIFAR-10 in its binary layout.
    """
    if chosen := os.environ.get("FASTCNN_DATA_DIR"):
        source = _find(Path(chosen).expanduser())
        fix = f"Copy it to {source} again"
    else:
        source = _download(cache_folder())
        fix = f"Remove {source} and load again: it is then downloaded afresh"

    images = np.empty((len(_FILES) * _RECORDS_PER_FILE, 32, 32, 3), np.uint8)
    labels = np.empty((len(images), 1), np.uint8)
    missing = set(_FILES)
    for name, content in _batches(source):
        if len(content) != _FILE_SIZE:
            raise ValueError(
                f"{source / name} is damaged: {len(content):,} bytes, expected {_FILE_SIZE:,}. "
                + fix
            )
        start = _FILES.index(name) * _RECORDS_PER_FILE
        here = slice(start, start + _RECORDS_PER_FILE)
        images[here], labels[here] = _decode(content, source / name)
        missing.remove(name)
    if missing:
        raise ValueError(f"{source} has no {', '.join(sorted(missing))}. {fix}")
    return (images[:_TRAINING], labels[:_TRAINING]), (images[_TRAINING:], labels[_TRAINING:])


def read_batch(path: str | os.PathLike[str]) -> Split:
    """Reads one file of the binary layout, with any whole number of records.

    Args:
        path: The file, such as ``data_batch_1.bin``.

    Returns:
        Images ``(records, 32, 32, 3)`` and labels ``(records, 1)``, both uint8.

    Raises:
        ValueError: The file does not consist of whole records, or has a label above 9.
    """
    images, labels = _decode(Path(path).read_bytes(), Path(path))
    return np.ascontiguousarray(images), labels.copy()


def _find(folder: Path) -> Path:
    """The folder of batch files or the archive that is in ``folder``."""
    for home in (folder / _FOLDER_NAME, folder):
        if any((home / name).exists() for name in _FILES):
            return home
    archive = folder / _ARCHIVE_NAME
    if not archive.exists():
        raise FileNotFoundError(
            f"no CIFAR-10 in FASTCNN_DATA_DIR={folder}: looked there for {_FOLDER_NAME}/, "
            f"{_FILES[0]} and {_ARCHIVE_NAME}. Put one of them there, or unset FASTCNN_DATA_DIR "
            "to download the data"
        )
    return archive


def _download(cache: Path) -> Path:
    """The folder of batch files in ``cache``, downloaded and unpacked if need be."""
    home = cache / _FOLDER_NAME
    if home.exists():
        return home
    cache.mkdir(parents=True, exist_ok=True)
    with exclusive(cache / f"{_FOLDER_NAME}.lock"):
        if home.exists():  # another process was faster
            return home
        archive = cache / _ARCHIVE_NAME
        if not archive.exists():  # else someone put it there by hand
            fetch(_ARCHIVE, archive)
        # Unpacked beside its place and renamed, so the folder is complete as soon as it exists.
        with tempfile.TemporaryDirectory(dir=cache) as scratch:
            unpacked = Path(scratch) / _FOLDER_NAME
            unpacked.mkdir()
            for name, content in _batches(archive):
                (unpacked / name).write_bytes(content)
            unpacked.rename(home)
        archive.unlink()
    return home


def _batches(source: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of each batch file there is in ``source``, a folder or an archive.

    Members of an archive with any other name are passed over, and nothing is unpacked to disk.
    """
    if source.is_dir():
        for name in _FILES:
            if (source / name).exists():
                yield name, (source / name).read_bytes()
        return
    wanted = {f"{_FOLDER_NAME}/{name}": name for name in _FILES}
    try:
        with tarfile.open(source, "r|gz") as archive:
            for member in archive:
                name = wanted.pop(member.name, "")
                # The size is looked at before the content is read: an archive can expand a lot.
                file = archive.extractfile(member) if name and member.size == _FILE_SIZE else None
                if file is not None:
                    yield name, file.read()
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise ValueError(
            f"{source} is damaged ({error}): remove it and download it again from {_ARCHIVE.url}"
        ) from error


def _decode(content: bytes, path: Path) -> Split:
    """Views of images and labels in whole records; ``path`` is for the error text."""
    if len(content) % _RECORD:
        raise ValueError(
            f"{path} is damaged: {len(content):,} bytes are not a whole number of CIFAR-10 "
            f"records of {_RECORD:,} bytes. Copy it again"
        )
    records = np.frombuffer(content, np.uint8).reshape(-1, _RECORD)
    labels = records[:, :1]
    if (labels > 9).any():
        first = int((labels > 9).argmax())
        raise ValueError(
            f"{path} is not CIFAR-10 in its binary layout: record {first} has label "
            f"{labels[first, 0]}, above 9. CIFAR-100 and the Python version have other layouts"
        )
    return records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), labels
