"""Images for training and evaluation, by the name of a data set or the path of a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets import _parts, cifar10, cifar100, digits, fashion_mnist, image_folder, mnist
from fastcnn.datasets.image_dataset import ImageDataset
from fastcnn.messages import Advice

__all__ = ["Data", "Images", "load", "part_of", "relabel"]

_FOLDER_SIZE = (64, 64)
_DATASET_SIZE = (32, 32)
_VALIDATION_SPLIT = 0.2
#: Data sets that come in one form: size and channels.
_SETS: dict[str, tuple[Any, tuple[int, int], int]] = {
    "cifar10": (cifar10, (32, 32), 3),
    "cifar100": (cifar100, (32, 32), 3),
    "fashion_mnist": (fashion_mnist, (28, 28), 1),
    "mnist": (mnist, (28, 28), 1),
}


@dataclass(frozen=True)
class Images:
    """Images ``(count, height, width, channels)`` uint8, or a source of them, and class numbers."""

    x: NDArray[np.uint8] | ImageDataset
    y: NDArray[Any]

    def __len__(self) -> int:
        return len(self.y)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """Height, width and channels."""
        return self.x.form.shape if isinstance(self.x, ImageDataset) else self.x.shape[1:]

    def batches(self, batch_size: int) -> dict[str, Any]:
        """Arguments of ``fit`` and ``evaluate``."""
        if isinstance(self.x, ImageDataset):
            self.x.batch_size = batch_size
            return {"x": self.x}
        return {"x": self.x, "y": self.y, "batch_size": batch_size}


def _none() -> Images:
    return Images(np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0, np.int64))


@dataclass(frozen=True)
class Data:
    """Images to learn from, others to judge the result by, and what the class numbers mean."""

    train: Images
    held_out: Images
    held_out_name: str  # "test" where the data set has such a part, else "validation"
    class_names: tuple[str, ...]
    report: str = ""  # the parts of a folder, balance of the classes, and what cannot be read
    test: Images = field(default_factory=_none)  # of a folder, measured once at the end
    test_name: str = "test"


def load(
    source: str,
    *,
    image_size: tuple[int, int] | None = None,
    channels: int | None = None,
    validation_split: float | None = 0.0,
    validation: str | None = None,
    seed: int = 0,
    skip_unreadable: bool = False,
) -> Data:
    """Loads all of a data set, or opens a folder.

    Args:
        source: Name of a data set, or the path of a folder.
        image_size: Height and width, or None for what suits the source.
        channels: 1 or 3, or None for what suits the source.
        validation_split: Part of a folder to hold out; a data set has its own test part. ``None``
            holds out 0.2, unless the folder has a validation part or ``validation`` is given.
        validation: Folder whose pictures are held out.
        seed: Decides which part of a folder is held out; that of a data set is always the same.
        skip_unreadable: Leave out files of a folder that are not pictures.

    Raises:
        ValueError: The source is unknown, or cannot be had in the form asked for.
    """
    if validation is not None and (source in _SETS or source == "digits"):
        raise ValueError(
            f"--validation is for folders of pictures; {source} has a test part of its own"
        )
    if source in _SETS:
        module, size, colour = _SETS[source]
        if image_size not in (None, size) or channels not in (None, colour):
            raise ValueError(
                f"the pictures of {source} are {size[0]}x{size[1]} and in "
                f"{'colour' if colour == 3 else 'grey'}; for another form save them as files and "
                "give the folder"
            )
        learnt, held_out = (Images(x.reshape(-1, *size, colour), y) for x, y in module.load_data())
        return Data(learnt, held_out, "test", module.CLASS_NAMES)
    if source == "digits":
        height, width = image_size or _DATASET_SIZE
        if height != width:
            raise ValueError(
                f"the digits are square, not {height}x{width}: give one number of pixels"
            )
        train, test = digits.load_data(height, channels=channels or 1)
        return Data(Images(*train), Images(*test), "test", digits.CLASS_NAMES)
    if not Path(source).is_dir():
        raise ValueError(
            f"{source!r} is neither a data set ({', '.join([*_SETS, 'digits'])}) nor a "
            "folder of pictures"
        )
    if validation is not None and not Path(validation).is_dir():
        raise ValueError(f"--validation: there is no folder {validation}")
    return _load_folder(
        Path(source),
        None if validation is None else Path(validation),
        validation_split,
        {
            "image_size": image_size or _FOLDER_SIZE,
            "color_mode": "grayscale" if channels == 1 else "rgb",
            "seed": seed,
            "unreadable": "skip" if skip_unreadable else "error",
        },
    )


def _load_folder(
    folder: Path, validation: Path | None, share: float | None, settings: dict[str, Any]
) -> Data:
    """Opens a folder of classes, or the parts of a split that it has."""
    parts = _parts.find_parts(folder)
    if parts is None:
        learnt, test = folder, None
    else:
        if parts.train is None:
            raise ValueError(
                f"{folder} holds the parts of a split, but none to train on with a subfolder per "
                f"class: it has {', '.join(sorted(os.listdir(folder)))}. Put the pictures of each "
                f"class into a folder of its own, such as {folder / 'train' / 'cat'}; if these are "
                "the classes, give the folders other names"
            )
        learnt, test = parts.train, parts.test
        validation = validation or parts.validation
    if validation is not None:
        _check_apart(validation, learnt)
    if validation is not None and share is not None and share > 0:
        raise ValueError(
            f"--validation-split holds out a part of {learnt}, but {validation} is there to "
            f"validate on: leave out --validation-split, or give {learnt} alone"
        )
    if validation is not None:
        share = 0.0
    elif share is None:
        share = _VALIDATION_SPLIT
    opened = image_folder.open_folder(learnt, validation_split=share, **settings)
    report = [] if parts is None else [_parts_text(folder, parts, validation, share)]
    report.append(opened.report)
    held_out = _images(opened.validation)
    if validation is not None:
        held_out, text = _other_part(validation, learnt, opened.class_names, settings)
        report.append(text)
    judged = _none()
    if test is not None:
        judged, text = _other_part(test, learnt, opened.class_names, settings)
        report.append(text)
    return Data(
        _images(opened.train),
        held_out,
        "validation",
        opened.class_names,
        Advice.joined("\n", report),
        judged,
        f"test ({test})",
    )


def _check_apart(validation: Path, learnt: Path) -> None:
    """Refuse to validate on pictures that are learnt from."""
    if learnt.resolve() in (validation.resolve(), *validation.resolve().parents):
        raise ValueError(
            f"{validation} lies inside {learnt}, which is learnt from: give the two apart, such as "
            f"DATA {learnt / 'train'} --validation {learnt / 'validation'}"
        )


def _other_part(
    folder: Path, learnt: Path, class_names: tuple[str, ...], settings: dict[str, Any]
) -> tuple[Images, str]:
    """The pictures of another part, labelled as those of the training part, and their balance."""
    part = image_folder.open_folder(folder, **settings)
    unknown = [name for name in part.class_names if name not in class_names]
    if unknown:
        raise ValueError(
            f"{folder} has classes that {learnt} has not: {', '.join(unknown)}. There are "
            f"{', '.join(class_names)}; name the folders like that, or give {learnt} alone"
        )
    images = relabel(_images(part.train.in_order()), part.class_names, class_names)
    return images, part.report


def _parts_text(folder: Path, parts: _parts.Parts, validation: Path | None, share: float) -> str:
    """Says what each part is used for."""
    text = f"{folder} holds the parts of a split: learning from {parts.train}, "
    if validation is not None:
        text += f"validating on {validation}"
    else:
        text += f"validating on {share:.0%} of it, held out"
    text += f", testing on {parts.test} at the end" if parts.test else ", no test part"
    if parts.unlabelled:
        names = ", ".join(part.name for part in parts.unlabelled)
        text += f". Not used, for want of a subfolder per class: {names}"
    if parts.others:
        text += f". Not used: {', '.join(parts.others)}"
    return text


def _images(dataset: ImageDataset | None) -> Images:
    if dataset is None:
        return _none()
    assert dataset.labels is not None
    return Images(dataset, dataset.labels)


def part_of(source: str, part: str) -> str:
    """The folder of a part, where ``source`` is a folder that holds such; else ``source`` itself.

    Args:
        source: Name of a data set, or the path of a folder.
        part: ``"train"`` or ``"test"``.

    Raises:
        ValueError: The folder holds parts, but not this one.
    """
    if source in (*_SETS, "digits") or not Path(source).is_dir():
        return source
    chosen = _parts.part_of(Path(source), part)
    return source if chosen == Path(source) else str(chosen)


def relabel(images: Images, names: Sequence[str], model_names: Sequence[str]) -> Images:
    """The same images with classes numbered as a model numbers them.

    Args:
        images: Labelled by the positions in ``names``.
        names: Classes of the images.
        model_names: Classes of the model; there may be more of them.

    Raises:
        ValueError: The images have a class that the model does not know.
    """
    unknown = [name for name in names if name not in model_names]
    if unknown:
        raise ValueError(
            f"the data has classes that the model does not know: {', '.join(unknown)}. It knows "
            f"{', '.join(model_names)}; name the folders like that"
        )
    numbers = np.array([model_names.index(name) for name in names], np.int64)
    labels = numbers[images.y.reshape(-1)]
    if isinstance(images.x, ImageDataset):
        images.x.labels = labels
    return replace(images, y=labels)
