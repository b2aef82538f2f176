"""Two files of results: which rows became faster or slower by more than they scatter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fastcnn.bench.results import Result, key
from fastcnn.bench.table import SHORT, label

__all__ = ["Change", "changes", "lines", "machines_differ", "regressed"]


@dataclass(frozen=True)
class Change:
    """A row of both files.

    Attributes:
        row: The new one.
        ratio: How many times as fast it is, each measured against the limit of its own time.
        noise: By what factor it may differ through scatter alone.
    """

    row: Result
    ratio: float
    noise: float

    @property
    def beyond(self) -> bool:
        """Whether it is a change."""
        return not 1 / self.noise <= self.ratio <= self.noise

    @property
    def slower(self) -> bool:
        """Whether it is one for the worse."""
        return self.ratio < 1 / self.noise


def changes(old: Sequence[Result], new: Sequence[Result]) -> list[Change]:
    """Every row that both have, the largest loss first.

    Work that the peak limits is compared by its share of the peak measured beside it, so that a
    machine that was slower as a whole changes nothing; the rest by time.
    """
    before = {key(row): row for row in old}
    found = []
    for row in new:
        was = before.get(key(row))
        if was is None:
            continue
        ratio = was["ms"] / row["ms"]
        if row["floor"].startswith("compute"):
            ratio *= was["peak_gflops"] / row["peak_gflops"]
        found.append(Change(row, ratio, (1 + scatter(was)) * (1 + scatter(row))))
    return sorted(found, key=lambda change: change.ratio)


def scatter(row: Result) -> float:
    """How far the median of another run may lie from this one, as a share.

    Half the distance between 10th and 90th percentile, and never less than 2 %: medians of runs
    on one machine differ by that.
    """
    return max(float(row["spread"]) / 2, 0.02)


def lines(
    old: Sequence[Result], new: Sequence[Result], *, everything: bool = False
) -> Iterator[str]:
    """The changes as text, the largest loss first; then how many rows were compared."""
    found = changes(old, new)
    shown = [change for change in found if everything or change.beyond]
    width = max((len(label(change.row)) for change in shown), default=0)
    for change in shown:
        row = change.row
        mark = "slower" if change.slower else "faster" if change.beyond else ""
        yield (
            f"{label(row):{width}}  {SHORT[row['direction']]:8} {row['isa']} {row['threads']} thr  "
            f"{change.ratio:5.2f} x  (scatter {change.noise:.2f})  {mark}".rstrip()
        )
    slower = sum(change.slower for change in found)
    faster = sum(change.beyond for change in found) - slower
    yield (
        f"{len(found)} rows compared: {slower} slower, {faster} faster, "
        f"{len(found) - slower - faster} the same within their scatter"
    )
    alone = len(new) - len(found), len(old) - len({key(change.row) for change in found})
    if any(alone):
        yield f"only in the new file: {alone[0]}, only in the old: {alone[1]}"


def regressed(old: Sequence[Result], new: Sequence[Result]) -> bool:
    """Whether any row is slower beyond its scatter."""
    return any(change.slower for change in changes(old, new))


def machines_differ(old: dict[str, Any], new: dict[str, Any]) -> str:
    """What to say where two files are of different machines; empty where they are not."""
    facts = [name for name in ("cpu", "cores") if old.get(name) != new.get(name)]
    return ", ".join(f"{name}: {old.get(name)} and {new.get(name)}" for name in facts)
