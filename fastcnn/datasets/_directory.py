"""``image_dataset_from_directory``: Keras' arguments for :class:`ImageDataset`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastcnn.datasets._decode import Form
from fastcnn.datasets._parts import SUFFIXES, nested_warning, refuse_parts
from fastcnn.datasets._scan import balance_text
from fastcnn.datasets.image_dataset import ImageDataset
from fastcnn.messages import suggesting
from fastcnn.paths import AnyPath

__all__ = ["image_dataset_from_directory"]

_SUBSETS = ("training", "validation", "both")
_LABEL_MODES = ("int", "binary", "categorical", None)


@suggesting
def image_dataset_from_directory(
    directory: AnyPath,
    labels: str | ArrayLike | None = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str | None = None,
    verbose: bool = True,
    *,
    unreadable: str = "error",
    cache: bool | AnyPath = True,
    cache_bytes: int = 16 << 30,
    threads: int | None = None,
) -> Any:
    """Pictures of a folder with a subfolder per class, in batches, as in Keras.

    Which pictures a ``subset`` holds is decided as in Keras, so the same seed parts the same
    pictures. Batches are uint8 instead of float32, shrinking averages over all pixels, and an epoch
    is shuffled as a whole instead of through a buffer.

    Args:
        directory: The folder.
        labels: ``"inferred"`` from the subfolders, ``None`` for pictures alone, wherever in the
            folder they are, or an integer for each picture in the order of ``os.walk``, folders and
            files sorted.
        label_mode: ``"int"`` (int32; given labels as they are), ``"binary"`` (float32, one column
            of 0 and 1), ``"categorical"`` (float32 one-hot; given labels are numbered in their
            order), or ``None`` for pictures alone.
        class_names: Names of subfolders in the order in which they are numbered; ``None`` for all,
            in the order of their names.
        color_mode: ``"rgb"``, ``"grayscale"`` or ``"rgba"``.
        batch_size: Pictures per batch. ``None``, single pictures, is not supported.
        image_size: Height and width in pixels, or one number for both.
        shuffle: Whether pictures are shuffled; otherwise they come in the order of their paths.
        seed: Of the order and of the split.
        validation_split: Part to set apart, between 0 and 1.
        subset: ``"training"``, ``"validation"``, or ``"both"`` for a tuple of both.
        interpolation: ``"nearest"``, ``"bilinear"``, ``"bicubic"``, ``"lanczos3"`` or ``"area"``.
        follow_links: Whether linked folders are searched.
        crop_to_aspect_ratio: Whether the middle is cut out instead of stretching.
        pad_to_aspect_ratio: Whether black is added instead of stretching.
        data_format: ``None`` or ``"channels_last"``.
        format: Accepted for Keras' sake.
        verbose: Whether to print how many pictures each class has, and what is broken.
        unreadable: See :class:`ImageDataset`.
        cache: See :class:`ImageDataset`.
        cache_bytes: See :class:`ImageDataset`.
        threads: See :class:`ImageDataset`.

    Returns:
        An :class:`ImageDataset`, or two for ``subset="both"``.

    Raises:
        FileNotFoundError: There is no such folder.
        ImportError: Pillow is not installed.
        ValueError: Arguments that do not go together, a folder without pictures, files that cannot
            be read, or subfolders that are the parts of a split (``train`` and ``test``) and not
            classes; ``class_names`` says that they are.
    """
    directory = os.fsdecode(directory)
    _check(labels, label_mode, class_names, validation_split, subset, shuffle, seed)
    if data_format not in (None, "channels_last"):
        raise ValueError(f"data_format must be 'channels_last', got {data_format!r}")
    if batch_size is None:
        raise ValueError("batch_size=None is not supported; give a number, 1 for single pictures")
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be set")
    aspect = "crop" if crop_to_aspect_ratio else "pad" if pad_to_aspect_ratio else "stretch"
    pair: Any = image_size  # one number becomes two
    form = Form(pair, color_mode, interpolation.lower(), aspect)
    if label_mode is None and class_names is None:
        labels = None
    names, files, numbers = _listed(Path(directory), labels, class_names, follow_links)
    kinds, positions = np.unique(numbers, return_inverse=True)
    if isinstance(labels, str):
        kinds, positions = np.arange(len(names or ())), numbers
    counts = [] if names is None else np.bincount(positions, minlength=len(names)).tolist()
    if label_mode == "binary" and (names is None or len(names) != 2):
        found = "none" if names is None else ", ".join(names)
        raise ValueError(f"label_mode='binary' needs exactly 2 classes, found {found}")
    if seed is None:
        seed = int(np.random.randint(1_000_000))
    if shuffle:
        # Keras' way, so that the same seed sets the same pictures apart.
        np.random.RandomState(seed).shuffle(files)
        np.random.RandomState(seed).shuffle(numbers)
    if verbose:
        where = "." if names is None else f" belonging to {len(names)} classes."
        balance = " " + balance_text(names, counts) if names else ""
        _say(f"Found {len(files)} files{where}{balance}")
    apart = int((validation_split or 0) * len(files))
    parts = {
        "training": slice(0, len(files) - apart),
        "validation": slice(len(files) - apart, None),
    }
    wanted = ["training", "validation"] if subset == "both" else [subset or "training"]
    made = []
    for part in wanted:
        chosen = parts[part] if validation_split else slice(None)
        if not files[chosen]:
            raise ValueError(
                f"{directory}: validation_split={validation_split} of {len(files)} pictures leaves "
                f"none for {part}"
            )
        if verbose and validation_split:
            print(f"Using {len(files[chosen])} files for {part}.")
        dataset = ImageDataset(
            files[chosen],
            None if names is None else _encoded(numbers[chosen], kinds, label_mode),
            form,
            batch_size=batch_size,
            shuffle=shuffle and not (subset == "both" and part == "validation"),
            seed=seed,
            class_names=names,
            unreadable=unreadable,
            cache=cache,
            cache_bytes=cache_bytes,
            threads=threads,
        )
        if verbose and dataset.notes:
            _say("\n".join(dataset.notes))
        if verbose and dataset.broken and names is not None:
            left = np.delete(positions[chosen], list(dataset.broken))
            counts = np.bincount(left, minlength=len(names)).tolist()
            _say(f"{len(left)} files are left. {balance_text(names, counts)}")
        made.append(dataset)
    return made[0] if len(made) == 1 else tuple(made)


def _say(text: str) -> None:
    # Names of files need not be text in any encoding.
    print(text.encode("utf-8", "backslashreplace").decode())


def _check(
    labels: Any,
    label_mode: str | None,
    class_names: Any,
    validation_split: float | None,
    subset: str | None,
    shuffle: bool,
    seed: int | None,
) -> None:
    if isinstance(labels, str) and labels != "inferred":
        raise ValueError(f"labels must be 'inferred', None or a list of integers, got {labels!r}")
    if label_mode not in _LABEL_MODES:
        raise ValueError(
            f"label_mode must be 'int', 'binary', 'categorical' or None, got {label_mode!r}"
        )
    if class_names is not None and not isinstance(labels, str):
        raise ValueError("class_names can be given only with labels='inferred'")
    if validation_split is not None and not 0 < validation_split < 1:
        raise ValueError(f"validation_split must lie between 0 and 1, got {validation_split}")
    if (validation_split is None) != (subset is None):
        raise ValueError("validation_split and subset must be given together, or neither")
    if subset is not None and subset not in _SUBSETS:
        raise ValueError(f"subset must be 'training', 'validation' or 'both', got {subset!r}")
    if validation_split and shuffle and seed is None and subset != "both":
        raise ValueError(
            "with validation_split and shuffle give a seed too, the same for both subsets: else "
            "they overlap. Or use subset='both'"
        )


def _encoded(numbers: NDArray[Any], kinds: NDArray[Any], mode: str | None) -> Any:
    """Labels as batches have them, of labels as they were given and all that there are."""
    if mode is None:
        return None
    if mode == "int":
        return numbers
    columns = (numbers[:, None] == kinds).astype(np.float32)
    return columns[:, 1:] if mode == "binary" else columns


def _listed(
    folder: Path, labels: Any, class_names: Sequence[str] | None, follow_links: bool
) -> tuple[list[str] | None, list[str], NDArray[Any]]:
    """Class names, pictures in the order of their paths, and the class number of each."""
    if not folder.is_dir():
        raise FileNotFoundError(
            f"there is no folder {folder}: give one whose subfolders are the classes"
        )
    if not isinstance(labels, str):
        files = _pictures(folder, follow_links)
        if not files:
            raise ValueError(f"{folder} has no pictures ({', '.join(sorted(SUFFIXES))})")
        if labels is None:
            return None, files, np.zeros(len(files), np.int32)
        numbers = _given(labels)
        if len(numbers) != len(files):
            raise ValueError(
                f"labels has {len(numbers)} numbers, but {folder} has {len(files)} pictures: give "
                "one for each, in the order of the paths"
            )
        return [str(kind) for kind in np.unique(numbers)], files, numbers
    there = sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not there:
        raise ValueError(
            f"{folder} has no subfolders: put the pictures of each class into a folder of its own, "
            f"such as {folder / 'cat'} and {folder / 'dog'}; or give labels=None, label_mode=None"
        )
    if class_names is None:
        refuse_parts(folder, f"If they are the classes, give class_names={there}")
    names = there if class_names is None else list(class_names)
    if not set(names) <= set(there):
        raise ValueError(f"class_names {names} must be subfolders of {folder}: {', '.join(there)}")
    by_class = [_pictures(folder / name, follow_links) for name in names]
    empty = [name for name, files in zip(names, by_class, strict=True) if not files]
    if empty:
        raise ValueError(
            f"{folder / empty[0]} has no pictures ({', '.join(sorted(SUFFIXES))}): every subfolder "
            "is a class, so add pictures, move it elsewhere, or list the others in class_names"
        )
    if class_names is None and (note := nested_warning(folder / name for name in names)):
        warnings.warn(note, stacklevel=3)
    each = [len(files) for files in by_class]
    numbers = np.repeat(np.arange(len(names)), each).astype(np.int32)
    return names, [path for files in by_class for path in files], numbers


def _given(labels: Any) -> NDArray[Any]:
    """Labels that a caller gave as a row of integers."""
    try:
        numbers = np.asarray(labels)
    except ValueError as error:
        raise ValueError(
            f"labels must be a list of integers, one for each picture: {error}"
        ) from None
    if numbers.ndim != 1:
        raise ValueError(
            f"labels must be one integer for each picture, got an array of shape {numbers.shape}"
            + ("; y.argmax(1) numbers one-hot rows" if numbers.ndim == 2 else "")
        )
    if numbers.dtype.kind in "US":
        raise ValueError(
            f"labels must be integers, got texts such as {str(numbers[0])!r}: "
            "names, labels = numpy.unique(labels, return_inverse=True) numbers them"
        )
    if numbers.dtype.kind not in "biu":
        raise ValueError(f"labels must be integers, got {numbers.dtype}")
    narrow = np.iinfo(np.int32)
    wide = numbers.size and (numbers.min() < narrow.min or numbers.max() > narrow.max)
    return numbers.astype(np.int64 if wide else np.int32)


def _pictures(home: Path, follow_links: bool) -> list[str]:
    found = []
    for parent, folders, files in os.walk(home, followlinks=follow_links):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found.append((parent, sorted(name for name in files if not name.startswith("."))))
    return [
        os.path.join(parent, name)
        for parent, names in sorted(found)  # by whole paths, as Keras sorts them
        for name in names
        if Path(name).suffix.lower() in SUFFIXES
    ]
