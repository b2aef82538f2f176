"""Pictures of matplotlib in files."""

from __future__ import annotations

import io
import os
from typing import Any

from fastcnn.atomic_file import replacing, write_at
from fastcnn.paths import AnyPath

__all__ = ["write_picture"]


def write_picture(figure: Any, path: AnyPath, **settings: Any) -> None:
    """Write a figure, complete or not at all: as SVG or PDF if the name ends so, else as PNG.

    Args:
        figure: A matplotlib ``Figure``.
        path: The file; one that is there is replaced.
        settings: For ``savefig``, as ``dpi``.

    Raises:
        OSError: The file system refuses, as on a full disk; has ``errno`` and ``filename``.
    """
    buffer = io.BytesIO()
    ending = os.path.splitext(os.fsdecode(path))[1].lower().lstrip(".")
    figure.savefig(buffer, format=ending if ending in ("svg", "pdf") else "png", **settings)
    content = buffer.getvalue()
    with replacing(path, len(content)) as handle:
        write_at(handle, content, 0)
