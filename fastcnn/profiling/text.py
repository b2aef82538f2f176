"""A profile as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastcnn.profiling.columns import Column, aligned, shape_text, time_unit
from fastcnn.profiling.groups import Group, grouped
from fastcnn.profiling.record import ProfileRow
from fastcnn.profiling.roofline import MachineLimits

__all__ = ["OVERHEAD", "WAITING", "Totals", "head", "table"]

#: Rows for the time that belongs to no instruction.
WAITING, OVERHEAD = "(waiting for other threads)", "(overhead)"


@dataclass(frozen=True)
class Totals:
    """What a table says beside the rows; see :class:`~fastcnn.profiling.profile.Profile`."""

    title: str
    seconds: float
    waiting_seconds: float
    overhead_seconds: float
    threads: int
    runs: int
    limits: MachineLimits


def table(rows: Sequence[ProfileRow], totals: Totals, by: str) -> str:
    """The lines of a profile; see :meth:`~fastcnn.profiling.profile.Profile.table`."""
    groups = grouped(rows, by, totals.title)
    names = [group.name for group in groups]
    columns = [Column("layer" if by == "instruction" else by, names, right=False)]
    if by == "instruction":
        columns += _instructions(rows)
    else:
        columns.append(Column("instructions", [str(len(group.rows)) for group in groups]))
    columns += _numbers(groups, totals)
    if by == "instruction" and any(row.instruction.fused for row in rows):
        fused = [" + ".join(row.instruction.fused) for row in rows]
        columns.append(Column("fused from", fused, right=False))
    _add_rest(columns, totals)
    return "\n".join([*head(rows, totals), *aligned(columns)])


def head(rows: Sequence[ProfileRow], totals: Totals) -> list[str]:
    """What ran, on what, and how fast: two lines."""
    limits = totals.limits
    flops = sum(row.instruction.flops for row in rows)
    bound = sum(row.bound_seconds for row in rows)
    threads = f"{totals.threads} thread{'s' * (totals.threads > 1)}"
    runs = f", the fastest of {totals.runs} runs" if totals.runs > 1 else ""
    memory = limits.levels[-1][2]
    unit = time_unit(totals.seconds)
    return [
        f"{totals.title}: {unit.text(totals.seconds)} {unit.name} with {threads}{runs}; "
        f"{1e-9 * flops:.4g} GFLOP, {1e-9 * flops / totals.seconds:.1f} GFLOP/s; "
        f"the roofline bounds add up to {unit.text(bound)} {unit.name} "
        f"({bound / totals.seconds:.0%})",
        f"{limits.isa}: {limits.peak:.0f} GFLOP/s and {memory:.1f} GB/s of memory at best",
    ]


def _instructions(rows: Sequence[ProfileRow]) -> list[Column]:
    data = [row.instruction for row in rows]
    return [
        Column("op", [each.op for each in data], right=False),
        Column("output", [shape_text(each.outputs[0]) for each in data], right=False),
        Column("algorithm", [each.algorithm for each in data], right=False),
    ]


def _numbers(groups: Sequence[Group], totals: Totals) -> list[Column]:
    """Columns of what can be added up."""
    unit = time_unit(totals.seconds)
    columns = [
        Column(unit.name, [unit.text(group.seconds) for group in groups]),
        Column("% of run", [_percent(group.seconds, totals.seconds) for group in groups]),
        Column("GFLOP/s", [_rate(group.flops, group.seconds) for group in groups]),
        Column("% of peak", [_percent(group.compute_seconds, group.seconds) for group in groups]),
        Column("MB", [f"{1e-6 * group.bytes:.2f}" for group in groups]),
        Column("% of bound", [_percent(group.bound_seconds, group.seconds) for group in groups]),
    ]
    if totals.threads > 1:
        waited = [unit.text(group.waiting_seconds) for group in groups]
        columns.append(Column(f"others wait, {unit.name}", waited))
    return columns


def _add_rest(columns: Sequence[Column], totals: Totals) -> None:
    """Adds lines for the time that belongs to no row, and for all."""
    unit = time_unit(totals.seconds)
    lines = [(OVERHEAD, totals.overhead_seconds), ("total", totals.seconds)]
    if totals.threads > 1:
        lines.insert(0, (WAITING, totals.waiting_seconds))
    for name, seconds in lines:
        cells = {
            columns[0].head: name,
            unit.name: unit.text(seconds),
            "% of run": _percent(seconds, totals.seconds),
        }
        for column in columns:
            column.cells.append(cells.get(column.head, ""))


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole > 0 else ""


def _rate(flops: float, seconds: float) -> str:
    return f"{1e-9 * flops / seconds:.1f}" if flops and seconds > 0 else ""
