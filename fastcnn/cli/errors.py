"""Errors as one line for a person instead of a traceback."""

from __future__ import annotations

__all__ = ["explain"]


def explain(error: Exception) -> str:
    """What to print after ``fastcnn: error:``; other kinds than input provokes may be bugs."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError | ValueError | ImportError):
        return str(error)
    return (
        f"{type(error).__name__}: {error}\n"
        "This may be a bug: run `fastcnn --traceback ...` and report what it shows"
    )
