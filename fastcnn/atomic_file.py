"""Files that appear whole or not at all, and files read with ordinary reads and nothing else."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import io
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastcnn.paths import AnyPath, kind_of

__all__ = ["read_into", "remove_leftovers", "replacing", "write_at"]

# Between two writes of so many bytes Ctrl-C is answered.
_MOST_AT_ONCE = 1 << 26
#: Of a name in a folder, in bytes.
_LONGEST_NAME = 255


@contextmanager
def replacing(path: AnyPath, size: int, *, overwrite: bool = True) -> Iterator[int]:
    """Make a file that takes the place of ``path`` when the ``with`` block ends without an error.

    The block writes to the descriptor that it gets, with :func:`write_at`. Until it ends, and if
    it fails or the machine stops, ``path`` is what it was. Symbolic links are followed: what they
    point to is replaced. A replaced file passes on its permission bits.

    Args:
        path: The file.
        size: Bytes that will be written, for messages.
        overwrite: Whether an existing file may be replaced.

    Raises:
        FileExistsError: There is a file and ``overwrite`` is False.
        FileNotFoundError: The folder does not exist.
        IsADirectoryError: ``path`` is a folder.
        ValueError: It is a device, a FIFO or a socket.
        OSError: The file system refuses, as on a full disk; has ``errno`` and ``filename``.
    """
    path = os.fsdecode(path)
    target, mode = _target(path, overwrite)
    folder = os.path.dirname(target)
    temporary, handle = None, -1
    try:
        remove_leftovers(target)
        temporary, handle = _create(target, 0o666 if mode is None else mode & 0o600)
        yield handle
        if mode is not None:
            os.fchmod(handle, mode)
        os.fsync(handle)
        os.replace(temporary, target)
    except BaseException as error:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
        if isinstance(error, OSError) and error.errno is not None:
            raise OSError(error.errno, _explained(error.errno, size, folder), path) from error
        raise
    finally:
        if handle >= 0:
            os.close(handle)
    _sync_folder(folder)


def _target(path: str, overwrite: bool) -> tuple[str, int | None]:
    """Which file a path stands for, and its permission bits if it exists."""
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(
            f"cannot save {path!r}: there is no folder {folder!r}; make it first"
        )
    if os.path.isdir(path) or not os.path.basename(path):
        raise IsADirectoryError(f"cannot save {path!r}: it is a folder; give the name of a file")
    try:
        found = os.stat(path)
    except FileNotFoundError:
        found = None
    if found is not None and not stat.S_ISREG(found.st_mode):
        raise ValueError(
            f"cannot save {path!r}: it is {kind_of(found)}, and only a regular file can be "
            "replaced; give another name"
        )
    if found is not None and not overwrite:
        raise FileExistsError(f"{path!r} is there already; save with overwrite=True to replace it")
    target = os.path.realpath(path)
    if not os.path.isdir(os.path.dirname(target)):
        raise FileNotFoundError(
            f"cannot save {path!r}: it is a link to {target!r}, and there is no folder "
            f"{os.path.dirname(target)!r}; make it first"
        )
    return target, None if found is None else found.st_mode & 0o777


def _stem(target: str) -> str:
    """What the names of temporary files for a target begin with."""
    name = os.path.basename(target)
    spare = len(".") + len(f".{secrets.token_hex(6)}.tmp")
    if len(os.fsencode(name)) + spare > _LONGEST_NAME:
        name = hashlib.sha256(os.fsencode(name)).hexdigest()
    return f".{name}."


def _create(target: str, mode: int) -> tuple[str, int]:
    """A new temporary file beside the target, locked as long as it is open.

    The lock tells :func:`remove_leftovers`, here and in other processes, that someone writes it.
    """
    while True:
        temporary = os.path.join(
            os.path.dirname(target), f"{_stem(target)}{secrets.token_hex(6)}.tmp"
        )
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(handle, fcntl.LOCK_EX)
            removed = not os.path.exists(temporary)
        except BaseException:
            os.close(handle)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary)
            raise
        if not removed:
            return temporary, handle
        os.close(handle)  # it was taken for a leftover before it was locked


def remove_leftovers(path: AnyPath) -> None:
    """Remove temporary files of processes that were killed while they wrote ``path``."""
    target = os.path.realpath(os.fsdecode(path))
    folder = os.path.dirname(target)
    pattern = re.compile(re.escape(_stem(target)) + r"[0-9a-f]{12}\.tmp")
    with contextlib.suppress(OSError):  # saving does not depend on it
        for name in os.listdir(folder):
            if pattern.fullmatch(name):
                _remove_unlocked(os.path.join(folder, name))


def _remove_unlocked(path: str) -> None:
    with contextlib.suppress(OSError):  # someone writes it, or removed it just now
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
        finally:
            os.close(handle)


def _explained(number: int, size: int, folder: str) -> str:
    """What an error of the file system means for saving, and what helps."""
    reason = os.strerror(number)
    if number in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"{reason}: cannot save {size} bytes beside the file that they replace; free as many "
            f"in {folder!r}, or save elsewhere"
        )
    if number == errno.EFBIG:
        return (
            f"{reason}: cannot save {size} bytes; raise the limit on the size of files "
            "(ulimit -f), or save to another file system"
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{reason}: cannot save; the folder {folder!r} must be writable, or save elsewhere"
    return f"{reason}: cannot save"


def _sync_folder(folder: str) -> None:
    """Make the new name last; the file is complete and in its place already."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:  # a folder may be writable without being readable
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that cannot
            raise
    finally:
        os.close(handle)


def write_at(handle: int, data: Any, offset: int) -> None:
    """Write all of a buffer of bytes at a place of a file."""
    left = memoryview(data)
    while left:
        written = os.pwrite(handle, left[:_MOST_AT_ONCE], offset)
        left, offset = left[written:], offset + written


def read_into(file: io.FileIO, buffer: Any, offset: int) -> int:
    """Fill a buffer of bytes from a place of a file; only where the file ends fewer are returned.

    The file is read, never mapped: one that is cut off meanwhile gives fewer bytes, not a signal
    that ends the process.
    """
    left = memoryview(buffer)
    size = len(left)
    while left:
        count = os.preadv(file.fileno(), [left[:_MOST_AT_ONCE]], offset)
        if count == 0:
            break
        left, offset = left[count:], offset + count
    return size - len(left)
