"""What names a file or a folder, and how a file is opened."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

__all__ = ["AnyPath", "kind_of", "named_errors", "open_regular"]

#: What :func:`os.fsdecode` takes; every function that takes a path takes each of these.
AnyPath: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]


@contextmanager
def named_errors(path: AnyPath) -> Iterator[None]:
    """Inside the block errors of the file system say which file they are about.

    A failing ``open`` does that by itself; a failing write, as on a full disk, does not.
    """
    try:
        yield
    except OSError as error:
        if error.filename is None and error.errno is not None:
            error.filename = os.fsdecode(path)
        raise


_KINDS = {
    stat.S_IFIFO: "a FIFO (named pipe)",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
}


def kind_of(found: os.stat_result) -> str:
    """What a file is that is no regular one, for messages."""
    return _KINDS.get(stat.S_IFMT(found.st_mode), "no file")


def open_regular(path: AnyPath) -> io.FileIO:
    """Open a file for reading, without waiting for a writer as a FIFO would.

    Raises:
        FileNotFoundError: There is none.
        IsADirectoryError: It is a folder.
        ValueError: It is a device or a FIFO.
    """
    path = os.fsdecode(path)
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode):
            raise IsADirectoryError(errno.EISDIR, "is a folder; name the file in it", path)
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(
                f"cannot read {path!r}: it is {kind_of(found)}, expected a regular file; copy its "
                "contents into one first"
            )
        return io.FileIO(handle)
    except BaseException:
        os.close(handle)
        raise
