"""Offsets of a Program's values in its arena, which let short-lived values share memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["ALIGNMENT", "Buffer", "assign_offsets"]

#: A cache line, which is also the widest vector.
ALIGNMENT = 64


@dataclass
class Buffer:
    """Memory that is needed from step ``first`` to step ``last``, both included."""

    bytes: int
    first: int
    last: int
    offset: int = 0


def assign_offsets(buffers: Sequence[Buffer]) -> int:
    """Sets every buffer's offset so that no two that live at the same time overlap.

    Largest first, each at the lowest gap that holds it (Pisarchyk and Lee, "Efficient Memory
    Management for Deep Neural Net Inference", 2020, greedy by size).

    Returns:
        Bytes of the arena.
    """
    placed: list[Buffer] = []
    total = 0
    for buffer in sorted(buffers, key=lambda b: (-b.bytes, b.first)):
        size = -(-buffer.bytes // ALIGNMENT) * ALIGNMENT
        neighbours = sorted(
            (b for b in placed if b.first <= buffer.last and buffer.first <= b.last),
            key=lambda b: b.offset,
        )
        offset = 0
        for other in neighbours:
            if offset + size <= other.offset:
                break
            offset = max(offset, other.offset + -(-other.bytes // ALIGNMENT) * ALIGNMENT)
        buffer.offset = offset
        placed.append(buffer)
        total = max(total, offset + size)
    return total
