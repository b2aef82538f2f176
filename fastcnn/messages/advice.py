"""Messages that two audiences read: those who write Python, and those who type commands."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Advice", "command_text"]


class Advice(str):
    """A message for Python that has its remedy in the words of the command line too.

    It is passed to an exception or a warning like any other text; the command line prints
    :attr:`command` instead.

    Args:
        problem: What is wrong, the same for both, up to where the remedy begins.
        python: The remedy in Python.
        command: The remedy as an option of ``fastcnn``.

    Example:
        >>> text = Advice("3 files are damaged: ", python="pass skip=True", command="add --skip")
        >>> text, text.command
        ('3 files are damaged: pass skip=True', '3 files are damaged: add --skip')
    """

    __slots__ = ("command",)

    command: str

    def __new__(cls, problem: str, *, python: str, command: str) -> Advice:
        """See the class."""
        self = super().__new__(cls, problem + python)
        self.command = problem + command
        return self

    @classmethod
    def joined(cls, separator: str, parts: Iterable[str]) -> Advice:
        """Texts, some of which may be advice, as one."""
        parts = list(parts)
        return cls(
            "",
            python=separator.join(parts),
            command=separator.join(command_text(part) for part in parts),
        )


def command_text(message: object) -> str:
    """A message as the command line prints it."""
    return message.command if isinstance(message, Advice) else str(message)
