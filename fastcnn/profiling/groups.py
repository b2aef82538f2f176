"""Rows of a profile, put together by layer or by operation."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastcnn.profiling.record import ProfileRow

__all__ = ["Group", "grouped", "origin_name"]

#: Characters of a layer's name at most; the end of a long one tells more than its beginning.
_LONGEST = 40


@dataclass(frozen=True)
class Group:
    """Rows that are shown as one.

    Attributes:
        name: What they have in common.
        rows: At least one.
    """

    name: str
    rows: Sequence[ProfileRow]

    @property
    def seconds(self) -> float:
        """Their part of the wall clock."""
        return sum(row.seconds for row in self.rows)

    @property
    def waiting_seconds(self) -> float:
        """How long other threads waited for them."""
        return sum(row.waiting_seconds for row in self.rows)

    @property
    def flops(self) -> float:
        """Floating-point operations of all."""
        return sum(row.instruction.flops for row in self.rows)

    @property
    def bytes(self) -> float:
        """Bytes that they read and write."""
        return sum(row.instruction.bytes for row in self.rows)

    @property
    def compute_seconds(self) -> float:
        """The least time for their FLOPs."""
        return sum(row.compute_seconds for row in self.rows)

    @property
    def bound_seconds(self) -> float:
        """The sum of their roofline bounds."""
        return sum(row.bound_seconds for row in self.rows)

    @property
    def memory_bound_seconds(self) -> float:
        """The part of :attr:`bound_seconds` of those rows that memory bounds."""
        return sum(r.bound_seconds for r in self.rows if r.memory_seconds > r.compute_seconds)


def grouped(rows: Sequence[ProfileRow], by: str, model: str) -> list[Group]:
    """The rows one by one in their order, or together, the longest first.

    Args:
        rows: Rows of a profile.
        by: ``"instruction"``, ``"layer"`` or ``"op"``.
        model: Name of the model, which is left out at the beginning of paths.

    Raises:
        ValueError: Another word.
    """
    if by == "instruction":
        return [Group(origin_name(row.origin, model), [row]) for row in rows]
    if by not in ("layer", "op"):
        raise ValueError(f"by must be 'instruction', 'layer' or 'op', got {by!r}")
    together: dict[str, list[ProfileRow]] = {}
    for row in rows:
        name = row.op if by == "op" else origin_name(row.origin, model)
        together.setdefault(name, []).append(row)
    groups = [Group(name, members) for name, members in together.items()]
    return sorted(groups, key=lambda group: -group.seconds)


def origin_name(origin: tuple[str, ...], model: str) -> str:
    """Where something comes from, in few characters: paths within the model.

    Several with one beginning are written as a shell would: ``block1/{conv, bn, relu}``.
    """
    paths = [path.removeprefix(f"{model}/") for path in origin]
    name = " + ".join(paths)
    if len(paths) > 1:
        same = os.path.commonprefix(paths)  # noqa: RUF071 - characters are meant, not folders
        start = re.sub(r"[^/_]*$", "", same)
        ends = ", ".join(path.removeprefix(start) for path in paths)
        name = f"{start}{{{ends}}}" if start else name
    if len(name) > _LONGEST and len(paths) > 1:
        name = f"{paths[0]} + {len(paths) - 1} more"
    return name if len(name) <= _LONGEST else "…" + name[1 - _LONGEST :]
