"""Results as a picture: a bar for each shape against its roofline bound, peers as marks on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastcnn.bench.table import SHORT
from fastcnn.picture_file import write_picture

__all__ = ["check", "draw"]

Result = Mapping[str, Any]

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
#: Inches: height of a line, width of the names, of the bars, and of what is written beside them.
LINE, NAMES, BARS_WIDE, BESIDE = 0.155, 1.95, 2.9, 0.75
#: Lines in a column, about.
COLUMN = 62
#: Where bars end at least and at most; what is beyond says so in its number.
END, LAST = 1.12, 2.6
LOSING = "#B00020"


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


def draw(machine: Result, rows: Sequence[Result], path: Path) -> None:
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

    columns = _columns(_lines(rows))
    end = max(END, min(LAST, max(row["share"] for row in rows) + 0.05))
    each = NAMES + BARS_WIDE + BESIDE
    width, height = each * len(columns) + 0.1, LINE * max(map(len, columns)) + 1.35
    figure = Figure(figsize=(width, height), dpi=130)
    for number, lines in enumerate(columns):
        tall = LINE * len(lines)
        left, bottom = each * number + NAMES, height - 0.95 - tall
        axes = figure.add_axes((left / width, bottom / height, BARS_WIDE / width, tall / height))
        _column(axes, lines, end)
    _head(figure, machine, rows, width, height)
    write_picture(figure, path)


@dataclass(frozen=True)
class _Line:
    """A heading, or a bar; the name stands at the first bar of a shape only."""

    text: str
    row: Result | None = None


def _lines(rows: Sequence[Result]) -> list[list[_Line]]:
    """Blocks that stay together: for each operation, instruction set and number of threads."""
    several = len({(row["isa"], row["threads"]) for row in rows}) > 1
    blocks: dict[tuple[Any, ...], list[Result]] = {}
    for row in rows:
        blocks.setdefault((row["op"], row["isa"], row["threads"]), []).append(row)
    found = []
    for (op, isa, threads), block in blocks.items():
        heading = op.replace("_", " ")
        if several:
            heading += f", {isa}, {threads} thread" + "s" * (threads > 1)
        lines = [_Line(heading)]
        last = None
        for row in block:
            shape = row["shape"]
            lines.append(_Line("" if shape == last else row["name"] or shape, row))
            last = shape
        found.append(lines)
    return found


def _columns(blocks: Sequence[Sequence[_Line]]) -> list[list[_Line]]:
    """The blocks side by side in columns of about one height; long ones go on in the next."""
    total = sum(map(len, blocks))
    most = -(-total // max(1, round(total / COLUMN))) + 2
    columns: list[list[_Line]] = [[]]
    for block in blocks:
        heading = block[0]
        if columns[-1] and len(columns[-1]) + 3 > most:
            columns.append([])
        columns[-1].append(heading)
        for line in block[1:]:
            # A shape's directions stay together.
            if len(columns[-1]) >= most - 2 and line.text:
                columns.append([_Line(f"{heading.text} (continued)")])
            columns[-1].append(line)
    return columns


def _column(axes: Any, lines: Sequence[_Line], end: float) -> None:
    axes.set_xlim(0, end)
    axes.set_ylim(len(lines) - 0.4, -0.6)
    step = 0.25 if end < 1.4 else 0.5
    ticks = [step * i for i in range(int(end / step) + 1)]
    for share in ticks[1:]:
        axes.axvline(share, color="#e2e2e2", lw=0.7, zorder=0)
    axes.axvline(1, color="#333333", lw=1.0, zorder=1)
    names = axes.get_yaxis_transform()
    for y, line in enumerate(lines):
        heading = line.row is None
        axes.text(
            -0.015, y, _short(line.text), transform=names, ha="right", va="center",
            fontsize=7.5 if heading else 6.5, fontweight="bold" if heading else "normal",
            color="#111111" if heading else "#333333",
        )  # fmt: skip
        if line.row is not None:
            _bar(axes, y, line.row, end)
    axes.set_yticks([])
    axes.set_xticks(ticks)
    texts = [f"{share * 100:.0f} %" for share in ticks]
    axes.set_xticklabels(texts, fontsize=6.5, color="#333333")
    axes.tick_params(axis="x", length=0, pad=2)
    for side in ("top", "right", "bottom", "left"):
        axes.spines[side].set_visible(False)


def _short(name: str, most: int = 36) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"


def _bar(axes: Any, y: int, row: Result, end: float) -> None:
    share = row["share"]
    axes.barh(y, min(share, end), height=0.8, color=BARS[row["direction"]], zorder=2, lw=0)
    if share > end:
        # White strokes across its end: the bar goes on.
        for stroke in (0.965, 0.98):
            axes.plot(
                [stroke * end, (stroke + 0.01) * end], [y + 0.4, y - 0.4], color="white", lw=1,
                zorder=3,
            )  # fmt: skip
    for name, (marker, colour) in MARKS.items():
        other = row["contestants"].get(name)
        if other is None:
            continue
        x = min(other["share"], end)
        if marker == "|":
            axes.plot(x, y, marker, color="white", ms=6, mew=3, zorder=3, clip_on=False)
        axes.plot(
            x, y, marker, color=colour, ms=5 if marker == "|" else 3.8, clip_on=False, zorder=4,
            mew=1.4 if marker == "|" else 0.5, mec=colour if marker == "|" else "white",
        )  # fmt: skip
    best = max((c["share"] for c in row["contestants"].values()), default=0.0)
    axes.text(
        end * 1.025, y, f"{share * 100:.0f} %", va="center", fontsize=6.5, zorder=5,
        color=LOSING if best > 1.05 * share else "#333333",
    )  # fmt: skip
    axes.text(end * 1.14, y, _kind(row), va="center", fontsize=5.8, color="#777777", zorder=5)


def _kind(row: Result) -> str:
    kinds = {"compute": "", "compute + stores": "+ stores"}
    return kinds.get(row["floor"], str(row["floor"]))


def _head(
    figure: Any, machine: Result, rows: Sequence[Result], width: float, height: float
) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    versions = machine["versions"]
    places = dict.fromkeys((row["isa"], row["threads"]) for row in rows)
    where = "; ".join(f"{isa}, {n} thread" + "s" * (n > 1) for isa, n in places)
    figure.text(
        0.12 / width, 1 - 0.24 / height, "Share of what the machine could do at best",
        fontsize=12, fontweight="bold", va="center",
    )  # fmt: skip
    figure.text(
        0.12 / width, 1 - 0.46 / height,
        f"{machine['cpu']}, {machine['cores']} cores; fastcnn {versions['fastcnn']}; {where}",
        fontsize=7, color="#555555", va="center",
    )  # fmt: skip
    if any(row["contestants"] for row in rows):
        figure.text(
            1 - 0.12 / width, 1 - 0.46 / height, "red: a peer is ahead by 5 % or more",
            fontsize=7, color=LOSING, va="center", ha="right",
        )  # fmt: skip
    directions = [name for name in BARS if any(row["direction"] == name for row in rows)]
    peers = [name for name in MARKS if any(name in row["contestants"] for row in rows)]
    handles = [
        *(Patch(color=BARS[name], label=f"fastcnn, {SHORT[name]}") for name in directions),
        *(
            Line2D([], [], ls="", marker=MARKS[name][0], color=MARKS[name][1], ms=5,
                   mew=1.4 if MARKS[name][0] == "|" else 0.5, label=_peer(name, versions))
            for name in peers
        ),
    ]  # fmt: skip
    across = max(2, min(len(handles), int(width / 1.5)))
    figure.legend(
        handles=handles, loc="center left", ncol=across, frameon=False, fontsize=7,
        bbox_to_anchor=(0.05 / width, 1 - (0.70 if len(handles) <= across else 0.74) / height),
        handletextpad=0.5, columnspacing=1.2, borderaxespad=0.0,
    )  # fmt: skip


def _peer(name: str, versions: Result) -> str:
    version = str(versions.get(name, "")).partition("+")[0]
    known = {"torch_tcmalloc": "PyTorch, tcmalloc", "torch": "PyTorch", "onednn": "oneDNN"}
    title = known.get(name, {"numpy": "NumPy", "onnxruntime": "ONNX Runtime"}.get(name, name))
    return title if name in ("torch_tcmalloc", "onednn") else f"{title} {version}".strip()
