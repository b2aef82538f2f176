"""Objects as plain JSON data and back, from a closed list of names."""

from __future__ import annotations

import difflib
import inspect
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np

from fastcnn.config.references import describe, made_arguments, mark, note_name, one_revival
from fastcnn.messages import NESTED, bounded, brief

__all__ = [
    "Configurable",
    "custom_object",
    "custom_object_scope",
    "deserialize",
    "lookup",
    "refuse",
    "register",
    "registered",
    "reserve",
    "serialize",
]

T = TypeVar("T", bound="Configurable")
R = TypeVar("R")
K = TypeVar("K")

_scope = threading.local()
#: What the caller has registered, for all threads.
_registered: dict[str, Any] = {}
#: What built-in names stand for in files: no other function may be saved under one.
_reserved: dict[str, list[Any]] = {}


class Configurable:
    """An object that can be made again from its constructor arguments.

    The arguments are read back from attributes of the same names, so a class lists its settings
    once, in ``__init__``.
    """

    _not_configured: ClassVar[frozenset[str]] = frozenset()

    #: Methods of the package's own classes that refuse whatever they cannot take with a
    #: ``TypeError`` or ``ValueError`` of a few lines.
    _bounded: ClassVar[tuple[str, ...]] = ("__init__", "__call__", "update_state", "restore")

    #: Whether a description that has the object in several places has it once, so that what is made
    #: of it is one object again; see :mod:`fastcnn.config.references`.
    described_once: ClassVar[bool] = False

    def __init_subclass__(cls, **settings: Any) -> None:
        super().__init_subclass__(**settings)
        for name in cls._bounded if cls.__module__.startswith("fastcnn.") else ():
            if name in vars(cls):
                setattr(cls, name, bounded(vars(cls)[name]))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments as JSON data.

        Arguments that ``**kwargs`` passes on to a base class are that class's. A class that keeps
        an argument elsewhere adds it: ``{**super().get_config(), "units": self.size}``.

        Raises:
            TypeError: An argument is not kept as an attribute of its name.
        """
        config = {}
        for name in _argument_names(type(self)):
            if name in self._not_configured:
                continue
            if hasattr(self, name):
                config[name] = serialize(getattr(self, name))
            elif not _writes_its_config(type(self)):
                raise TypeError(
                    f"{type(self).__name__} takes the argument {name!r} but keeps no attribute "
                    f"self.{name}, so it cannot be saved: keep the argument under its name, or "
                    "write get_config()"
                )
        return config

    @classmethod
    @one_revival
    def from_config(cls: type[T], config: Mapping[str, Any]) -> T:
        """Make the object that :meth:`get_config` described. Arguments that are layers are made
        again, with new weights.
        """
        return cls(**made_arguments(config))


def _argument_names(kind: type) -> list[str]:
    """Arguments of a constructor and, where it has ``**kwargs``, of the one that gets the rest."""
    names: dict[str, None] = {}
    for base in kind.__mro__:
        if "__init__" not in vars(base):
            continue
        parameters = list(inspect.signature(vars(base)["__init__"]).parameters.values())[1:]
        variadic = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
        names.update((p.name, None) for p in parameters if p.kind not in variadic)
        if not any(p.kind == inspect.Parameter.VAR_KEYWORD for p in parameters):
            break
    return list(names)


def _writes_its_config(kind: type) -> bool:
    """Whether the class with the constructor, or one derived from it, defines ``get_config``."""
    for base in kind.__mro__:
        if "get_config" in vars(base):
            return True
        if "__init__" in vars(base):
            return False
    return False


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Let configurations name the caller's own classes and functions inside a ``with`` block."""
    before = getattr(_scope, "objects", {})
    _scope.objects = {**before, **(custom_objects or {})}
    try:
        yield
    finally:
        _scope.objects = before


def custom_object(name: str) -> Any:
    """What the caller's custom objects call ``name``; ``None`` if they do not."""
    return getattr(_scope, "objects", {}).get(name, _registered.get(name))


