"""Errors and warnings as text for a person at a command line instead of a traceback."""

from __future__ import annotations

from fastcnn.messages import Advice, command_text

__all__ = ["explain", "text_of"]


def explain(error: Exception) -> str:
    """What to print after ``fastcnn: error:``; other kinds than input provokes may be bugs."""
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, OSError | ValueError | ImportError):
        return text_of(error)
    return (
        f"{type(error).__name__}: {error}\n"
        "This may be a bug: run `fastcnn --traceback ...` and report what it shows"
    )


def text_of(problem: BaseException | str) -> str:
    """An error's or a warning's text, its remedy worded for the command line."""
    message = problem.args[0] if isinstance(problem, BaseException) and problem.args else problem
    return command_text(message if isinstance(message, Advice) else problem)
