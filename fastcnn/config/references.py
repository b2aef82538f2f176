"""Objects that a description holds in several places: written once, elsewhere by reference.

The outermost description, or the outermost object that is made from one, opens a scope; what is
inside shares it. In a description the first place of such an object has a number beside what
describes it, ``{"class_name": ..., "config": ..., "shared": 0}``, and all others have that alone,
``{"shared": 0}``. Among arguments of other things it is marked, ``"kind": "layer"``, so that what
is made of them gets the object.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

__all__ = [
    "Described",
    "describe",
    "describing",
    "is_ours",
    "made_arguments",
    "makers",
    "mark",
    "note_name",
    "one_description",
    "one_revival",
    "revive",
]

P = ParamSpec("P")
R = TypeVar("R")

_local = threading.local()

#: What makes an object of its description, by the kind with which this is marked.
makers: dict[str, Callable[[Any], Any]] = {}


def mark(entry: dict[str, Any], kind: str) -> dict[str, Any]:
    """Mark what :func:`describe` returned as an argument of a kind of :data:`makers`."""
    entry["kind"] = kind
    return entry


def made_arguments(config: Any) -> Any:
    """A configuration with objects in place of the descriptions in it that are marked."""
    if isinstance(config, Mapping):
        kind = config.get("kind")
        described = "class_name" in config or "shared" in config
        if described and isinstance(kind, str) and kind in makers:
            return makers[kind](config)
        return {key: made_arguments(item) for key, item in config.items()}
    if isinstance(config, list):
        return [made_arguments(item) for item in config]
    return config


class Described:
    """What has been described so far."""

    def __init__(self) -> None:
        #: By ``id``; holding the objects keeps the numbers valid.
        self.objects: dict[int, Any] = {}
        self._entries: dict[int, dict[str, Any]] = {}
        self._count = 0
        self._path: list[int] = []
        #: For each object those whose descriptions mention it.
        self.mentioned_by: dict[int, set[int]] = {}
        #: Classes and functions that the description names.
        self.named: dict[str, Any] = {}

    def entry(self, thing: Any) -> dict[str, Any]:
        """``thing`` as data, by reference from the second time on."""
        key = id(thing)
        self.mentioned_by.setdefault(key, set()).update(self._path[-1:])
        if key in self._entries:
            known = self._entries[key]
            if "shared" not in known:
                known["shared"] = self._count
                self._count += 1
            return {"shared": known["shared"]}
        self.note_name(type(thing))
        entry: dict[str, Any] = {"class_name": type(thing).__name__}
        self.objects[key], self._entries[key] = thing, entry
        self._path.append(key)
        try:
            entry["config"] = thing.get_config()
        finally:
            self._path.pop()
        return entry

    def note_name(self, named: Any) -> None:
        """Note a class or function that is named.

        Raises:
            ValueError: Another one of the same name was named before: the name could not tell them
                apart when the description is read.
        """
        other = self.named.setdefault(named.__name__, named)
        if _origin(other) == _origin(named):
            return
        if not is_ours(named):
            self.named[named.__name__] = named
        # Of ours a loss and a metric may have one name: each kind has a table.
        if not is_ours(other) or not is_ours(named):
            raise ValueError(
                f"two different things are called {named.__name__!r}, "
                f"{'.'.join(_origin(other))} and {'.'.join(_origin(named))}: a description names "
                "them, and could not tell them apart. Rename one"
            )


def is_ours(named: Any) -> bool:
    """Whether a class or function is part of this package, so that it is known by its name."""
    return str(named.__module__).partition(".")[0] == __name__.partition(".")[0]


def _origin(named: Any) -> tuple[str, str]:
    # A cell of a notebook that runs again makes its class again.
    return str(named.__module__), str(named.__qualname__)


def note_name(named: Any) -> None:
    """Note a class or function that the description under way, if there is one, names.

    Raises:
        ValueError: It names another one of the same name.
    """
    described: Described | None = getattr(_local, "described", None)
    if described is not None:
        described.note_name(named)


@contextmanager
def describing() -> Iterator[Described]:
    """The scope of one description: a new one, or that of the description around."""
    before: Described | None = getattr(_local, "described", None)
    if before is not None:
        yield before
        return
    _local.described = Described()
    try:
        yield _local.described
    finally:
        _local.described = None


def describe(thing: Any) -> dict[str, Any]:
    """An object with ``get_config`` as data, by reference if this description has it already."""
    with describing() as described:
        return described.entry(thing)


def one_description(get_config: Callable[P, R]) -> Callable[P, R]:
    """Makes a ``get_config`` describe what it holds in one scope."""

    @functools.wraps(get_config)
    def scoped(*args: P.args, **kwargs: P.kwargs) -> R:
        with describing():
            return get_config(*args, **kwargs)

    return scoped


@contextmanager
def _reviving() -> Iterator[dict[int, Any]]:
    before: dict[int, Any] | None = getattr(_local, "revived", None)
    if before is not None:
        yield before
        return
    _local.revived = {}
    try:
        yield _local.revived
    finally:
        _local.revived = None


def one_revival(from_config: Callable[P, R]) -> Callable[P, R]:
    """Makes a ``from_config`` revive what it holds in one scope."""

    @functools.wraps(from_config)
    def scoped(*args: P.args, **kwargs: P.kwargs) -> R:
        with _reviving():
            return from_config(*args, **kwargs)

    return scoped


def revive(entry: Mapping[str, Any], make: Callable[[], R]) -> R:
    """The object of an entry: an earlier one for a reference, else what ``make`` makes.

    Raises:
        ValueError: A reference to what nothing before it describes.
    """
    with _reviving() as revived:
        if "shared" not in entry:
            return make()
        number = entry["shared"]
        if "class_name" in entry:
            if not isinstance(number, int) or number in revived:
                raise ValueError(f"an object that is used again has the number {number!r}"[:200])
            made = revived[number] = make()
            return made
        if not isinstance(number, int) or number not in revived:
            raise ValueError(
                f"a description refers to object {number!r}, which nothing before it describes; "
                "revive the whole of it, not a part"[:300]
            )
        found: R = revived[number]
        return found