def registered() -> dict[str, Any]:
    """The caller's classes and functions that configurations may name anywhere; may be changed."""
    return _registered


def register(package: str = "Custom", name: str | None = None) -> Callable[[R], R]:
    """A decorator that lets configurations name the caller's own class or function.

    Args:
        package: Accepted for Keras' sake.
        name: Accepted for Keras' sake: files here name things as Python does.

    Raises:
        ValueError: A class without ``get_config``, or a name that something else has.
    """

    def decorator(thing: R) -> R:
        found: Any = thing
        if isinstance(found, type) and not hasattr(found, "get_config"):
            raise ValueError(f"{found.__name__} has no get_config, so no file can describe it")
        other = _registered.get(found.__name__)
        # A cell of a notebook that runs again makes its class again.
        if other is not None and _origin(other) != _origin(found):
            raise ValueError(
                f"{found.__name__!r} is registered already, for {'.'.join(_origin(other))}: give "
                "one of them another name, since files tell them apart by it"
            )
        _registered[found.__name__] = found
        return thing

    return decorator


def _origin(thing: Any) -> tuple[str, str]:
    return str(thing.__module__), str(thing.__qualname__)


def refuse(owner: str, **settings: Any) -> None:
    """Refuse arguments that Keras has and fastcnn has not, unless they are left as they are.

    Raises:
        ValueError: One of them was given.
    """
    for name, value in settings.items():
        if value is not None:
            raise ValueError(f"{owner}: {name} is not supported, got {brief(value)}; leave it out")


def reserve(table: Mapping[str, Any]) -> None:
    """Keep functions of other modules from being saved under the names of a table."""
    for name, value in table.items():
        _reserved.setdefault(name, []).append(value)


def lookup(kind: str, name: str, table: Mapping[str, Any]) -> Any:
    """What ``name`` stands for: one of the caller's custom objects, else an entry of ``table``.

    Raises:
        ValueError: Neither knows the name; the text has the names most like it, or the table.
    """
    custom: Mapping[str, Any] = {**_registered, **getattr(_scope, "objects", {})}
    if name in custom:
        return custom[name]
    if name in table:
        return table[name]
    near = _near(name, table)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else _known_text(table)
    raise ValueError(
        f"unknown {kind} {brief(name)}; {hint} Pass one of your own itself instead of a name, or "
        f"as custom_objects={{{brief(name)}: ...}} when loading a file"
    )


def _known_text(table: Mapping[str, Any], most: int = 40) -> str:
    """The names of a table; of several spellings those in lower case."""
    names = [name for name in sorted(table) if name.islower()] or sorted(table)
    if len(names) > most:
        return f"known: {', '.join(names[:most])} and {len(names) - most} more."
    return f"known: {', '.join(names)}."


def _near(name: str, known: Iterable[str]) -> list[str]:
    """Up to three known names that ``name`` may have been meant for, the likeliest first.

    Case and what separates words do not count; of two spellings of a name the lower one is given.
    """

    def letters(text: str) -> str:
        return "".join(filter(str.isalnum, text.lower()))

    plain: dict[str, str] = {}
    for candidate in sorted(known):  # lower case comes last
        plain[letters(candidate)] = candidate
    wanted = letters(name)
    # A single letter is part of almost any name.
    found = sorted((t for t in plain if wanted in t), key=len)[:3] if len(wanted) > 1 else []
    found = found or difflib.get_close_matches(wanted, plain, 3, 0.75)
    return [plain[text] for text in found]


def serialize(value: Any) -> Any:
    """``value`` as JSON data: numbers, strings, lists, dicts; objects and functions by name.

    Raises:
        TypeError: A value of another kind, or a function without a name.
        ValueError: A function with the name of one of ours, or data that contains itself.
    """
    try:
        return _serialized(value)
    except RecursionError as error:
        raise ValueError(f"cannot save {type(value).__name__}: {NESTED}") from error


def _serialized(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_serialized(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _serialized(item) for key, item in value.items()}
    if getattr(value, "described_once", False):
        return mark(describe(value), "layer")
    if isinstance(value, type):  # stands for an object made with its defaults
        note_name(value)
        return value.__name__
    if hasattr(value, "get_config"):
        note_name(type(value))
        return {"class_name": type(value).__name__, "config": value.get_config()}
    if isinstance(value, Callable) and hasattr(value, "__name__"):  # type: ignore[arg-type]
        return _function_name(value)
    raise TypeError(f"cannot save a value of type {type(value).__name__}: {brief(value)}")


def _function_name(function: Any) -> str:
    name = str(function.__name__)
    if name == "<lambda>":
        raise TypeError(
            "a lambda cannot be saved, since a file names functions: write "
            "'def my_function(...)', and load with custom_objects={'my_function': my_function}"
        )
    ours = _reserved.get(name, [function])
    if not any(function is value for value in ours):
        raise ValueError(
            f"a function of your own called {name!r} cannot be saved: loading the file would take "
            f"fastcnn's {name!r} for it. Give yours another name"
        )
    if name not in _reserved:
        note_name(function)
    return name


def deserialize(kind: str, value: Any, table: Mapping[str, Any]) -> Any:
    """The object that ``value`` describes: a name, or ``{"class_name": ..., "config": {...}}``.

    A name may stand for a class (made with its defaults) or for a function (returned as it is).

    Raises:
        ValueError: An unknown name, or arguments that its class does not take.
    """
    if isinstance(value, str):
        found = lookup(kind, value, table)
        return found() if isinstance(found, type) else found
    if not isinstance(value, Mapping) or not isinstance(value.get("class_name"), str):
        raise ValueError(
            f"a {kind} is a name or {{'class_name': ..., 'config': ...}}, got {brief(value)}"
        )
    found = lookup(kind, value["class_name"], table)
    config = value.get("config", {})
    if not isinstance(config, Mapping):
        raise ValueError(
            f"{kind} {value['class_name']!r}: config must be a dict, got {brief(config)}"
        )
    try:
        return found.from_config(config)
    except (TypeError, AttributeError) as error:
        raise ValueError(
            f"{kind} {value['class_name']!r} cannot be made from its config: {error}"
        ) from error


class Registry(Generic[K]):
    """The classes of one kind by name, and what may stand for an object of it.

    Args:
        kind: What messages call it.
        base: Class of its objects.
        table: Classes, or functions, by each name that they have.
        wrapper: Class whose objects call a user's function, their argument ``fn``; None where
            a function itself serves.
        functions: Whether a function may stand for an object at all.
        expected: How messages begin that say what is accepted.
    """

    def __init__(
        self,
        kind: str,
        base: type[K],
        table: Mapping[str, Any],
        *,
        wrapper: Callable[[Any], K] | None = None,
        functions: bool = True,
        expected: str = "",
    ) -> None:
        self._kind = kind
        self._base = base
        self._table = table
        self._wrapper = wrapper
        self._functions = functions
        self._expected = expected

    def get(self, identifier: Any) -> Any:
        """The object that a name, a description, a class, a function or an object stands for.

        Raises:
            ValueError: An unknown name, which the text lists, or something else.
        """
        if isinstance(identifier, self._base):
            return identifier
        found = identifier
        if isinstance(identifier, str):
            found = lookup(self._kind, identifier, self._table)
        if isinstance(found, type):
            if found is not identifier or issubclass(found, self._base):
                return found()
        elif isinstance(found, Mapping):
            return self._from_description(found)
        elif callable(found) and self._functions:
            return found if self._wrapper is None else self._wrapper(found)
        if self._expected:
            raise ValueError(f"{self._expected}, got {brief(identifier)}")
        return deserialize(self._kind, identifier, self._table)

    def _from_description(self, value: Mapping[str, Any]) -> Any:
        config = value.get("config", {})
        if self._wrapper is not None and isinstance(config, Mapping) and "fn" in config:
            # A file names the function, which only its author can bring.
            function = lookup(f"{self._kind} function", config["fn"], {})
            value = {**value, "config": {**config, "fn": function}}
        return deserialize(self._kind, value, self._table)
