"""Decoded pictures in one file that is mapped into memory, so that each is decoded once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastcnn.atomic_file import replacing
from fastcnn.datasets._decode import Form

__all__ = ["PixelCache", "cache_key", "make_room", "open_cache"]

_VERSION = 2  # goes up when a file is decoded to other pixels than before
_PAGE = 4096
_SUFFIX = ".pixels"


def cache_key(files: Sequence[str], form: Form) -> str:
    """A name for the pixels of these files in this form: other sizes or times give another."""
    digest = hashlib.sha256(json.dumps([_VERSION, asdict(form)]).encode())
    for path in files:
        status = os.stat(path)
        entry = f"{os.path.abspath(path)}\0{status.st_size}\0{status.st_mtime_ns}\n"
        digest.update(entry.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()[:32]


class PixelCache:
    """Room for the pixels of a fixed number of pictures.

    The file has a checksum for each picture, zero while it is absent, and then the pixels. A
    picture is written before its checksum, and compared with it when it is first read, so the file
    may be left at any moment and shared by several processes.

    Args:
        path: The file; it appears complete, or is taken as it is.
        count: Number of pictures.
        shape: Of one picture.

    Raises:
        OSError: The file cannot be made.
    """

    def __init__(self, path: Path, count: int, shape: tuple[int, int, int]) -> None:
        self._count, self._size = count, int(np.prod(shape))
        self._start = -(-4 * count // _PAGE) * _PAGE
        total = self._start + count * self._size
        if not path.exists() or path.stat().st_size != total:
            _make(path, total)
        self._file = os.open(path, os.O_RDWR)
        os.utime(path)  # what was used last is removed last
        if os.fstat(self._file).st_size != total:
            os.close(self._file)
            raise OSError(f"{path} has another size than it should")
        self._checked = np.zeros(count, bool)
        self._full = False

    def holds(self, index: int) -> bool:
        """Whether a picture was written."""
        return bool(self._sum(index))

    def _sum(self, index: int) -> int:
        """The checksum of a picture, 0 while it is absent.

        It is read, not mapped: a file that another process cuts off ends no process.
        """
        return int.from_bytes(os.pread(self._file, 4, 4 * index), sys.byteorder)

    def read(self, index: int, out: NDArray[np.uint8]) -> bool:
        """Copy a picture to ``out`` if it is there."""
        expected = self._sum(index)
        if not expected:
            return False
        pixels = out if out.flags.c_contiguous else np.empty(out.shape, np.uint8)
        view = pixels.reshape(-1).data
        if os.preadv(self._file, [view], self._start + index * self._size) != self._size:
            return False
        if not self._checked[index]:
            if _checksum(pixels) != expected:
                return False
            self._checked[index] = True
        if pixels is not out:
            np.copyto(out, pixels)
        return True

    def write(self, index: int, pixels: NDArray[np.uint8]) -> None:
        """Keep a picture; a full disk ends the keeping with a warning."""
        if self._full:
            return
        content = np.ascontiguousarray(pixels)
        checksum = np.uint32(_checksum(content)).tobytes()
        try:
            # write() may stop early when the disk is full, and only the next one says so.
            done, at = 0, self._start + index * self._size
            view = content.data.cast("B")
            while done < self._size:
                done += os.pwrite(self._file, view[done:], at + done)
            os.pwrite(self._file, checksum, 4 * index)
        except OSError as error:
            self._full = True
            warnings.warn(
                f"decoded pictures are no longer kept ({error}): every epoch decodes the rest "
                "again. Free some disk space, or give cache=False",
                stacklevel=2,
            )

    def filled(self) -> int:
        """Number of pictures that are there."""
        sums = np.frombuffer(os.pread(self._file, 4 * self._count, 0), np.uint32)
        return int(np.count_nonzero(sums))

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            with contextlib.suppress(OSError):
                os.close(self._file)


def _make(path: Path, total: int) -> None:
    """A file of zeros, which takes room on disk only where it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, total) as handle:
        os.ftruncate(handle, total)


def make_room(folder: Path, needed: int, limit: int, keep: Path) -> None:
    """Remove caches that were used longest ago, until ``needed`` bytes more stay below a limit."""
    found = []
    for path in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            status = path.stat()
            if path != keep:
                found.append((status.st_mtime, 512 * status.st_blocks, path))
    total = needed + sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= limit:
            return
        path.unlink(missing_ok=True)
        total -= size


def open_cache(
    folder: Path, files: Sequence[str], form: Form, limit: int
) -> tuple[PixelCache | None, str]:
    """The cache of some pictures, and why there is none.

    Args:
        folder: Where caches are kept.
        files: The pictures.
        form: What they are brought to.
        limit: Bytes that all caches in the folder may take.
    """
    needed = len(files) * (int(np.prod(form.shape)) + 4)
    if needed > limit:
        return None, (
            f"decoded they take {needed / 1e9:.1f} GB, more than the cache's {limit / 1e9:.1f} GB: "
            "every epoch decodes them again; cache_bytes= allows more"
        )
    path = folder / f"{cache_key(files, form)}{_SUFFIX}"
    try:
        make_room(folder, needed, limit, path)
        return PixelCache(path, len(files), form.shape), ""
    except OSError as error:
        return None, f"no cache ({error}): every epoch decodes them again"


def _checksum(pixels: NDArray[np.uint8]) -> int:
    return zlib.crc32(np.ascontiguousarray(pixels).data.cast("B")) or 1
