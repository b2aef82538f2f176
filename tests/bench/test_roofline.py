"""The least time for some work, on a machine of round numbers."""

import json

import pytest

from fastcnn.bench.limits_table import Limits
from fastcnn.bench.roofline import Work, kinds, roofline_bound

KB, MB = 1 << 10, 1 << 20


@pytest.mark.parametrize(
    ("size", "level"),
    [(KB, "L1"), (32 * KB, "L1"), (33 * KB, "L2"), (MB, "L2"), (2 * MB, "L3"), (16 * MB, "L3"),
     (32 * MB, "memory"), (1 << 40, "memory")],
)  # fmt: skip
def test_levels(limits, size, level):
    assert limits.level(size) == level


def test_rates_between_what_was_measured(limits):
    assert limits.rate("read", 16 * KB) == limits.rate("read", 1) == 400
    assert limits.rate("read", 1 << 40) == 10
    assert limits.rate("read", 4 * MB) == pytest.approx(141.4, abs=0.1)


def test_flops_in_cache(limits):
    found = roofline_bound(Work(10**9, MB, MB), limits, peak=50)
    assert (found.seconds, found.kind) == (pytest.approx(0.02), "compute")
    assert kinds(Work(10**9, MB, MB), limits) == []


def test_an_output_that_cannot_stay_is_stored_after_the_flops(limits):
    work = Work(10**10, MB, 64 * MB)
    found = roofline_bound(work, limits, peak=100)
    assert found.kind == "compute + stores"
    assert found.seconds == pytest.approx(0.1 + 64 * MB / 20e9)
    assert kinds(work, limits) == ["write", "stream_write"]
    # Where it can, a large input alone changes nothing.
    assert roofline_bound(Work(10**10, 64 * MB, MB), limits, peak=100).kind == "compute"


def test_bytes(limits):
    found = roofline_bound(Work(0, 64 * KB, 64 * KB), limits, peak=100)
    assert found.kind == "L2"
    assert found.seconds == pytest.approx(128 * KB / limits.rate("copy", 128 * KB) / 1e9)
    # More reading than writing: the rest is read alone, not slower than it is copied.
    found = roofline_bound(Work(0, 64 * MB, 16 * MB), limits, peak=100)
    assert found.kind == "memory"
    assert found.seconds == pytest.approx(80 * MB / 20e9)
    assert kinds(Work(0, 64 * MB, 16 * MB), limits) == ["copy", "stream_copy", "read"]
    assert kinds(Work(0, 16 * KB, 0), limits) == ["read"]
    assert kinds(Work(0, 0, 64 * MB), limits) == ["write", "stream_write"]


@pytest.mark.parametrize(
    ("size", "levels"),
    [
        # 32 KB, 1 MB and 32 MB of cache: what each keeps beyond those before it, then the rest.
        (64 * MB, [32 * KB, MB - 32 * KB, 31 * MB, 32 * MB]),
        (4 * MB, [32 * KB, MB - 32 * KB, 0, 3 * MB]),
        (256 * KB, [32 * KB, 224 * KB, 0, 0]),
    ],
)
def test_what_is_read_twice_is_read_again_from_what_keeps_it(limits, size, levels):
    once, twice = Work(0, size, size), Work(0, size, size, again=size)
    here = max(limits.rate(kind, 2 * size) for kind in ("read", "stream_copy"))
    rates = [*(limits.rate("read", held // 2) for held in limits.caches), here]
    more = roofline_bound(twice, limits, 100).seconds - roofline_bound(once, limits, 100).seconds
    assert more == pytest.approx(sum(n / rate / 1e9 for n, rate in zip(levels, rates, strict=True)))
    assert "read" in kinds(twice, limits)


def test_flops_that_take_less_than_the_bytes(limits):
    assert roofline_bound(Work(1000, 64 * MB, 0), limits, peak=100).kind == "memory"


def test_bandwidth_beside_the_work_comes_first(limits):
    work = Work(0, 32 * MB, 32 * MB)
    assert roofline_bound(work, limits, 100, {"copy": 40.0}).seconds == pytest.approx(
        64 * MB / 40e9
    )
    now = {"copy": 5.0, "stream_copy": 50.0}
    assert roofline_bound(work, limits, 100, now).seconds == pytest.approx(64 * MB / 50e9)


def test_limits_in_a_file(limits):
    assert Limits.of_data(json.loads(json.dumps(limits.as_data()))) == limits


def test_a_machine_that_hides_its_caches(limits):
    bare = Limits(1, limits.peak, limits.bandwidth, [])
    assert bare.level(KB) == "memory"
