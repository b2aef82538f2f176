"""Instruction sets, threads, forks: what runs, and that it keeps running."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from fastcnn import ops, runtime


def python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_info_says_what_runs_and_why() -> None:
    info = runtime.info()
    assert info["isa"] in info["isas"]
    assert info["isas"][0] == "baseline"
    assert info["threads"] >= 1
    assert info["threads_source"]
    assert info["isa"] in runtime.describe()


def test_isa_can_be_forced_by_the_environment() -> None:
    code = "from fastcnn import runtime; print(runtime.info()['isa'], runtime.info()['isa_source'])"
    assert python(code, FASTCNN_ISA="baseline").stdout.split() == ["baseline", "FASTCNN_ISA"]


def test_unknown_isa_lists_the_choices() -> None:
    with pytest.raises(ValueError, match="isa 'mmx' is not available.*baseline"):
        runtime.set_isa("mmx")
    result = python("from fastcnn import runtime; runtime.info()", FASTCNN_ISA="mmx")
    assert "FASTCNN_ISA 'mmx' is not available on this CPU; choose one of baseline" in result.stderr


def test_threads_can_be_forced() -> None:
    code = (
        "from fastcnn import runtime\ni = runtime.info(); print(i['threads'], i['threads_source'])"
    )
    result = python(code, FASTCNN_NUM_THREADS="3")
    assert result.stdout.split() == ["3", "FASTCNN_NUM_THREADS"]
    assert "must be 1 to 256, got 'many'" in python(code, FASTCNN_NUM_THREADS="many").stderr
    runtime.set_num_threads(5)
    assert runtime.num_threads() == 5
    runtime.set_num_threads(None)
    for wrong in (0, -1, 257):
        with pytest.raises(ValueError, match="must be 1 to 256"):
            runtime.set_num_threads(wrong)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs CPU affinity")
def test_affinity_limits_threads() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from fastcnn import runtime; print(runtime.num_threads())"
    )
    assert python(code, FASTCNN_NUM_THREADS="").stdout.strip() == "1"


def test_a_forked_child_works() -> None:
    code = """
import os, sys
import numpy as np
from fastcnn import ops, runtime
runtime.set_num_threads(3)
x = np.random.default_rng(0).standard_normal((8, 32, 32, 16), np.float32)
k = np.ones((3, 3, 16, 32), np.float32)
want = ops.conv2d(x, k)
child = os.fork()
if child == 0:
    same = np.array_equal(ops.conv2d(x, k), want)
    os._exit(0 if same else 1)
_, status = os.waitpid(child, 0)
assert np.array_equal(ops.conv2d(x, k), want)
sys.exit(os.waitstatus_to_exitcode(status))
"""
    result = python(code)
    assert result.returncode == 0, result.stderr


def test_callers_floating_point_mode_is_left_alone(rng: np.random.Generator) -> None:
    tiny = np.float32(1e-40)
    ops.conv2d(
        rng.standard_normal((4, 16, 16, 8), np.float32),
        rng.standard_normal((3, 3, 8, 16), np.float32),
    )
    # Flushed denormals would make this zero.
    assert np.float32(tiny) * np.float32(0.5) != 0


def test_two_threads_may_call_at_once(rng: np.random.Generator) -> None:
    x = rng.standard_normal((4, 20, 20, 8), np.float32)
    k = rng.standard_normal((3, 3, 8, 24), np.float32)
    want = ops.conv2d(x, k)
    wrong: list[int] = []

    def work() -> None:
        for i in range(50):
            if not np.array_equal(ops.conv2d(x, k), want):
                wrong.append(i)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong
