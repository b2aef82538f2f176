"""Draws the chart of the README: ``python -m bench.plot_summary docs/data/summary.json OUT.png``

The file names the machine and, for each workload, the milliseconds of fastcnn and of its peers.
Each bar is a peer's time over fastcnn's: 2 means that fastcnn takes half as long, and a bar that
ends left of the line at 1 means that the peer is faster.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import Patch

COLOURS = {
    "fastest other library": "#66a61e",
    "PyTorch": "#d95f02",
    "Keras": "#a6761d",
    "ONNX Runtime": "#1f78b4",
    "OpenVINO": "#6a51a3",
}
# In rows: the height of a bar, and the space between workloads.
BAR = 0.8
GAP = 0.9


def ratios(workload: dict[str, Any]) -> dict[str, float]:
    """How many times as long as fastcnn each peer takes, slowest first."""
    ours = workload["fastcnn"]
    found = {peer: time / ours for peer, time in workload["peers"].items()}
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def draw(axes: Axes, workloads: list[dict[str, Any]]) -> list[str]:
    """All bars, from top to bottom; returns the peers in the order of the legend."""
    row = 0.0
    for workload in workloads:
        bars = ratios(workload)
        middle = row + (len(bars) - 1) / 2
        axes.text(-0.15, middle, workload["name"], ha="right", va="center", linespacing=1.35)
        for number, (peer, ratio) in enumerate(bars.items()):
            axes.barh(row + number, ratio, BAR, color=COLOURS[peer])
            axes.text(max(ratio, 1) + 0.06, row + number, f"{ratio:.1f}", va="center", fontsize=9)
        row += len(bars) + GAP
    axes.set_ylim(row - GAP - 0.3, -0.7)
    named = {peer for workload in workloads for peer in workload["peers"]}
    return [peer for peer in COLOURS if peer in named]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("picture", type=Path)
    options = parser.parse_args()
    results = json.loads(options.results.read_text())

    figure, axes = plt.subplots(figsize=(9, 4.6))
    peers = draw(axes, results["workloads"])
    axes.axvline(1, color="black", lw=1)
    axes.text(1, -0.95, "fastcnn = 1", ha="center", va="bottom", fontsize=9)
    axes.set_xlim(left=0)
    axes.set_yticks([])
    axes.set_xlabel("time of the other library over fastcnn's; left of the line it is faster")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    handles = [Patch(color=COLOURS[peer], label=peer) for peer in peers]
    axes.legend(handles=handles, loc="lower right", frameon=False)
    figure.text(
        0.5, 0.01, f"Measured on {results['machine']}", ha="center", fontsize=9, color="#444"
    )
    figure.tight_layout(rect=(0, 0.035, 1, 1))
    figure.savefig(options.picture, dpi=130)


if __name__ == "__main__":
    main()
