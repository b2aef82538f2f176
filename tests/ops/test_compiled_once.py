"""An operation is compiled once for what its arrays look like, not for what they hold."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

from fastcnn import ops
from fastcnn.ops.common import public_operation

CALLS = {
    "number": lambda x, i: ops.multiply(x, i + 0.5),
    "number on the left": lambda x, i: ops.subtract(i, x),
    "number by name": lambda x, i: ops.maximum(a=x, b=float(i)),
    "NumPy's scalar": lambda x, i: ops.add(x, np.float32(i)),
    "bool": lambda x, i: ops.add(x, i % 2 == 0),
    "list": lambda x, i: ops.add(x, [float(i + j) for j in range(3)]),
    "tuple": lambda x, i: ops.add(x, (i, i, i)),
    "nested list": lambda x, i: ops.matmul([[i, 1.0]], [[1.0], [2.0]]),
    "lists in a list": lambda x, i: ops.concatenate([x, [i, 1.0, 2.0]]),
    "labels": lambda x, i: ops.one_hot([i % 3, 0], 3),
    "label": lambda x, i: ops.one_hot(i % 3, 3),
    "labels of a loss": lambda x, i: ops.sparse_categorical_crossentropy([i % 3], x[None]),
    "labels of hits": lambda x, i: ops.in_top_k([i % 3], x[None], 1),
    "indices": lambda x, i: ops.weighted_histogram_2d([i % 2], [0], [1.0], (2, 2)),
    "seed": lambda x, i: ops.dropout(x, 0.5, i),
    "seed beyond int64": lambda x, i: ops.random_normal((3,), 2**63 + i),
    "seeds": lambda x, i: ops.fold_seed(i, [i + 1, -i]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_one_program_for_all_contents(call):
    x = np.float32([0.2, 0.3, 0.5])
    call(x, 0)
    public_operation._cache.clear()
    found = [call(x, i) for i in range(20)]
    assert len(public_operation._cache) == 1
    assert any((y != found[0]).any() for y in found)


def test_long_lists_keep_no_memory():
    x = np.ones(100_000, np.float32)
    numbers = x.tolist()
    ops.add(x, numbers)
    gc.collect()
    tracemalloc.start()
    for i in range(20):
        numbers[0] = float(i)
        assert ops.add(x, numbers)[0] == 1 + i
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 4_000_000


def test_an_array_of_another_library_is_read_at_each_call():
    class Foreign:
        """An array that changes in place."""

        def __init__(self):
            self.values = np.zeros(3, np.float32)

        def __array__(self, dtype=None, copy=None):
            return self.values

    foreign, x = Foreign(), np.ones(3, np.float32)
    np.testing.assert_array_equal(ops.add(x, foreign), [1, 1, 1])
    foreign.values[:] = 5
    np.testing.assert_array_equal(ops.add(x, foreign), [6, 6, 6])
