"""A profile as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastcnn.profiling.record import ProfileRow
from fastcnn.profiling.roofline import MachineLimits

__all__ = ["OVERHEAD", "WAITING", "Totals", "layer_name", "shape_text", "table"]

#: Rows for the time that belongs to no instruction.
WAITING, OVERHEAD = "(waiting for other threads)", "(overhead)"
#: Characters of a layer's name at most; the end of a long one tells more than its beginning.
_LONGEST = 36


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
    if by == "instruction":
        columns = _instructions(rows, totals)
    elif by in ("layer", "op"):
        columns = _sums(rows, totals, by)
    else:
        raise ValueError(f"by must be 'instruction', 'layer' or 'op', got {by!r}")
    widths = [max(len(column.head), *map(len, column.cells)) for column in columns]
    lines = [
        "  ".join(column.text(line, width) for column, width in zip(columns, widths, strict=True))
        for line in range(-1, len(columns[0].cells))
    ]
    return "\n".join([*_head(rows, totals), *(line.rstrip() for line in lines)])


def layer_name(row: ProfileRow, model: str) -> str:
    """Where a row comes from, in few characters: paths within the model."""
    paths = [path.removeprefix(f"{model}/") for path in row.origin]
    name = " + ".join(paths)
    if len(name) > _LONGEST and len(paths) > 1:
        name = f"{paths[0]} + {len(paths) - 1} more"
    return name if len(name) <= _LONGEST else "…" + name[1 - _LONGEST :]


def shape_text(shape: tuple[int, ...]) -> str:
    """A shape in few characters: ``32x28x28x64``."""
    return "x".join(map(str, shape)) or "scalar"


def _head(rows: Sequence[ProfileRow], totals: Totals) -> list[str]:
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


def _instructions(rows: Sequence[ProfileRow], totals: Totals) -> list[_Column]:
    data = [row.instruction for row in rows]
    columns = [
        _Column("layer", [layer_name(row, totals.title) for row in rows], right=False),
        _Column("op", [row.op for row in rows], right=False),
        _Column("output", [shape_text(each.outputs[0]) for each in data], right=False),
        _Column("algorithm", [each.algorithm for each in data], right=False),
        *_numbers([[row] for row in rows], totals),
        _Column("fused from", [" + ".join(each.fused) for each in data], right=False),
    ]
    if not any(columns[-1].cells):
        columns.pop()
    return _with_rest(columns, totals)


def _sums(rows: Sequence[ProfileRow], totals: Totals, by: str) -> list[_Column]:
    groups: dict[str, list[ProfileRow]] = {}
    for row in rows:
        name = row.op if by == "op" else layer_name(row, totals.title)
        groups.setdefault(name, []).append(row)
    ordered = sorted(groups.items(), key=lambda group: -sum(row.seconds for row in group[1]))
    columns = [
        _Column(by, [name for name, _ in ordered], right=False),
        _Column("instructions", [str(len(group)) for _, group in ordered]),
        *_numbers([group for _, group in ordered], totals),
    ]
    return _with_rest(columns, totals)


def _numbers(groups: Sequence[Sequence[ProfileRow]], totals: Totals) -> list[_Column]:
    """Columns of what can be added up."""
    seconds = [sum(row.seconds for row in group) for group in groups]
    flops = [sum(row.instruction.flops for row in group) for group in groups]
    moved = [sum(row.instruction.bytes for row in group) for group in groups]
    compute = [sum(row.compute_seconds for row in group) for group in groups]
    bounds = [sum(row.bound_seconds for row in group) for group in groups]
    waited = [sum(row.waiting_seconds for row in group) for group in groups]
    columns = [
        _Column("ms", [f"{1e3 * each:.3f}" for each in seconds]),
        _Column("% of run", [_percent(each, totals.seconds) for each in seconds]),
        _Column("GFLOP/s", [_rate(each, time) for each, time in zip(flops, seconds, strict=True)]),
        _Column("% of peak", [_percent(*each) for each in zip(compute, seconds, strict=True)]),
        _Column("MB", [f"{1e-6 * each:.2f}" for each in moved]),
        _Column("% of bound", [_percent(*each) for each in zip(bounds, seconds, strict=True)]),
    ]
    if totals.threads > 1:
        columns.append(_Column("others wait, ms", [f"{1e3 * each:.3f}" for each in waited]))
    return columns


def _with_rest(columns: list[_Column], totals: Totals) -> list[_Column]:
    """The columns with lines for the time that belongs to no row, and for all."""
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
    return columns


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole > 0 else ""


def _rate(flops: float, seconds: float) -> str:
    return f"{1e-9 * flops / seconds:.1f}" if flops and seconds > 0 else ""
