"""Pictures of matplotlib in files."""

from __future__ import annotations

import io
from typing import Any

from fastcnn.atomic_file import replacing, write_at
from fastcnn.paths import AnyPath

__all__ = ["write_picture"]


def write_picture(figure: Any, path: AnyPath, **settings: Any) -> None:
    """Write a figure as PNG, complete or not at all, whatever the name ends with.

    Args:
        figure: A matplotlib ``Figure``.
        path: The file; one that is there is replaced.
        settings: For ``savefig``, as ``dpi``.

    Raises:
        OSError: The file system refuses, as on a full disk; has ``errno`` and ``filename``.
    """
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", **settings)
    content = buffer.getvalue()
    with replacing(path, len(content)) as handle:
        write_at(handle, content, 0)
