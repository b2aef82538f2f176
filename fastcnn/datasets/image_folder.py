"""A folder of pictures, one subfolder per class, as arrays.

::

    pets/
      cat/  1.jpg  2.png  more/3.jpg
      dog/  1.jpg  2.jpg
"""

from __future__ import annotations

import os
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets._decode import Form, read_picture
from fastcnn.datasets._directory import image_dataset_from_directory
from fastcnn.datasets._parts import SUFFIXES, nested_warning, picture_files, refuse_parts
from fastcnn.datasets._scan import balance_text
from fastcnn.datasets.image_dataset import ImageDataset
from fastcnn.messages import Advice, suggesting
from fastcnn.paths import AnyPath

__all__ = [
    "Folder",
    "ImageDataset",
    "OpenFolder",
    "Split",
    "image_dataset_from_directory",
    "load",
    "open_folder",
    "read_image",
]


class Split(NamedTuple):
    """Images ``(count, height, width, channels)`` and class numbers ``(count,)``."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


class Folder(NamedTuple):
    """What :func:`load` returns."""

    train: Split
    validation: Split
    class_names: tuple[str, ...]


@suggesting
def load(
    folder: AnyPath,
    image_size: tuple[int, int] = (256, 256),
    *,
    color_mode: str = "rgb",
    validation_split: float = 0.0,
    seed: int = 0,
    unreadable: str = "error",
) -> Folder:
    """Reads every picture below ``folder``; the subfolder it is in is its class.

    Pictures are found by their ending (bmp, gif, jpg, png, tif, webp), also in folders inside a
    class; names that begin with a dot are passed over. Classes and pictures come in the order of
    their names. Every picture is read as :func:`read_image` does.

    Args:
        folder: Has one subfolder per class, named as the class.
        image_size: Height and width in pixels.
        color_mode: ``"rgb"`` or ``"grayscale"``.
        validation_split: Part of each class to set apart, at least 0 and less than 1.
        seed: Decides which pictures are set apart.
        unreadable: ``"error"`` stops at a file that is not a picture; ``"skip"`` leaves it out with
            a warning.

    Returns:
        ``train, validation, class_names``: twice ``images, labels`` (uint8, int64), and the names
        that the labels count. Without ``validation_split`` the second part is empty.

    Raises:
        FileNotFoundError: ``folder`` is not there.
        ImportError: Pillow is not installed.
        ValueError: An argument is out of its range, there is no class or a class without a
            picture, the subfolders are the parts of a split (``train`` and ``test``) and not
            classes, or a file cannot be read.
    """
    _check_arguments(validation_split, unreadable)
    form = _form(image_size, color_mode)
    folder = os.fsdecode(folder)
    class_names, paths, labels = _list(Path(folder))
    images, readable = _read_all(paths, form, skip=unreadable == "skip")

    apart = np.zeros(len(paths), bool)
    apart[readable] = _set_apart(labels[readable], class_names, validation_split, seed)
    kept = readable & ~apart
    return Folder(
        Split(images[kept], labels[kept]), Split(images[apart], labels[apart]), class_names
    )


class OpenFolder(NamedTuple):
    """What :func:`open_folder` returns."""

    train: ImageDataset
    validation: ImageDataset | None
    class_names: tuple[str, ...]
    report: str


@suggesting
def open_folder(
    folder: AnyPath,
    image_size: tuple[int, int] = (256, 256),
    *,
    color_mode: str = "rgb",
    validation_split: float = 0.0,
    seed: int = 0,
    unreadable: str = "error",
    batch_size: int = 32,
) -> OpenFolder:
    """The pictures that :func:`load` would read, in batches: for folders larger than memory.

    Files are looked at first: broken ones are found before the first epoch.

    Args:
        folder: See :func:`load`.
        image_size: See :func:`load`.
        color_mode: See :func:`load`.
        validation_split: See :func:`load`.
        seed: Decides which pictures are set apart, and the order of the others in each epoch.
        unreadable: See :func:`load`.
        batch_size: Pictures per batch.

    Returns:
        ``train, validation, class_names, report``: data sets for ``fit``, the second ``None``
        without ``validation_split``, and text about the balance of classes and broken files.

    Raises:
        FileNotFoundError, ImportError, ValueError: See :func:`load`.
    """
    _check_arguments(validation_split, unreadable)
    form = _form(image_size, color_mode)
    folder = os.fsdecode(folder)
    class_names, paths, labels = _list(Path(folder))
    whole = ImageDataset(
        paths,
        labels,
        form,
        batch_size=batch_size,
        shuffle=False,
        class_names=class_names,
        unreadable=unreadable,
    )
    assert whole.labels is not None
    apart = _set_apart(whole.labels, class_names, validation_split, seed)
    counts = np.bincount(whole.labels, minlength=len(class_names)).tolist()
    balance = [f"{folder}: {len(apart)} pictures", balance_text(class_names, counts)]
    report = [Advice.joined(", ", balance), *whole.notes]
    held_out = whole.part(np.flatnonzero(apart)) if apart.any() else None
    train = whole.part(np.flatnonzero(~apart), shuffle=True, seed=seed)
    return OpenFolder(train, held_out, class_names, Advice.joined("\n", report))


@suggesting
def read_image(
    path: AnyPath, image_size: tuple[int, int], *, color_mode: str = "rgb"
) -> NDArray[np.uint8]:
    """Reads one picture and stretches it to ``image_size``.

    A rotation noted by the camera is carried out; transparent parts become white; palettes, CMYK
    and 16-bit grey are converted; of an animation the first frame is taken.

    Args:
        path: The picture.
        image_size: Height and width in pixels.
        color_mode: ``"rgb"`` or ``"grayscale"``.

    Returns:
        ``(height, width, 3)``, or ``(height, width, 1)`` for grayscale, uint8.

    Raises:
        FileNotFoundError: There is no such file.
        ImportError: Pillow is not installed.
        ValueError: The file is not a picture or is damaged, or an argument is out of its range.
    """
    return read_picture(path, _form(image_size, color_mode))


def _check_arguments(validation_split: float, unreadable: str) -> None:
    if not 0 <= validation_split < 1:
        raise ValueError(
            f"validation_split must be at least 0 and less than 1, got {validation_split}"
        )
    if unreadable not in ("error", "skip"):
        raise ValueError(f"unreadable must be 'error' or 'skip', got {unreadable!r}")


def _set_apart(
    labels: NDArray[np.int64], class_names: tuple[str, ...], validation_split: float, seed: int
) -> NDArray[np.bool_]:
    """Which pictures are for validation: a part of each class."""
    apart = np.zeros(len(labels), bool)
    rng = np.random.default_rng(seed)
    for number, name in enumerate(class_names):
        members = np.flatnonzero(labels == number)
        count = round(len(members) * validation_split)
        if count == len(members):
            raise ValueError(
                f"class {name!r} has {len(members)} readable pictures, which leaves none for "
                "training: add pictures to it, or move the folder elsewhere"
            )
        apart[rng.permutation(members)[:count]] = True
    return apart


def _form(image_size: tuple[int, int], color_mode: str) -> Form:
    if color_mode not in ("rgb", "grayscale"):
        raise ValueError(f"color_mode must be 'rgb' or 'grayscale', got {color_mode!r}")
    return Form(image_size, color_mode)


def _list(folder: Path) -> tuple[tuple[str, ...], list[Path], NDArray[np.int64]]:
    """Class names, pictures in order, and the class number of each."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {folder}: give one whose subfolders are the classes"
        )
    classes = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not classes:
        raise ValueError(
            f"{folder} has no subfolders: put the pictures of each class into a folder of its own, "
            f"such as {folder / 'cat'} and {folder / 'dog'}"
        )
    refuse_parts(folder, "If they are the classes, give the folders other names")
    paths: list[Path] = []
    labels: list[int] = []
    for number, home in enumerate(classes):
        found = picture_files(home)
        if not found:
            raise ValueError(
                f"{home} has no pictures ({', '.join(sorted(SUFFIXES))}): every subfolder is "
                "a class, so add pictures to it or move it elsewhere"
            )
        paths += found
        labels += [number] * len(found)
    if note := nested_warning(classes):
        warnings.warn(note, stacklevel=3)
    return tuple(home.name for home in classes), paths, np.array(labels, np.int64)


def _read_all(
    paths: list[Path], form: Form, *, skip: bool
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """All pictures in one array, and which of them could be read."""
    images = np.zeros((len(paths), *form.shape), np.uint8)

    def read(i: int) -> ValueError | None:
        try:
            images[i] = read_picture(paths[i], form)
        except ValueError as error:
            return error
        return None

    readable = np.ones(len(paths), bool)
    # Pillow decodes without holding the interpreter's lock, so threads help.
    with ThreadPoolExecutor() as pool:
        for i, error in enumerate(pool.map(read, range(len(paths)))):
            if error is None:
                continue
            if not skip:
                raise error
            warnings.warn(f"left out: {error}", stacklevel=3)
            readable[i] = False
    return images, readable
