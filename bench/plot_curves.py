"""Draws learning curves side by side: ``python -m bench.plot_curves OUT.png LABEL=a.csv,b.csv ...``

Each label is one library with the CSV logs of its seeds (``bench.learning_curves``), in the same
order for all labels. Loss is on the left, accuracy on the right; training dashed, test solid; thin
lines are seeds, the thick one their mean. For each label, the mean test accuracy of the last epoch
and its standard deviation are printed.

Logs of the same seed must agree in the checksums of initial weights and data: libraries that were
trained on different data, or on the same data in another order, are not compared.
"""

from __future__ import annotations

import argparse
import csv
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

CURVES = ("loss", "val_loss", "accuracy", "val_accuracy")
CHECKSUMS = ("initial_weights", "all_batches")


@dataclass(frozen=True)
class Log:
    """One training run: a value for each epoch."""

    path: Path
    curves: dict[str, list[float]]
    checksums: list[tuple[str, ...]]


def read(path: Path) -> Log:
    """Read a CSV log of ``bench.learning_curves``."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    missing = [name for name in CURVES + CHECKSUMS if not rows or name not in rows[0]]
    if missing:
        raise SystemExit(
            f"{path}: no column {', '.join(missing)}; expected a log of bench.learning_curves"
        )
    return Log(
        path,
        {name: [float(row[name]) for row in rows] for name in CURVES},
        [tuple(row[name] for name in CHECKSUMS) for row in rows],
    )


def check_same_training(logs: Sequence[Sequence[Log]]) -> None:
    """Exit unless all libraries had the same initial weights and batches for each seed."""
    for seed in zip_longest(*logs):
        for log in seed:
            if log is None:
                raise SystemExit("expected as many logs for each label, one for each seed")
            if log.checksums != seed[0].checksums:
                raise SystemExit(
                    f"{seed[0].path} and {log.path} differ in initial weights, order of the data "
                    "or number of epochs, so their curves cannot be compared"
                )


def draw(
    axes: Axes, logs: Sequence[Log], name: str, label: str, number: int, *, dashed: bool
) -> None:
    """Draw one quantity of one library: its seeds thin, their mean thick.

    Of libraries whose curves coincide, the later ones are drawn narrower, so that all can be seen.
    """
    style, colour = "--" if dashed else "-", f"C{number}"
    runs = [log.curves[name] for log in logs]
    for values in runs:
        axes.plot(range(1, len(values) + 1), values, style, color=colour, lw=0.6, alpha=0.5)
    mean = [statistics.fmean(values) for values in zip(*runs, strict=True)]
    axes.plot(
        range(1, len(mean) + 1),
        mean,
        style,
        color=colour,
        lw=max(1.3, 4.0 - 2.4 * number),
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

    labels, logs = [], []
    for entry in options.curves:
        label, _, files = entry.partition("=")
        labels.append(label)
        logs.append([read(Path(name)) for name in files.split(",")])
    check_same_training(logs)

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.5))
    for number, (label, seeds) in enumerate(zip(labels, logs, strict=True)):
        for axes, name in ((left, "loss"), (right, "accuracy")):
            draw(axes, seeds, name, label, number, dashed=True)
            draw(axes, seeds, f"val_{name}", label, number, dashed=False)
        last = [log.curves["val_accuracy"][-1] for log in seeds]
        spread = f" +- {statistics.stdev(last):.4f}" if len(last) > 1 else ""
        print(f"{label}: test accuracy {statistics.fmean(last):.4f}{spread}, {len(last)} seeds")
    left.set_ylabel("loss (categorical cross-entropy)")
    right.set_ylabel("accuracy")
    right.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.grid(alpha=0.25)
    count = len(logs[0])
    seeds_drawn = f"; thick: mean of {count} seeds, thin: each seed" if count > 1 else ""
    figure.suptitle(options.title + seeds_drawn)
    # Below both, where it covers no curve.
    figure.legend(
        *left.get_legend_handles_labels(), loc="lower center", ncols=2 * len(labels), frameon=False
    )
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(options.picture, dpi=120)


if __name__ == "__main__":
    main()
