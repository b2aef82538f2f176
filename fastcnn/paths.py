"""What names a file or a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

__all__ = ["AnyPath", "named_errors"]

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
