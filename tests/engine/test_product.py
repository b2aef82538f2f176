"""Products of matrices, cut and packed in every way: exact sums, the same bits in every run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastcnn import _core
from packed_form import packed_form

F32 = "float32"

# rows, columns, inner: each takes another way through the blocks.
SHAPES = [
    pytest.param((1, 10, 40), id="one-row"),
    pytest.param((1, 333, 700), id="one-row-wide"),
    pytest.param((1, 150, 3000), id="one-row-parts"),
    pytest.param((5, 129, 1100), id="few-rows"),
    pytest.param((9, 7, 600), id="less-than-a-vector"),
    pytest.param((60, 49, 100), id="b-in-place"),
    pytest.param((49, 300, 520), id="packed-by-items"),
    pytest.param((20, 1000, 1280), id="a-copied-by-rows"),
    pytest.param((33, 65, 4200), id="parts"),
    pytest.param((500, 300, 530), id="packed-in-a-phase"),
    pytest.param((700, 31, 64), id="many-rows"),
    pytest.param((40, 33, 0), id="empty-sum"),
]


def program(
    arrays: list[np.ndarray], out: tuple[int, int], attrs: dict[str, Any], kept: bool
) -> tuple[Any, list[np.ndarray]]:
    """A step alone; with ``kept`` b is a Variable, whose packed form outlives a run."""
    operands = [(F32, a.shape) for a in arrays]
    step = _core.Operator("matmul", operands, [(F32, out)], attrs)
    values: list[tuple[str, tuple[int, ...], str, int]] = []
    feeds: list[np.ndarray] = []
    variables = []
    for i, a in enumerate(arrays):
        if kept and i == 1:
            values.append((F32, a.shape, "variable", 0))
            variables.append(_core.Variable(a))
        else:
            values.append((F32, a.shape, "input", len(feeds)))
            feeds.append(a)
    values.append((F32, out, "output", 0))
    scratch = -(-step.scratch_bytes // 64) * 64 + (0 if kept else step.packing_bytes)
    places = list(range(len(arrays)))
    forms = [packed_form(step, variables[0])] if kept and step.packing_bytes else []
    instruction = (step, places, [len(arrays)], 0, len(forms) - 1)
    return _core.Program(values, [instruction], variables, scratch, forms), feeds


@pytest.mark.parametrize("transposed", ["nn", "nt", "tn", "tt"])
@pytest.mark.parametrize("shape", SHAPES)
def test_exact_and_the_same_bits(
    shape: tuple[int, int, int],
    transposed: str,
    isa: str,
    thread_counts: tuple[int, ...],
    rng: np.random.Generator,
) -> None:
    m, n, k = shape
    a, b, bias = (
        (rng.integers(-6, 7, size) / 4).astype(np.float32) for size in ((m, k), (k, n), (n,))
    )
    want = np.maximum(a.astype(np.float64) @ b + bias, 0)
    flags = [letter == "t" for letter in transposed]
    a, b = (np.ascontiguousarray(x.T) if flip else x for x, flip in zip((a, b), flags, strict=True))
    attrs = {
        "transpose_a": flags[0],
        "transpose_b": flags[1],
        "activation": "relu",
        "residual": False,
    }
    for kept in (False, True):
        run, feeds = program([a, b, bias], (m, n), attrs, kept)
        for threads in thread_counts:
            # Sums of multiples of 1/16 round nowhere, so any order gives the same.
            out = np.full((m, n), np.nan, np.float32)
            run.run(feeds, [out], threads)
            np.testing.assert_array_equal(out, want)


@pytest.mark.parametrize("shape", SHAPES)
def test_rounding_does_not_depend_on_threads_or_packing(
    shape: tuple[int, int, int],
    isa: str,
    thread_counts: tuple[int, ...],
    rng: np.random.Generator,
) -> None:
    m, n, k = shape
    a, b = (rng.standard_normal(size, np.float32) for size in ((m, k), (k, n)))
    attrs = {"transpose_a": False, "transpose_b": False, "activation": "none", "residual": False}
    seen = set()
    for kept in (False, True):
        run, feeds = program([a, b], (m, n), attrs, kept)
        for threads in thread_counts:
            out = np.empty((m, n), np.float32)
            run.run(feeds, [out], threads)
            seen.add(out.tobytes())
    assert len(seen) == 1
