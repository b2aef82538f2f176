"""Draws the picture of docs/architecture.md: ``python tools/draw_architecture.py OUT.png``."""

from __future__ import annotations

import sys

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

WIDTH, HEIGHT = 2.55, 1.0
ONCE, EVERY = "#4c78a8", "#d1495b"  # work of the first batch of a shape, and of every batch

#: Lower left corner, folder, what it does.
BOXES = {
    "layers": (0.2, 6.0, "layers/  models/", "call(): which ops,\non which Variables"),
    "ops": (3.4, 6.0, "ops/", "Op: shape rule,\ngradient rule"),
    "graph": (6.6, 6.0, "graph/", "Nodes and Tensors;\ngradients"),
    "passes": (9.8, 6.0, "graph/passes/", "fuse, merge,\ndrop what is unused"),
    "lowering": (13.0, 6.0, "graph/", "memory planner,\nlowering"),
    "data": (0.2, 4.0, "data_adapters/", "arrays, folders,\ngenerators: batches"),
    "training": (3.4, 4.0, "training/", "fit, evaluate, predict,\nstep cache"),
    "results": (6.6, 4.0, "metrics/  callbacks/", "means, logs, early stop,\ncheckpoints"),
    "bindings": (3.4, 1.3, "bindings/", "borrow arrays,\nrelease the GIL"),
    "program": (6.6, 1.3, "engine/", "Program: Instructions\nover one arena"),
    "kernels": (9.8, 1.3, "kernels/", "one table of kernels per\ninstruction set"),
    "operators": (13.0, 1.3, "ops/", "Operator: check, choose\nalgorithm, split work"),
}
#: From, to, colour, label, where the label goes relative to the middle of the arrow.
ARROWS = [
    ("layers", "ops", ONCE, "", (0, 0)),
    ("ops", "graph", ONCE, "", (0, 0)),
    ("graph", "passes", ONCE, "", (0, 0)),
    ("passes", "lowering", ONCE, "", (0, 0)),
    ("training", "layers", ONCE, "trace", (0.3, 0.12)),
    ("lowering", "operators", ONCE, "prepare once", (0.12, 0.4)),
    ("operators", "program", ONCE, "", (0, 0)),
    ("data", "training", EVERY, "", (0, 0)),
    ("training", "bindings", EVERY, "one call\nper batch", (0.12, 0.45)),
    ("bindings", "program", EVERY, "", (0, 0)),
    ("program", "kernels", EVERY, "", (0, 0)),
    ("program", "results", EVERY, "loss,\nmetric sums", (0.12, 0.45)),
]


def box(axes: Axes, x: float, y: float, name: str, text: str) -> None:
    style = "round,pad=0.02,rounding_size=0.08"
    axes.add_patch(FancyBboxPatch((x, y), WIDTH, HEIGHT, style, fc="white", ec="#444", zorder=2))
    middle = x + WIDTH / 2
    axes.text(middle, y + 0.8, name, ha="center", va="center", weight="bold", size=9.5, zorder=3)
    axes.text(middle, y + 0.35, text, ha="center", va="center", size=8, zorder=3)


def ends(first: str, second: str) -> tuple[tuple[float, float], tuple[float, float], str]:
    """Start, end and bend of an arrow between two boxes."""
    (x0, y0, *_), (x1, y1, *_) = BOXES[first], BOXES[second]
    if (first, second) == ("operators", "program"):  # below the kernels
        return (x0 + WIDTH / 2, y0), (x1 + WIDTH / 2, y1), "bar,fraction=-0.07"
    if y0 == y1:
        return (x0 + WIDTH, y0 + HEIGHT / 2), (x1, y1 + HEIGHT / 2), "arc3"
    down = y0 > y1
    start = (x0 + WIDTH / 2, y0 if down else y0 + HEIGHT)
    return start, (x1 + WIDTH / 2, y1 + HEIGHT if down else y1), "arc3"


def main() -> None:
    figure, axes = plt.subplots(figsize=(12, 5.9))
    for y, height, colour, title in [
        (3.7, 3.9, "#eef4fb", "Python (fastcnn/) describes"),
        (0.5, 2.4, "#fdf3e7", "C++ (csrc/) computes"),
    ]:
        axes.add_patch(
            FancyBboxPatch((0, y), 15.75, height, "round,pad=0.05", fc=colour, ec="none")
        )
        axes.text(0.15, y + height - 0.22, title, va="center", size=11, weight="bold", color="#444")
    for x, y, name, text in BOXES.values():
        box(axes, x, y, name, text)
    for first, second, colour, label, (dx, dy) in ARROWS:
        start, end, bend = ends(first, second)
        axes.annotate(
            "",
            end,
            start,
            arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.6, "connectionstyle": bend},
            zorder=4,
        )
        x, y = (start[0] + end[0]) / 2 + dx, (start[1] + end[1]) / 2 + dy
        axes.text(x, y, label, size=8, color=colour, va="center", zorder=5)
    for x, colour, text in [(0.2, ONCE, "first batch of a shape"), (4.2, EVERY, "every batch")]:
        axes.annotate(
            "",
            (x + 0.7, 0.1),
            (x, 0.1),
            arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.6},
        )
        axes.text(x + 0.85, 0.1, text, size=9, va="center")
    axes.set_xlim(-0.1, 15.9)
    axes.set_ylim(-0.1, 7.75)
    axes.axis("off")
    figure.tight_layout(pad=0.2)
    figure.savefig(sys.argv[1], dpi=120)


if __name__ == "__main__":
    main()
