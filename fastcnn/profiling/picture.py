"""A profile as a picture: a bar for each instruction, and in it the roofline bound."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from fastcnn.paths import AnyPath
from fastcnn.picture_file import write_picture
from fastcnn.profiling.columns import shape_text, time_unit
from fastcnn.profiling.groups import Group, grouped
from fastcnn.profiling.record import ProfileRow
from fastcnn.profiling.text import OVERHEAD, WAITING, Totals

__all__ = ["check", "draw"]

#: Colour-blind safe (Okabe and Ito): bounds of arithmetic and of memory, time beyond them, time
#: that belongs to no instruction.
COMPUTE, MEMORY, BEYOND, REST = "#0072B2", "#009E73", "#E8C48F", "#BBBBBB"
#: Bars at most, and the least part of a run that has one; what remains is shown as one.
MOST, LEAST = 64, 1e-3
#: Inches: height of a line, of what is above and below the bars; width of the bars, of the numbers
#: beside them, and of a character of a name and of a detail.
LINE, ABOVE, BELOW, BARS, BESIDE, OF_NAME, OF_DETAIL = 0.17, 0.95, 0.45, 4.4, 1.7, 0.058, 0.047


@dataclass(frozen=True)
class _Bar:
    name: str
    detail: str
    seconds: float
    compute: float = 0.0
    memory: float = 0.0
    is_sum: bool = False

    @property
    def is_rest(self) -> bool:
        return self.name in (WAITING, OVERHEAD)


def check(path: AnyPath) -> None:
    """Refuses what cannot be drawn.

    Raises:
        ImportError: matplotlib is missing.
        ValueError: The ending is not known.
    """
    if os.path.splitext(os.fsdecode(path))[1].lower() not in (".png", ".svg", ".pdf"):
        raise ValueError(
            f"plot: the name of a picture must end in .png, .svg or .pdf, got {os.fsdecode(path)!r}"
        )
    if find_spec("matplotlib") is None:
        raise ImportError('plot: a picture needs matplotlib: run pip install "fastcnn[plot]"')


def draw(rows: Sequence[ProfileRow], totals: Totals, by: str, path: AnyPath) -> None:
    """Draws a profile; see :meth:`~fastcnn.profiling.profile.Profile.plot`."""
    groups = grouped(rows, by, totals.title)
    check(path)
    from matplotlib.figure import Figure

    bars = _bars(groups, totals, by)
    names = OF_NAME * max(len(bar.name) for bar in bars) + 0.25
    details = OF_DETAIL * max(len(bar.detail) for bar in bars) + 0.15
    width = names + details + BARS + BESIDE
    tall = LINE * len(bars)
    height = ABOVE + tall + BELOW
    figure = Figure(figsize=(width, height), dpi=130)
    axes = figure.add_axes(((names + details) / width, BELOW / height, BARS / width, tall / height))
    # Only those count that say something about one row; what is longer is cut off.
    single = [bar.seconds for bar in bars if not (bar.is_sum or bar.is_rest)]
    longest = max(single, default=bars[0].seconds)
    unit = time_unit(totals.seconds)
    axes.set_xlim(0, unit.per_second * longest)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    for y, bar in enumerate(bars):
        _draw_bar(axes, y, bar, longest, unit.per_second)
        _write_beside(axes, y, bar, totals, (names + details - 0.12) / BARS)
    axes.set_yticks([])
    axes.set_xlabel(unit.name, fontsize=7, labelpad=1)
    axes.tick_params(axis="x", labelsize=6.5, length=2, pad=2)
    axes.grid(axis="x", color="#e6e6e6", lw=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    _head(figure, groups, totals, width, height)
    write_picture(figure, path)


def _bars(groups: Sequence[Group], totals: Totals, by: str) -> list[_Bar]:
    """The longest in their order, the others together, and what belongs to none."""
    long = [group for group in groups if group.seconds >= LEAST * totals.seconds]
    kept = {id(group) for group in sorted(long, key=lambda group: -group.seconds)[:MOST]}
    few = [group for group in groups if id(group) not in kept]
    bars = [_bar(group, by) for group in groups if id(group) in kept]
    if few:
        rest = Group(f"{len(few)} others", [row for group in few for row in group.rows])
        detail = "" if by == "instruction" else f"{len(rest.rows)} instructions"
        bars.append(dataclasses.replace(_bar(rest, by), detail=detail, is_sum=True))
    if totals.threads > 1:
        bars.append(_Bar(WAITING, "", totals.waiting_seconds))
    return [*bars, _Bar(OVERHEAD, "", totals.overhead_seconds)]


def _bar(group: Group, by: str) -> _Bar:
    detail = f"{len(group.rows)} instructions"
    if len(group.rows) == 1:
        instruction = group.rows[0].instruction
        what = [instruction.op] if by != "op" else []
        what += [instruction.algorithm] if instruction.algorithm else []
        detail = f"{', '.join(what)}  {shape_text(instruction.outputs[0])}"
    memory = group.memory_bound_seconds
    return _Bar(group.name, detail, group.seconds, group.bound_seconds - memory, memory)


def _draw_bar(axes: Any, y: int, bar: _Bar, longest: float, per_second: float) -> None:
    bound = bar.compute + bar.memory
    # A bound beyond the time says that the machine was measured at a worse moment.
    scale = per_second * min(1.0, bar.seconds / bound) if bound > 0 else 0.0
    shape = {"height": 0.78, "lw": 0}
    colour = REST if bar.is_rest else BEYOND
    axes.barh(y, per_second * bar.seconds, color=colour, zorder=2, **shape)
    axes.barh(y, scale * bar.compute, color=COMPUTE, zorder=3, **shape)
    left = scale * bar.compute
    axes.barh(y, scale * bar.memory, left=left, color=MEMORY, zorder=3, **shape)
    if bar.seconds > longest:
        # White strokes across its end: the bar goes on.
        for at in (0.965, 0.98):
            ends = [at * per_second * longest, (at + 0.01) * per_second * longest]
            axes.plot(ends, [y + 0.4, y - 0.4], color="white", lw=1, zorder=4)


def _write_beside(axes: Any, y: int, bar: _Bar, totals: Totals, left: float) -> None:
    unit = time_unit(totals.seconds)
    at = {"va": "center", "transform": axes.get_yaxis_transform(), "clip_on": False}
    number = {"ha": "right", "fontsize": 6.5, **at}
    axes.text(-left, y, bar.name, ha="left", fontsize=6.5, color="#222222", **at)
    axes.text(-0.015, y, bar.detail, ha="right", fontsize=5.8, color="#666666", **at)
    axes.text(1.14, y, f"{unit.text(bar.seconds)} {unit.name}", **number)
    axes.text(1.25, y, f"{100 * bar.seconds / totals.seconds:.1f} %", **number)
    bound = bar.compute + bar.memory
    if bound > 0 and bar.seconds > 0:
        share = min(1.0, bound / bar.seconds)
        axes.text(1.36, y, f"{100 * share:.0f} %", color=COMPUTE, **number)


def _head(
    figure: Any, groups: Sequence[Group], totals: Totals, width: float, height: float
) -> None:
    from matplotlib.patches import Patch

    limits = totals.limits
    flops, bound = sum(g.flops for g in groups), sum(g.bound_seconds for g in groups)
    threads = f"{totals.threads} thread" + "s" * (totals.threads > 1)
    unit = time_unit(totals.seconds)
    at = {"va": "center", "x": 0.12 / width}
    figure.text(
        **at, y=1 - 0.2 / height,
        s=f"{totals.title}: {unit.per_second * totals.seconds:.4g} {unit.name}, {threads}",
        fontsize=11, fontweight="bold",
    )  # fmt: skip
    figure.text(
        **at,
        y=1 - 0.42 / height,
        s=f"{1e-9 * flops:.3g} GFLOP at {1e-9 * flops / totals.seconds:.0f} GFLOP/s; "
        f"{limits.isa}, at best {limits.peak:.0f} GFLOP/s and {limits.levels[-1][2]:.0f} GB/s of "
        f"memory; these bounds add up to {100 * bound / totals.seconds:.0f} % of the time",
        fontsize=7,
        color="#555555",
    )
    handles = [
        Patch(color=COMPUTE, label="bound by arithmetic"),
        Patch(color=MEMORY, label="bound by memory"),
        Patch(color=BEYOND, label="time beyond the bound"),
        Patch(color=REST, label="no instruction"),
    ]
    figure.legend(
        handles=handles, loc="center left", ncol=4, frameon=False, fontsize=7, borderaxespad=0.0,
        bbox_to_anchor=(0.06 / width, 1 - 0.66 / height), handletextpad=0.5, columnspacing=1.2,
    )  # fmt: skip
    right = width - BESIDE
    for offset, text in ((0.14, "time"), (0.25, "of run"), (0.36, "of bound")):
        figure.text(
            (right + offset * BARS) / width, 1 - (ABOVE - 0.1) / height, text, ha="right",
            va="center", fontsize=6.5, color="#555555",
        )  # fmt: skip
