"""The picture of a training: loss and accuracy over the epochs."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

from fastcnn.callbacks.live_curves import CURVES_NEED, draw_curves
from fastcnn.picture_file import write_picture

__all__ = ["NEEDED", "available", "draw"]

NEEDED = CURVES_NEED


def available() -> bool:
    """Whether curves can be drawn here."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(log: Path, picture: Path, *, held_out_name: str) -> None:
    """Draws what :class:`fastcnn.cli.training_files.EpochLog` wrote.

    Args:
        log: CSV file with a row per epoch and the columns ``epoch``, from 1, ``loss``, ``accuracy``
            and, with held-out data, ``val_loss`` and ``val_accuracy``.
        picture: PNG file to write.
        held_out_name: What the ``val_`` columns are called in the picture.

    Raises:
        ImportError: matplotlib is not installed; see :func:`available`.
    """
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    columns = [] if not rows else [key for key in rows[0] if key != "epoch"]
    history = {key: [float(row[key]) for row in rows] for key in columns}
    epochs = [int(row["epoch"]) for row in rows]
    figure = draw_curves(epochs, history, ["loss", "accuracy"], held_out_name=held_out_name)
    write_picture(figure, picture, dpi=120)
