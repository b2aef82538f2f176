"""Functions that refuse whatever they are given with a message of a few lines."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from fastcnn.messages.advice import Advice
from fastcnn.messages.arguments import raise_unknown_argument
from fastcnn.messages.texts import LONGEST, shortened

__all__ = ["NESTED", "REFUSALS", "bounded", "refuse", "shorten"]

P = ParamSpec("P")
R = TypeVar("R")

#: What is wrong with data whose end no function reaches.
NESTED = "a list or dict is nested too deeply, or contains itself; flatten it"


def bounded(function: Callable[P, R]) -> Callable[P, R]:
    """Makes a public function refuse with a message of a few lines whatever it is given.

    A long text is shortened, and data that contains itself, or a number that no dtype holds, is a
    ``ValueError`` like any other value that does not fit.
    """

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except REFUSALS as error:
            refuse(error, function, args)
            raise

    return call


#: What a call may raise for what it is given.
REFUSALS = (TypeError, ValueError, NotImplementedError, RecursionError, ArithmeticError)


def refuse(error: Exception, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
    """Shorten the text of an error, or raise a clearer one: what :func:`bounded` does.

    For functions whose calls are too short for a wrapper around them.
    """
    if isinstance(error, RecursionError):
        raise ValueError(f"{_owner(function)}: {NESTED}") from error
    if isinstance(error, ArithmeticError):
        kind = type(error).__name__
        raise ValueError(f"{_owner(function)}: numbers do not fit: {kind}: {error}") from error
    if isinstance(error, TypeError):
        raise_unknown_argument(error, function, args)
    shorten(error)


def shorten(error: BaseException) -> None:
    """Shorten the text of an error that is on its way to the caller."""
    if error.args and isinstance(error.args[0], str) and len(error.args[0]) > LONGEST:
        text = error.args[0]
        short: str = shortened(text)
        if isinstance(text, Advice):
            short = Advice("", python=short, command=shortened(text.command))
        error.args = (short, *error.args[1:])


def _owner(function: Callable[..., Any]) -> str:
    return function.__qualname__.removesuffix(".__init__")
