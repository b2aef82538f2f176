"""Results as a picture: a bar for each shape against its floor, peers as marks on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastcnn.bench.table import SHORT

__all__ = ["check", "draw"]

Row = Mapping[str, Any]

#: Colour-blind safe (Okabe and Ito); one for each direction.
BARS = {
    "forward": "#0072B2",
    "backward": "#CC79A7",
    "input_gradient": "#56B4E9",
    "filter_gradient": "#009E73",
}
#: Marker and colour of each peer.
MARKS = {
    "numpy": ("|", "#555555"),
    "torch": ("o", "#D55E00"),
    "torch_tcmalloc": ("D", "#E69F00"),
    "onednn": ("s", "#000000"),
    "onnxruntime": ("^", "#882255"),
}
#: Height of a bar and of a heading, in inches.
LINE = 0.19
#: Where the axis ends; what is beyond is written beside its bar.
END = 1.25


def check(path: Path) -> None:
    """Refuses what cannot be drawn, before anything is measured for it.

    Raises:
        ImportError: matplotlib is missing.
        ValueError: The ending is not known.
    """
    if path.suffix not in (".png", ".svg", ".pdf"):
        raise ValueError(f"the picture {path} must end in .png, .svg or .pdf")
    if find_spec("matplotlib") is None:
        raise ImportError('a picture needs matplotlib: run pip install "fastcnn[plot]"')


def draw(machine: Row, rows: Sequence[Row], path: Path) -> None:
    """Draws a file of results.

    Args:
        machine: Its first line.
        rows: Those of one instruction set and number of threads or of several; a column each.
        path: Ending in ``.png``, ``.svg`` or ``.pdf``.

    Raises:
        ImportError: matplotlib is missing.
        ValueError: There are no rows, or the ending is not known.
    """
    if not rows:
        raise ValueError("there are no rows to draw")
    check(path)
    from matplotlib.figure import Figure

    columns = list(dict.fromkeys((row["isa"], row["threads"]) for row in rows))
    lines = _lines(rows)
    height = LINE * len(lines) + 1.5
    figure = Figure(figsize=(3.6 + 5.2 * len(columns), height), dpi=130)
    left, right = 2.9 / (3.6 + 5.2 * len(columns)), 0.985
    top, bottom = 1 - 0.95 / height, 0.42 / height
    grid = figure.add_gridspec(
        1, len(columns), left=left, right=right, top=top, bottom=bottom, wspace=0.06
    )
    for number, column in enumerate(columns):
        axes = figure.add_subplot(grid[number])
        _column(axes, lines, column, names=number == 0)
        threads = f"{column[1]} thread" + "s" * (column[1] > 1)
        axes.set_title(f"{column[0]}, {threads}", fontsize=9, loc="left", color="#333333")
    figure.text(
        0.012, 1 - 0.26 / height, "Share of what the machine could do at best",
        fontsize=13, fontweight="bold", va="center",
    )  # fmt: skip
    versions = machine["versions"]
    peers = [f"{name} {versions[name]}" for name in MARKS if name in versions]
    figure.text(
        0.012, 1 - 0.50 / height,
        f"{machine['cpu']}, {machine['cores']} cores.  fastcnn {versions['fastcnn']} (bars)"
        + ("; " + ", ".join(peers) if peers else ""),
        fontsize=7.5, color="#555555", va="center",
    )  # fmt: skip
    _legend(figure, rows, height)
    figure.savefig(path)


def _lines(rows: Sequence[Row]) -> list[str | tuple[Any, ...]]:
    """From above: the name of an operation, then the keys of its bars."""
    groups: dict[str, dict[tuple[Any, ...], dict[tuple[str, int], Row]]] = {}
    for row in rows:
        bar = (row["name"] or row["shape"], row["direction"], row["shape"])
        group = groups.setdefault(_heading(row), {})
        group.setdefault(bar, {})[row["isa"], row["threads"]] = row
    found: list[str | tuple[Any, ...]] = []
    for heading, bars in groups.items():
        found.append(heading)
        found += [(*bar, cells) for bar, cells in bars.items()]
    return found


def _heading(row: Row) -> str:
    return str(row["op"]).replace("_", " ")


def _column(axes: Any, lines: Sequence[Any], column: tuple[str, int], *, names: bool) -> None:
    axes.set_xlim(0, END)
    axes.set_ylim(len(lines) - 0.4, -0.7)
    for share in (0.25, 0.5, 0.75):
        axes.axvline(share, color="#e4e4e4", lw=0.7, zorder=0)
    axes.axvline(1, color="#333333", lw=1.1, zorder=1)
    for y, line in enumerate(lines):
        if isinstance(line, str):
            if names:
                axes.text(
                    -0.012, y, line, transform=axes.get_yaxis_transform(), ha="right",
                    va="center", fontsize=8, fontweight="bold", color="#222222",
                )  # fmt: skip
            continue
        name, direction, _, cells = line
        if names:
            axes.text(
                -0.012, y, _short(name), transform=axes.get_yaxis_transform(), ha="right",
                va="center", fontsize=7, color="#333333",
            )  # fmt: skip
        row = cells.get(column)
        if row is not None:
            _bar(axes, y, row, BARS[direction])
    axes.set_yticks([])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
    axes.set_xticklabels(["0", "25 %", "50 %", "75 %", "100 %"], fontsize=7.5, color="#333333")
    axes.tick_params(axis="x", length=0, pad=3)
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)


def _short(name: str, most: int = 44) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _bar(axes: Any, y: int, row: Row, colour: str) -> None:
    share = row["share"]
    axes.barh(y, min(share, END), height=0.74, color=colour, zorder=2, lw=0)
    for name, (marker, mark) in MARKS.items():
        other = row["contestants"].get(name)
        if other is not None:
            line = marker == "|"
            axes.plot(
                min(other["share"], END - 0.01), y, marker, color=mark, ms=3.6, zorder=4,
                mew=1.2 if line else 0.5, mec=mark if line else "white", clip_on=False,
            )  # fmt: skip
    shares = [share, *(c["share"] for c in row["contestants"].values())]
    beside = min(max(shares), END) + 0.012
    axes.text(
        beside, y, f"{share * 100:.0f} %  {_kind(row)}", va="center", fontsize=6,
        color="#666666", zorder=5,
    )  # fmt: skip


def _kind(row: Row) -> str:
    kinds = {"compute": "", "compute + stores": "+ stores"}
    return kinds.get(row["floor"], str(row["floor"]))


def _legend(figure: Any, rows: Sequence[Row], height: float) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    directions = [name for name in BARS if any(row["direction"] == name for row in rows)]
    peers = [name for name in MARKS if any(name in row["contestants"] for row in rows)]
    handles = [
        *(Patch(color=BARS[name], label=SHORT[name]) for name in directions),
        *(
            Line2D([], [], ls="", marker=MARKS[name][0], color=MARKS[name][1], ms=5,
                   mew=1.4 if MARKS[name][0] == "|" else 0.5, label=name.replace("_", " + "))
            for name in peers
        ),
    ]  # fmt: skip
    figure.legend(
        handles=handles, loc="center left", bbox_to_anchor=(0.005, 1 - 0.72 / height),
        ncol=len(handles), frameon=False, fontsize=7.5, handletextpad=0.4, columnspacing=1.3,
        borderaxespad=0.0,
    )  # fmt: skip
