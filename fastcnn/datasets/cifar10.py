"""CIFAR-10: 60,000 colour photographs of 32x32 pixels in ten classes.

A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009. Read in the official
*binary* layout: a record is one label byte and 3072 pixel bytes (the red, green and blue planes,
row by row), a file holds 10,000 records. No pickle is involved.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fastcnn.datasets import _cifar
from fastcnn.datasets._download import RemoteFile
from fastcnn.paths import AnyPath

__all__ = ["CLASS_NAMES", "load_data", "read_batch"]

CLASS_NAMES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)

_LAYOUT = _cifar.Layout(
    name="CIFAR-10",
    archive=RemoteFile(
        "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
        size=170_052_171,
        sha256="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    ),
    archive_name="cifar-10-binary.tar.gz",
    folder="cifar-10-batches-bin",
    files={
        **{f"data_batch_{number}.bin": 10_000 for number in range(1, 6)},
        "test_batch.bin": 10_000,
    },
    training=50_000,
    label_bounds=(10,),
)

Split = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def load_data() -> tuple[Split, Split]:
    """Loads CIFAR-10, downloading it (170 MB) the first time.

    With ``FASTCNN_DATA_DIR`` set nothing is downloaded: that folder holds
    ``cifar-10-batches-bin``, or the six ``.bin`` files themselves, or ``cifar-10-binary.tar.gz``.
    Otherwise the data is kept in ``FASTCNN_CACHE_DIR`` (``~/.cache/fastcnn`` when unset).

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: images ``(50000, 32, 32, 3)`` and
        ``(10000, 32, 32, 3)``, labels ``(50000, 1)`` and ``(10000, 1)``, all uint8.

    Raises:
        FileNotFoundError: ``FASTCNN_DATA_DIR`` is set and CIFAR-10 is not there.
        ConnectionError: The download failed; what came is kept and the next call goes on there.
        ValueError: A file is damaged or is not CIFAR-10 in its binary layout.
    """
    return _cifar.load(_LAYOUT)


def read_batch(path: AnyPath) -> Split:
    """Reads one file of the binary layout, with any whole number of records.

    Args:
        path: The file, such as ``data_batch_1.bin``.

    Returns:
        Images ``(records, 32, 32, 3)`` and labels ``(records, 1)``, both uint8.

    Raises:
        ValueError: The file does not consist of whole records, or has a label above 9.
    """
    file = Path(os.fsdecode(path))
    images, labels = _cifar.decode(_LAYOUT, _cifar.content_of(file), file)
    return np.ascontiguousarray(images), labels.copy()
