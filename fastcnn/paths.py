"""What names a file or a folder."""

from __future__ import annotations

import os
from typing import TypeAlias

__all__ = ["AnyPath"]

#: What :func:`os.fsdecode` takes; every function that takes a path takes each of these.
AnyPath: TypeAlias = str | bytes | os.PathLike[str] | os.PathLike[bytes]
