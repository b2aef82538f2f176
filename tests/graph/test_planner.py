"""The arena: no two values that live together may overlap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fastcnn.graph.planner import ALIGNMENT, Buffer, place

buffers = st.builds(
    lambda size, first, length: Buffer(size, first, first + length),
    st.integers(0, 5000),
    st.integers(0, 30),
    st.integers(0, 10),
)


@given(st.lists(buffers, max_size=40))
def test_living_buffers_never_overlap(items: list[Buffer]) -> None:
    total = place(items)
    for i, a in enumerate(items):
        assert a.offset % ALIGNMENT == 0
        assert a.offset + a.bytes <= total or a.bytes == 0
        for b in items[:i]:
            together = a.first <= b.last and b.first <= a.last
            apart = a.offset + a.bytes <= b.offset or b.offset + b.bytes <= a.offset
            assert apart or not together or not a.bytes or not b.bytes


def test_buffers_that_never_meet_share_memory() -> None:
    items = [Buffer(1024, step, step) for step in range(10)]
    assert place(items) == 1024
