"""The arena: no two values that live together may overlap."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn.graph.planning.memory_planner import ALIGNMENT, Buffer, assign_offsets


def drawn(rng: np.random.Generator) -> list[Buffer]:
    """Few or many, short-lived or not, some of them empty or of one size."""
    longest, largest = rng.choice([1, 10, 30]), rng.choice([3, 200, 5000])
    buffers = []
    for _ in range(rng.integers(0, 41)):
        first = int(rng.integers(0, 31))
        last = first + int(rng.integers(0, longest + 1))
        buffers.append(Buffer(int(rng.integers(0, largest + 1)), first, last))
    return buffers


@pytest.mark.parametrize("seed", range(4))
def test_living_buffers_never_overlap(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(100):
        items = drawn(rng)
        total = assign_offsets(items)
        for i, a in enumerate(items):
            assert a.offset % ALIGNMENT == 0
            assert a.offset + a.bytes <= total or a.bytes == 0
            for b in items[:i]:
                together = a.first <= b.last and b.first <= a.last
                apart = a.offset + a.bytes <= b.offset or b.offset + b.bytes <= a.offset
                assert apart or not together or not a.bytes or not b.bytes, items


def test_buffers_that_never_meet_share_memory() -> None:
    items = [Buffer(1024, step, step) for step in range(10)]
    assert assign_offsets(items) == 1024
