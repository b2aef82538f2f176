"""CIFAR-100: 60,000 colour photographs of 32x32 pixels in 100 classes, which form 20 groups.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. Read in the official
*binary* layout: a record is the byte of its group, that of its class, and 3072 pixel bytes (the
red, green and blue planes, row by row). No pickle is involved.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets import _cifar
from fastcnn.datasets._download import RemoteFile

__all__ = ["CLASS_NAMES", "GROUP_NAMES", "load_data"]

CLASS_NAMES = (
    "apple",
    "aquarium_fish",
    "baby",
    "bear",
    "beaver",
    "bed",
    "bee",
    "beetle",
    "bicycle",
    "bottle",
    "bowl",
    "boy",
    "bridge",
    "bus",
    "butterfly",
    "camel",
    "can",
    "castle",
    "caterpillar",
    "cattle",
    "chair",
    "chimpanzee",
    "clock",
    "cloud",
    "cockroach",
    "couch",
    "crab",
    "crocodile",
    "cup",
    "dinosaur",
    "dolphin",
    "elephant",
    "flatfish",
    "forest",
    "fox",
    "girl",
    "hamster",
    "house",
    "kangaroo",
    "keyboard",
    "lamp",
    "lawn_mower",
    "leopard",
    "lion",
    "lizard",
    "lobster",
    "man",
    "maple_tree",
    "motorcycle",
    "mountain",
    "mouse",
    "mushroom",
    "oak_tree",
    "orange",
    "orchid",
    "otter",
    "palm_tree",
    "pear",
    "pickup_truck",
    "pine_tree",
    "plain",
    "plate",
    "poppy",
    "porcupine",
    "possum",
    "rabbit",
    "raccoon",
    "ray",
    "road",
    "rocket",
    "rose",
    "sea",
    "seal",
    "shark",
    "shrew",
    "skunk",
    "skyscraper",
    "snail",
    "snake",
    "spider",
    "squirrel",
    "streetcar",
    "sunflower",
    "sweet_pepper",
    "table",
    "tank",
    "telephone",
    "television",
    "tiger",
    "tractor",
    "train",
    "trout",
    "tulip",
    "turtle",
    "wardrobe",
    "whale",
    "willow_tree",
    "wolf",
    "woman",
    "worm",
)
GROUP_NAMES = (
    "aquatic_mammals",
    "fish",
    "flowers",
    "food_containers",
    "fruit_and_vegetables",
    "household_electrical_devices",
    "household_furniture",
    "insects",
    "large_carnivores",
    "large_man-made_outdoor_things",
    "large_natural_outdoor_scenes",
    "large_omnivores_and_herbivores",
    "medium_mammals",
    "non-insect_invertebrates",
    "people",
    "reptiles",
    "small_mammals",
    "trees",
    "vehicles_1",
    "vehicles_2",
)

_LAYOUT = _cifar.Layout(
    name="CIFAR-100",
    archive=RemoteFile(
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        size=168_513_733,
        sha256="58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    ),
    archive_name="cifar-100-binary.tar.gz",
    folder="cifar-100-binary",
    files={"train.bin": 50_000, "test.bin": 10_000},
    training=50_000,
    label_bounds=(len(GROUP_NAMES), len(CLASS_NAMES)),
)
_LABELS = ("coarse", "fine")

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data(label_mode: str = "fine") -> tuple[Split, Split]:
    """Loads CIFAR-100, downloading it (169 MB) the first time.

    With ``FASTCNN_DATA_DIR`` set nothing is downloaded: that folder holds ``cifar-100-binary``, or
    ``train.bin`` and ``test.bin`` out of it, or ``cifar-100-binary.tar.gz``. Otherwise the data is
    kept in ``FASTCNN_CACHE_DIR`` (``~/.cache/fastcnn`` when unset).

    Args:
        label_mode: ``"fine"`` for the 100 classes, ``"coarse"`` for their 20 groups.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images ``(50000, 32, 32, 3)`` and
        ``(10000, 32, 32, 3)``, labels ``(50000, 1)`` and ``(10000, 1)``, all uint8.

    Raises:
        FileNotFoundError: ``FASTCNN_DATA_DIR`` is set and CIFAR-100 is not there.
        ConnectionError: The download failed; what came is kept and the next call goes on there.
        ValueError: Another ``label_mode``, or a file is damaged.
    """
    if label_mode not in _LABELS:
        raise ValueError(f"label_mode must be 'fine' or 'coarse', got {label_mode!r}")
    column = _LABELS.index(label_mode)
    (x_train, y_train), (x_test, y_test) = _cifar.load(_LAYOUT)
    chosen = slice(column, column + 1)
    return (x_train, y_train[:, chosen].copy()), (x_test, y_test[:, chosen].copy())
