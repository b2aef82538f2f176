"""Nested lists, tuples and dicts of values, as models take and return them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from fastcnn.messages import NESTED

__all__ = [
    "StructureError",
    "at_least_list",
    "flatten",
    "has_dict",
    "in_order",
    "keys_as_names",
    "map_shapes",
    "map_structure",
    "pack",
    "paths",
]

#: A tuple of types, which ``isinstance`` takes half the time for that a union costs.
_SEQUENCES = (list, tuple)
#: Far from Python's own limit, since what is called for a leaf needs some of that.
_DEEPEST = 200


def flatten(structure: Any) -> list[Any]:
    """The leaves from left to right; a dict's in the order of its keys.

    Raises:
        ValueError: It contains itself.
    """
    try:
        return _leaves(structure)
    except RecursionError as error:
        raise ValueError(NESTED) from error


def _leaves(structure: Any) -> list[Any]:
    if isinstance(structure, _SEQUENCES):
        return [leaf for item in structure for leaf in _leaves(item)]
    if isinstance(structure, dict):
        return [leaf for item in structure.values() for leaf in _leaves(item)]
    return [structure]


def map_structure(function: Callable[[Any], Any], structure: Any) -> Any:
    """The same structure with every leaf replaced by ``function(leaf)``.

    Raises:
        ValueError: It contains itself, or is nested as deeply as nothing that is meant.
    """
    return _mapped(function, structure, 0)


def _mapped(function: Callable[[Any], Any], structure: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        raise ValueError(NESTED)
    if isinstance(structure, _SEQUENCES):
        items = [_mapped(function, item, depth + 1) for item in structure]
        named = hasattr(structure, "_fields")  # a named tuple
        return type(structure)(*items) if named else type(structure)(items)
    if isinstance(structure, dict):
        return {key: _mapped(function, item, depth + 1) for key, item in structure.items()}
    return function(structure)


def pack(structure: Any, leaves: Iterable[Any]) -> Any:
    """``leaves``, as :func:`flatten` returns them, in a structure."""
    rest = iter(leaves)
    return map_structure(lambda _: next(rest), structure)


def map_shapes(function: Callable[[Any], Any], shapes: Any) -> Any:
    """:func:`map_structure` where the leaves are shapes, which are sequences themselves."""
    if isinstance(shapes, dict):
        return {key: map_shapes(function, item) for key, item in shapes.items()}
    if shapes and isinstance(shapes[0], (*_SEQUENCES, dict)):
        return [map_shapes(function, item) for item in shapes]
    return function(shapes)


def has_dict(structure: Any) -> bool:
    """Whether there is a dict in a structure. Lists of numbers are not searched."""
    return _has_dict(structure, 0)


def _has_dict(structure: Any, depth: int) -> bool:
    if depth > _DEEPEST:
        raise ValueError(NESTED)
    if isinstance(structure, _SEQUENCES):
        if structure and isinstance(structure[0], int | float | str):
            return False
        return any(_has_dict(item, depth + 1) for item in structure)
    return isinstance(structure, dict)


def paths(names: Any) -> Any:
    """A name for every leaf of a structure of names, in that structure.

    It is made of the keys on the way, and of the leaf's own name where the last step is no key.
    """

    def walk(part: Any, way: tuple[str, ...], keyed: bool) -> Any:
        if isinstance(part, dict):
            return {key: walk(item, (*way, str(key)), True) for key, item in part.items()}
        if isinstance(part, _SEQUENCES):
            items = [walk(item, (*way, str(at)), False) for at, item in enumerate(part)]
            return tuple(items) if isinstance(part, tuple) else items
        return "/".join(way if keyed else (*way[:-1], str(part)))

    return walk(names, (), False)


class StructureError(ValueError):
    """A value is not in the structure that was expected.

    Attributes:
        expected: Keys or names of what belongs there.
        missing: Those of them that a dict lacks.
        unknown: Keys of a dict that are not among them.
    """

    def __init__(
        self,
        expected: Iterable[Any],
        missing: Iterable[Any] = (),
        unknown: Iterable[Any] = (),
        given: Any = None,
    ) -> None:
        self.expected = list(expected)
        self.missing = list(missing)
        self.unknown = list(unknown)
        self.given = given
        super().__init__(f"expected {self.expected}")


def in_order(given: Any, names: Any, *, partial: bool = False) -> list[Any]:
    """What belongs to each leaf of a structure, from left to right.

    A dict that stands for a dict is taken by its keys. One that stands for a list is taken by the
    names, as are entries of a dict by a name that is not a key beside it. All leaves in one list
    also do, and without a list what belongs to a single leaf.

    Args:
        given: The value, in the structure of ``names`` or as described.
        names: Lists, tuples and dicts of names.
        partial: Whether what a dict lacks is ``None`` and what is not expected is refused.

    Raises:
        StructureError: There is no telling what belongs where.
    """
    leaves = flatten(names)
    if isinstance(given, dict):
        return _by_key(given, names if isinstance(names, dict) else {}, leaves, partial)
    if isinstance(given, _SEQUENCES):
        if isinstance(names, _SEQUENCES) and len(given) == len(names):
            pairs = zip(given, names, strict=True)
            return [leaf for value, part in pairs for leaf in _part(value, part, partial)]
        if len(given) == len(leaves):
            return list(given)
    if len(leaves) == 1:
        return [given]
    raise StructureError(names if isinstance(names, dict) else flatten(paths(names)), given=given)


def _part(given: Any, names: Any, partial: bool) -> list[Any]:
    nested = isinstance(names, (*_SEQUENCES, dict))
    return in_order(given, names, partial=partial) if nested else [given]


def _by_key(
    given: dict[Any, Any], parts: Mapping[Any, Any], leaves: list[Any], partial: bool
) -> list[Any]:
    counts = Counter(leaves)
    by_name = {name for name in leaves if name in given and name not in parts}
    if twice := [name for name in by_name if counts[name] > 1]:
        raise StructureError(leaves, missing=twice, given=given)
    expected = list(parts) or leaves
    if partial and (unknown := [key for key in given if key not in parts and key not in by_name]):
        raise StructureError(expected, unknown=unknown, given=given)
    found: list[Any] = []
    missing = []
    for key, part in parts.items() if parts else zip(leaves, leaves, strict=True):
        if key in given:
            found += _part(given[key], part, partial)
            continue
        inside = flatten(part)
        if not partial and not by_name.issuperset(inside):
            missing.append(key)
        found += [given.get(name) if name in by_name else None for name in inside]
    if missing:
        raise StructureError(expected, missing=missing, given=given)
    return found


def at_least_list(names: Any) -> Any:
    """A structure of names; one name alone is a list of one."""
    return names if isinstance(names, list | tuple | dict) else [names]


def keys_as_names(structure: Any) -> Any:
    """Names made of keys, in a structure with dicts; ``None`` for others."""
    if not has_dict(structure):
        return None
    places = iter(range(len(flatten(structure))))
    return paths(map_structure(lambda _: str(next(places)), structure))
