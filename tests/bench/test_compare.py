"""What counts as a change between two results."""

import pytest

from fastcnn.bench.compare import changes, lines, machines_differ, regressed


def row(name="a", ms=1.0, spread=0.04, peak=100.0, floor="compute", **more):
    return {
        "op": "conv2d", "shape": f"x={name}", "name": name, "direction": "forward",
        "isa": "avx2", "threads": 1, "ms": ms, "spread": spread, "peak_gflops": peak,
        "floor": floor, **more,
    }  # fmt: skip


def test_the_same_within_its_scatter():
    (change,) = changes([row(ms=1.0)], [row(ms=1.03)])
    assert not change.beyond
    assert change.ratio == pytest.approx(1 / 1.03)
    assert change.noise == pytest.approx(1.02**2)


def test_slower_and_faster_in_order():
    old = [row("a"), row("b"), row("c"), row("gone")]
    new = [row("a", ms=0.5), row("b", ms=2.0), row("c"), row("new")]
    found = changes(old, new)
    assert [(c.row["name"], c.slower, c.beyond) for c in found] == [
        ("b", True, True), ("c", False, False), ("a", False, True)
    ]  # fmt: skip
    text = list(lines(old, new))
    assert "conv2d b" in text[0]
    assert text[0].endswith("slower")
    assert "conv2d a" in text[1]
    assert text[1].endswith("faster")
    assert text[2] == "3 rows compared: 1 slower, 1 faster, 1 the same within their scatter"
    assert text[3] == "only in the new file: 1, only in the old: 1"
    assert len(list(lines(old, new, everything=True))) == 5
    assert regressed(old, new)
    assert not regressed(old, [row("a", ms=0.5)])


def test_a_wide_scatter_hides_small_changes():
    assert changes([row(ms=1.0)], [row(ms=1.1)])[0].slower
    assert not changes([row(ms=1.0)], [row(ms=1.1, spread=0.3)])[0].slower


def test_a_machine_that_was_slower_as_a_whole_changes_nothing():
    old, new = row(ms=1.0, peak=100.0), row(ms=2.0, peak=50.0)
    assert changes([old], [new])[0].ratio == pytest.approx(1)
    # But what memory limits is not measured by multiply-adds.
    old, new = (value | {"floor": "memory"} for value in (old, new))
    assert changes([old], [new])[0].slower


@pytest.mark.parametrize("part", ["op", "shape", "direction", "isa", "threads"])
def test_rows_of_different_things_are_not_compared(part):
    assert changes([row()], [row() | {part: "other"}]) == []


def test_machines():
    assert machines_differ({"cpu": "one", "cores": 2}, {"cpu": "one", "cores": 2}) == ""
    told = machines_differ({"cpu": "one", "cores": 2}, {"cpu": "other", "cores": 2})
    assert told == "cpu: one and other"
