"""Draws learning curves side by side: ``python -m bench.plot_curves OUT.png LABEL=a.csv,b.csv ...``

Each label is one library with the CSV logs of its seeds (``bench.learning_curves``): loss left,
accuracy right; training dashed, test solid; thin lines are seeds, the thick one their mean. A line
a label is printed with the last epoch's mean test accuracy and its standard deviation.
"""

from __future__ import annotations

import argparse
import csv
import statistics
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

COLUMNS = ("loss", "val_loss", "accuracy", "val_accuracy")
Log = dict[str, list[float]]


def read(path: Path) -> Log:
    """The columns of a CSV log, a value an epoch."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    missing = [name for name in COLUMNS if not rows or name not in rows[0]]
    if missing:
        raise SystemExit(f"{path}: no column {', '.join(missing)}; expected a log with test data")
    return {name: [float(row[name]) for row in rows] for name in COLUMNS}


def draw(axes: Axes, logs: list[Log], name: str, label: str, colour: str, *, dashed: bool) -> None:
    """One quantity of one library: its seeds thin, their mean thick."""
    style = "--" if dashed else "-"
    for log in logs:
        axes.plot(range(1, len(log[name]) + 1), log[name], style, color=colour, lw=0.6, alpha=0.5)
    # A seed that stopped early ends the mean, not the picture.
    epochs = zip(*(log[name] for log in logs), strict=False)
    mean = [statistics.fmean(values) for values in epochs]
    axes.plot(
        range(1, len(mean) + 1),
        mean,
        style,
        color=colour,
        lw=2.2,
        label=f"{label}, {'training' if dashed else 'test'}",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("picture", type=Path)
    parser.add_argument("curves", nargs="+", metavar="LABEL=a.csv,b.csv")
    parser.add_argument("--title", default="Textbook CNN on CIFAR-10 (JPEG copy)")
    options = parser.parse_args()

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5))
    for number, entry in enumerate(options.curves):
        label, _, files = entry.partition("=")
        logs = [read(Path(name)) for name in files.split(",")]
        colour = f"C{number}"
        for axes, name in ((left, "loss"), (right, "accuracy")):
            draw(axes, logs, name, label, colour, dashed=True)
            draw(axes, logs, f"val_{name}", label, colour, dashed=False)
        last = [log["val_accuracy"][-1] for log in logs]
        spread = f" +- {statistics.stdev(last):.4f}" if len(last) > 1 else ""
        print(f"{label}: test accuracy {statistics.fmean(last):.4f}{spread}, {len(last)} seeds")
    left.set_ylabel("categorical cross-entropy")
    right.set_ylabel("accuracy")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.25)
        axes.legend(frameon=False)
    figure.suptitle(options.title)
    figure.tight_layout()
    figure.savefig(options.picture, dpi=120)


if __name__ == "__main__":
    main()
