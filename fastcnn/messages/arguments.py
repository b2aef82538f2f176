"""Arguments that a function does not have, and which ones were meant."""

from __future__ import annotations

import difflib
import functools
import inspect
import re
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

__all__ = ["raise_unknown_argument", "suggesting"]

P = ParamSpec("P")
R = TypeVar("R")

_UNEXPECTED = re.compile(r"([\w.<>]+)\(\) got an unexpected keyword argument '(\w+)'")

#: What arguments are called in older versions of Keras, in PyTorch and in everyday language.
_ELSEWHERE = {
    "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer",
    "bias": "use_bias",
    "border_mode": "padding",
    "betas": "beta_1",
    "dilation": "dilation_rate",
    "eps": "epsilon",
    "init": "kernel_initializer",
    "input_dim": "input_shape",
    "keep_prob": "rate",
    "kernel": "kernel_size",
    "lr": "learning_rate",
    "n_epochs": "epochs",
    "nb_epoch": "epochs",
    "nb_epochs": "epochs",
    "nb_filter": "filters",
    "num_epochs": "epochs",
    "num_filters": "filters",
    "out_channels": "filters",
    "out_features": "units",
    "output_dim": "units",
    "p": "rate",
    "subsample": "strides",
    "validation": "validation_data",
}


def suggesting(function: Callable[P, R]) -> Callable[P, R]:
    """Makes a function that is called with an argument it does not have name the one meant."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            raise_unknown_argument(error, function, args)
            raise

    return call


def raise_unknown_argument(
    error: TypeError, function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    """Raise a clearer error if ``error`` says that ``function`` has no such argument.

    Args:
        error: What the call raised.
        function: What was called.
        args: Its positional arguments; of a method the first is the object.

    Raises:
        TypeError: Names what the caller wrote, the argument, and the ones most like it.
    """
    found = _UNEXPECTED.match(str(error))
    if found is None or found[1] not in (function.__qualname__, function.__name__):
        return
    argument = found[2]
    names = _argument_names(function, args)
    near = [_ELSEWHERE[argument]] if _ELSEWHERE.get(argument) in names else []
    near = near or difflib.get_close_matches(argument, names, 2, 0.6)
    hint = (
        f"did you mean {' or '.join(map(repr, near))}?" if near else f"it takes {', '.join(names)}"
    )
    raise TypeError(f"{_called(function, args)} has no argument {argument!r}; {hint}") from None


def _called(function: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """What the caller wrote, of an inherited method the class of the object."""
    if "." not in function.__qualname__ or not args:
        return f"{function.__name__}()"
    kind = type(args[0]).__name__
    return f"{kind}()" if function.__name__ == "__init__" else f"{kind}.{function.__name__}()"


def _argument_names(function: Callable[..., Any], args: tuple[Any, ...]) -> list[str]:
    functions = [function]
    if function.__name__ == "__init__" and args:
        functions = [
            vars(base)["__init__"] for base in type(args[0]).__mro__ if "__init__" in vars(base)
        ]
    names: dict[str, None] = {}
    for each in functions:
        if each is object.__init__:
            break
        parameters = inspect.signature(each).parameters.values()
        variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        names.update((p.name, None) for p in parameters if p.kind not in variadic)
        if not any(p.kind == inspect.Parameter.VAR_KEYWORD for p in parameters):
            break
    names.pop("self", None)
    return list(names)
