"""A profile as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastcnn.profiling.groups import Group, grouped
from fastcnn.profiling.record import ProfileRow
from fastcnn.profiling.roofline import MachineLimits

__all__ = ["OVERHEAD", "WAITING", "Totals", "head", "shape_text", "table"]

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


@dataclass(frozen=True)
class _Column:
    """Cells, one to a line; numbers stand at the right."""

    head: str
    cells: list[str]
    right: bool = True

    def text(self, line: int, width: int) -> str:
        cell = self.head if line < 0 else self.cells[line]
        return cell.rjust(width) if self.right else cell.ljust(width)


def table(rows: Sequence[ProfileRow], totals: Totals, by: str) -> str:
    """The lines of a profile; see :meth:`~fastcnn.profiling.profile.Profile.table`."""
    groups = grouped(rows, by, totals.title)
    names = [group.name for group in groups]
    columns = [_Column("layer" if by == "instruction" else by, names, right=False)]
    if by == "instruction":
        columns += _instructions(rows)
    else:
        columns.append(_Column("instructions", [str(len(group.rows)) for group in groups]))
    columns += _numbers(groups, totals)
    if by == "instruction" and any(row.instruction.fused for row in rows):
        fused = [" + ".join(row.instruction.fused) for row in rows]
        columns.append(_Column("fused from", fused, right=False))
    _add_rest(columns, totals)
    widths = [max(len(column.head), *map(len, column.cells)) for column in columns]
    lines = [
        "  ".join(column.text(line, width) for column, width in zip(columns, widths, strict=True))
        for line in range(-1, len(columns[0].cells))
    ]
    return "\n".join([*head(rows, totals), *(line.rstrip() for line in lines)])


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape in few characters: ``32x28x28x64``."""
    return "x".join(map(str, shape)) or "scalar"


def head(rows: Sequence[ProfileRow], totals: Totals) -> list[str]:
    """What ran, on what, and how fast: two lines."""
    limits = totals.limits
    flops = sum(row.instruction.flops for row in rows)
    bound = sum(row.bound_seconds for row in rows)
    threads = f"{totals.threads} thread{'s' * (totals.threads > 1)}"
    runs = f", the fastest of {totals.runs} runs" if totals.runs > 1 else ""
    memory = limits.levels[-1][2]
    return [
        f"{totals.title}: {1e3 * totals.seconds:.3f} ms with {threads}{runs}; "
        f"{1e-9 * flops:.4g} GFLOP, {1e-9 * flops / totals.seconds:.1f} GFLOP/s; "
        f"the roofline bounds add up to {1e3 * bound:.3f} ms ({bound / totals.seconds:.0%})",
        f"{limits.isa}: {limits.peak:.0f} GFLOP/s and {memory:.1f} GB/s of memory at best",
    ]


def _instructions(rows: Sequence[ProfileRow]) -> list[_Column]:
    data = [row.instruction for row in rows]
    return [
        _Column("op", [each.op for each in data], right=False),
        _Column("output", [shape_text(each.outputs[0]) for each in data], right=False),
        _Column("algorithm", [each.algorithm for each in data], right=False),
    ]


def _numbers(groups: Sequence[Group], totals: Totals) -> list[_Column]:
    """Columns of what can be added up."""
    columns = [
        _Column("ms", [f"{1e3 * group.seconds:.3f}" for group in groups]),
        _Column("% of run", [_percent(group.seconds, totals.seconds) for group in groups]),
        _Column("GFLOP/s", [_rate(group.flops, group.seconds) for group in groups]),
        _Column("% of peak", [_percent(group.compute_seconds, group.seconds) for group in groups]),
        _Column("MB", [f"{1e-6 * group.bytes:.2f}" for group in groups]),
        _Column("% of bound", [_percent(group.bound_seconds, group.seconds) for group in groups]),
    ]
    if totals.threads > 1:
        waited = [f"{1e3 * group.waiting_seconds:.3f}" for group in groups]
        columns.append(_Column("others wait, ms", waited))
    return columns


def _add_rest(columns: Sequence[_Column], totals: Totals) -> None:
    """Adds lines for the time that belongs to no row, and for all."""
    lines = [(OVERHEAD, totals.overhead_seconds), ("total", totals.seconds)]
    if totals.threads > 1:
        lines.insert(0, (WAITING, totals.waiting_seconds))
    for name, seconds in lines:
        cells = {
            columns[0].head: name,
            "ms": f"{1e3 * seconds:.3f}",
            "% of run": _percent(seconds, totals.seconds),
        }
        for column in columns:
            column.cells.append(cells.get(column.head, ""))


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole > 0 else ""


def _rate(flops: float, seconds: float) -> str:
    return f"{1e-9 * flops / seconds:.1f}" if flops and seconds > 0 else ""
