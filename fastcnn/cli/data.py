"""Images for training and evaluation, by the name of a data set or the path of a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets import cifar10, cifar100, digits, fashion_mnist, image_folder, mnist
from fastcnn.datasets.image_dataset import ImageDataset

__all__ = ["Data", "Images", "load", "relabel"]

_FOLDER_SIZE = (64, 64)
_DATASET_SIZE = (32, 32)
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


@dataclass(frozen=True)
class Data:
    """Images to learn from, others to judge the result by, and what the class numbers mean."""

    train: Images
    held_out: Images
    held_out_name: str  # "test" where the data set has such a part, else "validation"
    class_names: tuple[str, ...]
    report: str = ""  # balance of the classes of a folder, and what cannot be read


def load(
    source: str,
    *,
    image_size: tuple[int, int] | None = None,
    channels: int | None = None,
    validation_split: float = 0.0,
    seed: int = 0,
    skip_unreadable: bool = False,
) -> Data:
    """Loads all of a data set, or opens a folder.

    Args:
        source: Name of a data set, or the path of a folder.
        image_size: Height and width, or None for what suits the source.
        channels: 1 or 3, or None for what suits the source.
        validation_split: Part of a folder to hold out; a data set has its own test part.
        seed: Decides which part of a folder is held out; that of a data set is always the same.
        skip_unreadable: Leave out files of a folder that are not pictures.

    Raises:
        ValueError: The source is unknown, or cannot be had in the form asked for.
    """
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
    folder = image_folder.open_folder(
        source,
        image_size or _FOLDER_SIZE,
        color_mode="grayscale" if channels == 1 else "rgb",
        validation_split=validation_split,
        seed=seed,
        unreadable="skip" if skip_unreadable else "error",
    )
    return Data(
        _images(folder.train),
        _images(folder.validation),
        "validation",
        folder.class_names,
        folder.report,
    )


def _images(dataset: ImageDataset | None) -> Images:
    if dataset is None:
        return Images(np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0, np.int64))
    assert dataset.labels is not None
    return Images(dataset, dataset.labels)


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
