"""Instruction sets, numbers of threads, limits of the machine: what runs and why."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
import pytest

from child_process import python
from fastcnn import _core, ops, runtime


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
    for text, found in {"1": "1 OMP_NUM_THREADS", "1,4": "1 OMP_NUM_THREADS"}.items():
        assert python(code, OMP_NUM_THREADS=text).stdout.strip() == found
    both = python(code, OMP_NUM_THREADS="1", FASTCNN_NUM_THREADS="3")
    assert both.stdout.split() == ["3", "FASTCNN_NUM_THREADS"]
    # OpenMP's to complain about.
    assert "OMP" not in python(code, OMP_NUM_THREADS="many").stdout
    runtime.set_num_threads(5)
    assert runtime.num_threads() == 5
    runtime.set_num_threads(None)
    for wrong in (0, -1, 257):
        with pytest.raises(ValueError, match="must be 1 to 256"):
            runtime.set_num_threads(wrong)


def test_limits_are_measured_on_every_instruction_set() -> None:
    for name in runtime.available_isas():
        runtime.set_isa(name)
        assert runtime.peak(threads=1, seconds=1e-4) > 0.1
        for kind in ("read", "copy", "stream_copy", "write", "stream_write"):
            assert runtime.bandwidth(kind, 1 << 16, threads=1, seconds=1e-4) > 0.01
        if name == "avx512_bf16":
            for dtype in ("bfloat16", "int8"):
                assert runtime.peak(dtype, threads=2, seconds=1e-4) > 0.1
        else:
            for dtype in ("bfloat16", "int8"):
                with pytest.raises(ValueError, match=f"set {name} has no dot products of {dtype};"):
                    runtime.peak(dtype)
    runtime.set_isa(None)


def test_limits_of_the_machine() -> None:
    found = runtime.limits(threads=2, seconds=1e-4)
    assert found["threads"] == 2
    assert found["isa"] == runtime.isa()
    assert set(found["bandwidth"]) == {f"L{cache['level']}" for cache in found["caches"]} | {
        "memory"
    }
    assert all(cache["bytes"] > 0 and cache["cpus"] > 0 for cache in found["caches"])
    assert found["peak"]["float32"] > 0
    assert found["bandwidth"]["memory"]["stream_copy"] > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: runtime.peak("float16"), "dtype must be float32, bfloat16 or int8, got 'float16'"),
        (lambda: runtime.peak(threads=300), "threads must be 1 to 256"),
        (lambda: runtime.peak(seconds=-1), "seconds 0 to 60"),
        (lambda: runtime.bandwidth("move", 1 << 20), "kind must be read, copy, .*got 'move'"),
        (lambda: runtime.bandwidth("read", 100, threads=2), "must be 2048 a thread to"),
        (lambda: runtime.bandwidth("read", -1), "must be 2048 a thread to"),
        (lambda: runtime.bandwidth("read", 1 << 50), "must be 2048 a thread to"),
        (lambda: runtime.bandwidth("read", 1 << 20, seconds=0), "seconds 0 to 60"),
    ],
)
def test_limits_refuse(call: Callable[[], float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_an_instruction_set_may_share_float_kernels() -> None:
    for name in runtime.available_isas():
        shared = _core.base_isa(name)
        assert shared == ("avx512" if name == "avx512_bf16" else name)
    with pytest.raises(ValueError, match="isa 'mmx' is not available"):
        _core.base_isa("mmx")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs CPU affinity")
def test_affinity_limits_threads() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from fastcnn import runtime; print(runtime.num_threads())"
    )
    assert python(code, FASTCNN_NUM_THREADS="").stdout.strip() == "1"


def test_callers_floating_point_mode_is_left_alone(rng: np.random.Generator) -> None:
    tiny = np.float32(1e-40)
    ops.conv2d(
        rng.standard_normal((4, 16, 16, 8), np.float32),
        rng.standard_normal((3, 3, 8, 16), np.float32),
    )
    # Flushed denormals would make this zero.
    assert np.float32(tiny) * np.float32(0.5) != 0


def test_the_core_lists_the_dtypes_that_its_arrays_may_have() -> None:
    names = _core.dtypes()
    assert {"float32", "float64", "bool", "int8", "uint64"} <= set(names)
    for name in names:
        assert np.dtype(name).name == name
        value = np.arange(6).astype(name)
        np.testing.assert_array_equal(_core.Variable(value).numpy(), value)
    with pytest.raises(ValueError, match=f"'complex64' is not supported; use one of {names[0]}"):
        _core.Variable(np.zeros(3, np.complex64))


def test_every_choice_of_kernels_has_a_number_of_its_own() -> None:
    def numbers() -> list[int]:
        found = []
        for name in _core.available_isas():
            for winograd in (0, 1, 2):
                _core.set_isa(name)
                _core.set_winograd(winograd)
                found.append(_core.compile_policy())
        return found

    before = _core.compile_policy()
    enabled = _core.winograd_use()
    try:
        first = numbers()
        assert len(set(first)) == 3 * len(_core.available_isas())
        assert numbers() == first
    finally:
        _core.set_isa("")
        _core.set_winograd(enabled)
    assert _core.compile_policy() == before
