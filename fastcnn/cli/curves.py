"""The picture of a training: loss and accuracy over the epochs."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path

__all__ = ["NEEDED", "available", "draw"]

NEEDED = 'drawing curves needs matplotlib, which is not installed: pip install "fastcnn[plot]"'

_MEASURES = ("loss", "accuracy")


def available() -> bool:
    """Whether curves can be drawn here."""
    return importlib.util.find_spec("matplotlib") is not None


def draw(log: Path, picture: Path, *, held_out_name: str) -> None:
    """Draws what a ``CSVLogger`` wrote.

    Args:
        log: CSV file with a row per epoch and the columns ``epoch``, ``loss``, ``accuracy`` and,
            with held-out data, ``val_loss`` and ``val_accuracy``.
        picture: PNG file to write.
        held_out_name: What the ``val_`` columns are called in the picture.

    Raises:
        ImportError: matplotlib is not installed; see :func:`available`.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    epochs = [int(row["epoch"]) + 1 for row in rows]
    figure = Figure(figsize=(10, 4), layout="constrained")
    for axes, measure in zip(figure.subplots(1, 2), _MEASURES, strict=True):
        for column, label in [(measure, "training"), (f"val_{measure}", held_out_name)]:
            if rows and column in rows[0]:
                values = [float(row[column]) for row in rows]
                axes.plot(epochs, values, marker="o", markersize=3, label=label)
        axes.set(xlabel="epoch", ylabel=measure, title=measure.capitalize())
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
        axes.legend()
    figure.savefig(picture, dpi=120)
