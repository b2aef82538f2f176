"""Old names of public things, which work for one version with a warning that names the new one."""

from __future__ import annotations

import functools
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

__all__ = ["find_renamed", "renamed_arguments"]

P = ParamSpec("P")
R = TypeVar("R")


def find_renamed(module: str, name: str, names: Mapping[str, str]) -> Any:
    """What ``name`` was in ``module``, for its ``__getattr__``.

    Args:
        module: Name of the module that is asked.
        name: The attribute that it does not have.
        names: Names that it has now, by their old names.

    Raises:
        AttributeError: It never had that name.
    """
    if name not in names:
        raise AttributeError(f"module {module!r} has no attribute {name!r}")
    new = names[name]
    warnings.warn(
        f"{module}.{name} is deprecated and goes with the next version; use {module}.{new}",
        DeprecationWarning,
        stacklevel=3,
    )
    return getattr(sys.modules[module], new)


def renamed_arguments(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator: keyword arguments under their old names are passed under the new ones.

    Args:
        names: New names by old names.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            for old, new in names.items():
                if old not in kwargs:
                    continue
                if new in kwargs:
                    raise TypeError(
                        f"{function.__name__}: {old} is the former name of {new}; pass {new} only"
                    )
                warnings.warn(
                    f"{function.__name__}: argument {old} is deprecated and goes with the next "
                    f"version; use {new}",
                    DeprecationWarning,
                    stacklevel=2,
                )
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call

    return decorate
