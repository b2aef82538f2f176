"""Where the time of a run goes: parts that add up to the wall clock, in the right rows."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from fastcnn import Input, Sequential, graph, layers, ops, runtime
from fastcnn.profiling import Event, Instruction, MachineLimits, Profile, machine_limits
from fastcnn.profiling.groups import origin_name

LIMITS = MachineLimits("any", 2, 100.0, (("L1", 1e3, 100.0), ("memory", float("inf"), 10.0)))


def made(events: list[Event], seconds: float, threads: int, instructions: int = 2) -> Profile:
    """A profile of instructions of a million FLOPs and two kilobytes each."""
    names = [f"op{index}" for index in range(instructions)]
    data = tuple(Instruction(n, (f"net/{n}",), (), ((2,),), ((2,),), "", 1e6, 2e3) for n in names)
    profile = Profile("net", seconds, threads, data, tuple(events))
    profile.__dict__["limits"] = LIMITS
    return profile


def network() -> Sequential:
    return Sequential(
        [
            Input((32, 32, 8)),
            layers.Conv2D(64, 3, padding="same", activation="relu", name="conv"),
            layers.BatchNormalization(name="bn"),
            layers.Conv2D(64, 3, padding="same", name="conv2"),
            layers.GlobalAveragePooling2D(name="pool"),
            layers.Dense(10, activation="softmax", name="dense"),
        ],
        name="net",
    )


def batch(size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((size, 32, 32, 8), np.float32), np.zeros(size, np.int64)


def test_seconds_of_threads_that_work_at_once() -> None:
    """Two threads at the same instruction take half of what their times add up to."""
    profile = made([Event(0, 0, 0, 0, 400, 4), Event(1, 0, 0, 0, 400, 4)], 4e-7, 2, 1)
    (row,) = profile.rows
    assert row.seconds == pytest.approx(4e-7)
    assert row.gflops == pytest.approx(1e6 / 400)
    assert profile.waiting_seconds == profile.overhead_seconds == 0


def test_who_waits_is_told_from_what_nobody_does() -> None:
    events = [
        Event(0, 0, 0, 100, 500, 1),  # thread 1 has nothing to do for 400
        Event(0, 1, -1, 500, 600, 1),
        Event(1, 1, 0, 500, 700, 1),  # and thread 0 from 600 to 700
    ]
    profile = made(events, 9e-7, 2)
    one, two = profile.rows
    assert (one.seconds, one.waiting_seconds) == pytest.approx((2e-7, 2e-7))
    assert (two.seconds, two.waiting_seconds) == pytest.approx((1.5e-7, 0.5e-7))
    assert (one.packing_seconds, two.packing_seconds) == pytest.approx((0, 0.5e-7))
    assert profile.waiting_seconds == pytest.approx(2.5e-7)
    # 100 at the beginning and 200 at the end, of both threads.
    assert profile.overhead_seconds == pytest.approx(3e-7)


def test_waiting_is_shared_by_what_runs_meanwhile() -> None:
    events = [Event(0, 0, 0, 0, 300, 1), Event(1, 1, 0, 0, 300, 1)]
    one, two = made(events, 3e-7, 3).rows
    assert one.waiting_seconds == two.waiting_seconds == pytest.approx(0.5e-7)


def test_events_that_take_no_time_are_no_one_s_work() -> None:
    events = [Event(0, 0, 0, 50, 50, 1), Event(1, 1, 0, 50, 50, 1)]
    profile = made(events, 1e-7, 2)
    assert profile.overhead_seconds == pytest.approx(1e-7)
    assert [row.gflops for row in profile.rows] == [0, 0]


def test_bounds_of_arithmetic_and_memory() -> None:
    row = made([Event(0, 0, 0, 0, 20_000, 1)], 2e-5, 1, 1).rows[0]
    assert row.compute_seconds == pytest.approx(1e-5)
    # A kilobyte from the cache, the other from memory.
    assert row.memory_seconds == pytest.approx(1e3 / 100e9 + 1e3 / 10e9)
    assert row.bound_seconds == row.compute_seconds
    assert row.share_of_peak == row.share_of_bound == pytest.approx(0.5)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("train", [False, True], ids=["inference", "training"])
def test_parts_add_up_to_the_wall_clock(train: bool, threads: int) -> None:
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = batch(32)
    model.train_on_batch(x, y)
    profile = model.profile(x, y if train else None, threads=threads)
    parts = [row.seconds for row in profile.rows]
    parts += [profile.waiting_seconds, profile.overhead_seconds]
    assert profile.threads == threads
    assert all(part >= 0 for part in parts)
    assert sum(parts) == pytest.approx(profile.seconds, rel=0.05)
    # Nearly all of it belongs to instructions, or to threads that wait for them.
    assert profile.overhead_seconds < 0.2 * profile.seconds


def test_seconds_are_those_of_the_caller_s_clock() -> None:
    x = graph.placeholder((512, 512))
    program = graph.compile([x], [ops.matmul(x, x)])._program
    arrays, outputs = [np.ones((512, 512), np.float32)], [np.empty((512, 512), np.float32)]
    shares = []
    for _ in range(9):
        begin = time.perf_counter_ns()
        _, nanoseconds, _ = program.record(arrays, outputs, 1)
        shares.append(nanoseconds / (time.perf_counter_ns() - begin))
    assert max(shares) <= 1
    assert max(shares) > 0.9


def test_no_rate_beyond_the_machine() -> None:
    """Two threads once gave twice the rate that they had."""
    x = graph.placeholder((1024, 1024))
    function = graph.compile([x], [ops.matmul(x, x)])
    profile = function.profile(np.ones((1024, 1024), np.float32), threads=2)
    (row,) = profile.rows
    assert row.instruction.flops == 2 * 1024**3
    work = sum(event.end - event.begin for event in profile.events)
    assert row.gflops == pytest.approx(2 * 1024**3 / (work / 2), rel=1e-6)
    assert row.gflops < 1.3 * max(runtime.peak(threads=2, seconds=0.05), profile.limits.peak)


def test_events_have_every_item_once() -> None:
    x = graph.placeholder((64, 128, 128))
    function = graph.compile([x], [ops.exp(x)])
    value = np.zeros((64, 128, 128), np.float32)
    alone = function.profile(value, runs=1, threads=1).events
    shared = function.profile(value, runs=1, threads=2).events
    assert sum(e.items for e in alone) == sum(e.items for e in shared) > 1
    assert {e.thread for e in alone} == {0}
    for events in (alone, shared):
        for thread in (0, 1):
            own = [e for e in events if e.thread == thread]
            assert all(e.begin <= e.end for e in own)
            assert all(a.end <= b.begin for a, b in itertools.pairwise(own))


def test_packing_is_recorded_when_it_happens() -> None:
    """A filter is packed before the first run with it, and kept."""
    model = Sequential([Input((8, 8, 16)), layers.Conv2D(64, 3, name="conv")])
    x = np.ones((1, 8, 8, 16), np.float32)
    function = model.programs.predict([x]).function
    first = function.profile(x, runs=1).rows
    again = function.profile(x, runs=1).rows
    assert first[0].packing_seconds > 0
    assert again[0].packing_seconds == 0
    model.weights[0].assign(model.weights[0].numpy())
    assert function.profile(x, runs=1).rows[0].packing_seconds > 0


def test_a_training_step_leaves_everything_as_it_was() -> None:
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x, y = batch(4)
    model.train_on_batch(x, y)
    optimizer = model.optimizer
    assert optimizer is not None
    weights = [w.numpy() for w in [*model.weights, *optimizer.variables]]
    steps = optimizer.iterations
    profile = model.profile(x, y)
    assert {row.op for row in profile.rows} >= {"adam_update", "conv_kernel_grad"}
    assert optimizer.iterations == steps
    for before, after in zip(weights, [*model.weights, *optimizer.variables], strict=True):
        np.testing.assert_array_equal(before, after.numpy())


def test_losses_metrics_and_updates_are_named() -> None:
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    rows = model.profile(*batch(2), runs=1).rows
    found = {path for row in rows for path in row.origin}
    assert {"loss", "metrics/accuracy", "adam/conv/kernel", "net/conv"} <= found
    assert all(row.origin for row in rows)


def test_algorithms_are_named() -> None:
    rows = network().profile(batch(8)[0], runs=1).rows
    algorithms = {row.instruction.op: row.instruction.algorithm for row in rows}
    assert algorithms["matmul"] == "GEMM, B in place"
    assert {row.instruction.algorithm for row in rows if row.op == "conv"} <= {
        "direct",
        "winograd_2x2",
        "winograd_4x4",
    }
    x, kernel = graph.placeholder((1, 9, 9, 4)), graph.placeholder((3, 3, 1, 4))
    depthwise = graph.compile([x, kernel], [ops.conv2d(x, kernel, groups=4)])
    assert [each.algorithm for each in depthwise.instructions] == ["depthwise"]


def test_table_has_a_line_for_every_part() -> None:
    profile = network().profile(batch(8)[0], runs=2, threads=2)
    lines = profile.table().splitlines()
    assert lines[0].startswith("net: ")
    assert "fastest of 2 runs" in lines[0]
    head = lines[2]
    unit = "µs" if profile.seconds < 5e-3 else "ms"
    for column in ("layer", "op", "output", "algorithm", unit, "GFLOP/s", "% of peak", "MB"):
        assert column in head
    assert len(lines) == 3 + len(profile.rows) + 3
    assert [line.split()[0] for line in lines[3:5]] == ["conv", "bn"]
    assert "conv + relu" in lines[3]
    assert lines[-3].startswith("(waiting for other threads)")
    assert lines[-2].startswith("(overhead)")
    assert lines[-1].startswith("total")
    assert str(profile) == repr(profile) == profile.table()
    assert len(max(lines, key=len)) < 200


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ((), ""),
        (("net/block/conv",), "block/conv"),
        (("net/conv", "net/relu"), "conv + relu"),
        (("loss", "net/dense"), "loss + dense"),
        (
            ("net/stage4_block1_conv", "net/stage4_block1_bn", "net/stage4_block1_relu"),
            "stage4_block1_{conv, bn, relu}",
        ),
        (
            ("net/stage4/block1/convolution", "net/stage4/block1/normalization"),
            "stage4/block1/convolution + 1 more",
        ),
        (("net/stage1/conv", "net/stage1/bn"), "stage1/{conv, bn}"),
        (("net/a-first-layer", "net/second-layer", "net/third-layer"), "a-first-layer + 2 more"),
        (("net/" + "inner/" * 8 + "conv",), "…nner/inner/inner/inner/inner/inner/conv"),
    ],
)  # fmt: skip
def test_names_of_layers(origin: tuple[str, ...], name: str) -> None:
    assert origin_name(origin, "net") == name
    assert len(name) <= 40


def test_tables_by_layer_and_operation() -> None:
    profile = network().profile(batch(8)[0], runs=1, threads=1)
    layer = [line.split()[0] for line in profile.table("layer").splitlines()[3:-2]]
    assert set(layer) == {"conv", "bn", "conv2", "pool", "dense"}
    op = [line.split()[0] for line in profile.table("op").splitlines()[3:-2]]
    assert op[0] == "conv"
    with pytest.raises(ValueError, match="by must be 'instruction', 'layer' or 'op', got 'name'"):
        profile.table("name")


def test_one_thread_waits_for_no_other() -> None:
    profile = network().profile(batch(1)[0], runs=1, threads=1)
    assert profile.waiting_seconds == 0
    assert "waiting" not in str(profile)


def test_limits_are_measured_once() -> None:
    assert machine_limits(1) is machine_limits(1)
    limits = machine_limits(1)
    assert limits.isa == runtime.isa()
    assert [name for name, _, _ in limits.levels][-1] == "memory"
    assert limits.memory_seconds(1e9) > limits.memory_seconds(1e3) > 0
    assert limits.bound(1e12, 8) == limits.compute_seconds(1e12)


@pytest.mark.parametrize("runs", [0, -1, 1.5, True])
def test_wrong_runs(runs: object) -> None:
    with pytest.raises(ValueError, match="profile: runs must be an int of 1 or more, got"):
        network().profile(batch(1)[0], runs=runs)  # type: ignore[arg-type]


def test_wrong_arguments() -> None:
    model = network()
    x, y = batch(1)
    with pytest.raises(ValueError, match="threads must be an int of 1 or more, got 0"):
        model.profile(x, threads=0)
    with pytest.raises(RuntimeError, match="must be compiled before profile with labels"):
        model.profile(x, y)
    with pytest.raises(ValueError, match="sample_weight needs labels: pass y"):
        model.profile(x, sample_weight=np.ones(1, np.float32))
