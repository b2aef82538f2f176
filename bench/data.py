"""Images for the benchmarks: CIFAR-10 where it is stored on disk, else noise of the same shape.

Needs only NumPy, so that the process of a peer need not import fastcnn for its data.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

__all__ = ["Images", "cifar10_or_noise", "read_cifar10"]

RECORD = 3073  # one label byte, then the red, green and blue planes of 32 x 32 pixels


class Images(NamedTuple):
    """Images ``(count, 32, 32, 3)`` and labels ``(count,)``, both uint8, and their origin."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    source: str


def _records(paths: list[Path]) -> tuple[np.ndarray, np.ndarray]:
    rows = np.concatenate([np.fromfile(path, np.uint8) for path in paths]).reshape(-1, RECORD)
    planes = rows[:, 1:].reshape(-1, 3, 32, 32)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), rows[:, 0].copy()


def read_cifar10(folder: Path) -> Images:
    """Read CIFAR-10, binary layout, from ``folder`` or the ``cifar-10-batches-bin`` inside it."""
    inner = folder / "cifar-10-batches-bin"
    home = inner if inner.is_dir() else folder
    train = _records([home / f"data_batch_{number}.bin" for number in range(1, 6)])
    test = _records([home / "test_batch.bin"])
    return Images(*train, *test, source="cifar10")


def cifar10_or_noise(folder: str | None = None, *, count: int = 50_000) -> Images:
    """Return CIFAR-10 from ``folder`` or ``$FASTCNN_DATA_DIR``; without either, noise.

    Noise serves for timing only: the cost of a step does not depend on what the images show.

    Args:
        folder: Where CIFAR-10 is stored; defaults to ``$FASTCNN_DATA_DIR``.
        count: Number of training images where it is noise; a fifth as many test images.
    """
    place = folder or os.environ.get("FASTCNN_DATA_DIR")
    if place:
        return read_cifar10(Path(place))
    rng = np.random.default_rng(0)
    sizes = (count, max(1, count // 5))
    parts = []
    for size in sizes:
        parts.append(rng.integers(0, 256, (size, 32, 32, 3), np.uint8))
        parts.append(rng.integers(0, 10, size, np.uint8))
    return Images(*parts, source="noise")
