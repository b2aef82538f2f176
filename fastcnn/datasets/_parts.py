"""Folders that hold the parts of a split, ``train`` and ``test``, where classes are expected."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "SUFFIXES",
    "Parts",
    "find_parts",
    "nested_warning",
    "part_of",
    "picture_files",
    "refuse_parts",
]

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})

_ROLES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}


class Parts(NamedTuple):
    """The parts of a split, each a folder with a subfolder per class; ``None`` where it lacks.

    Attributes:
        train: Pictures to learn from.
        validation: Pictures to measure on during training.
        test: Pictures to measure on at the end.
        unlabelled: Parts that hold pictures without folders of classes, or nothing.
        others: Names of folders that are not parts.
    """

    train: Path | None
    validation: Path | None
    test: Path | None
    unlabelled: tuple[Path, ...]
    others: tuple[str, ...]


class _Content(NamedTuple):
    """What a folder holds itself, not in its subfolders."""

    pictures: bool
    folders: tuple[str, ...]


def find_parts(folder: Path) -> Parts | None:
    """The parts of a split, if the subfolders of ``folder`` are such and not classes.

    They are if all of them are named as parts (``train``, ``val``, ``valid``, ``validation``,
    ``test`` and their like, in any case, or such a word in a longer name, ``training_set``, if it
    holds only folders), or if one for training holds only folders and there is another part.

    Raises:
        ValueError: Two folders could be the same part.
    """
    homes = _subfolders(folder)
    contents = {home: _content(home) for home in homes}
    named: dict[str, list[Path]] = {}
    for home in homes:
        if role := _role(home.name):
            named.setdefault(role, []).append(home)
    parts = [home for found in named.values() for home in found]
    labelled = {home for home in parts if contents[home].folders and not contents[home].pictures}
    plain = all(home in labelled or home.name.lower() in _ROLES for home in parts)
    all_named = bool(parts) and len(parts) == len(homes) and plain
    if not all_named and not (len(named) > 1 and labelled.intersection(named.get("train", []))):
        return None
    for role, found in named.items():
        if len(found) > 1:
            raise ValueError(
                f"{folder}: {' and '.join(home.name for home in found)} could each be the {role} "
                "part: give the folder of the one to use, or rename the others"
            )
    chosen = {role: found[0] for role, found in named.items() if found[0] in labelled}
    return Parts(
        chosen.get("train"),
        chosen.get("validation"),
        chosen.get("test"),
        tuple(home for home in parts if home not in labelled),
        tuple(home.name for home in homes if home not in parts),
    )


def part_of(folder: Path, wanted: str) -> Path:
    """The folder of a part, or ``folder`` itself if it is not split.

    Args:
        folder: Has a subfolder per class, or parts that do.
        wanted: ``"train"``, or ``"test"``, for which the validation part stands in.

    Raises:
        ValueError: The folder is split and has no such part.
    """
    parts = find_parts(folder)
    if parts is None:
        return folder
    found = parts.train if wanted == "train" else parts.test or parts.validation
    if found is None:
        there = [str(part) for part in parts[:3] if part is not None]
        raise ValueError(
            f"{folder} has no {wanted} part with a subfolder per class: it has "
            f"{', '.join(there) or _named(parts.unlabelled)}"
        )
    return found


def refuse_parts(folder: Path, instead: str) -> None:
    """Refuse to take the parts of a split for classes.

    Args:
        folder: Its subfolders are to be classes.
        instead: What to do if they are.

    Raises:
        ValueError: They are the parts of a split.
    """
    parts = find_parts(folder)
    if parts is None:
        return
    labelled = [str(part) for part in parts[:3] if part is not None]
    found = [*labelled, *map(str, parts.unlabelled)]
    remedy = (
        f"open each part by itself, such as {labelled[0]!r}"
        if labelled
        else "put the pictures of each class into a folder of its own inside each part"
    )
    raise ValueError(
        f"{folder} holds the parts of a split ({', '.join(os.path.basename(f) for f in found)}), "
        f"not classes: {remedy}. {instead}"
    )


def nested_warning(homes: Iterable[Path]) -> str:
    """What to say of folders of classes that may hold the classes themselves.

    Such are folders that all hold no picture but folders of the same names, which may be parts of
    a split or years of the same classes, and a ``train`` that does among others that do not.
    """
    homes = list(homes)
    contents = [_content(home) for home in homes]
    for home, content in zip(homes, contents, strict=True):
        several = len(content.folders) > 1 and any(other.pictures for other in contents)
        if home.name.lower() in _ROLES and several:
            return (
                f"{home} holds only folders ({_some(content.folders)}): if these are the classes, "
                f"give {home}"
            )
    inner = contents[0].folders
    if len(inner) < 2 or any(c.pictures or c.folders != inner for c in contents):
        return ""
    listed = _some(inner)
    if len(homes) == 1:
        return (
            f"{homes[0]} holds only folders ({listed}): if these are the classes, give {homes[0]}"
        )
    names = _some([home.name for home in homes])
    return (
        f"the folders of all classes ({names}) hold only folders, of the same names "
        f"({listed}): if those are the classes and these parts, call the parts train, validation "
        "and test"
    )


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:4], *["..."] * (len(names) > 4)])


def _named(homes: Iterable[Path]) -> str:
    return ", ".join(str(home) for home in homes)


def _role(name: str) -> str | None:
    roles = {_ROLES[word] for word in re.findall("[a-z]+", name.lower()) if word in _ROLES}
    return roles.pop() if len(roles) == 1 else None


def _subfolders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))


def _content(home: Path) -> _Content:
    folders = []
    with os.scandir(home) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                folders.append(entry.name)
            elif Path(entry.name).suffix.lower() in SUFFIXES:
                return _Content(True, ())
    return _Content(False, tuple(sorted(folders)))


def picture_files(home: Path) -> list[Path]:
    """The pictures in a folder and its subfolders, sorted, without what is hidden."""
    found = []
    for parent, folders, files in os.walk(home):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                found.append(Path(parent, name))
    return sorted(found)
