"""Dropout and random numbers against their float64 references."""

import numpy as np

from fastcnn import ops
from ops.cases.calls import gradient
from ops.cases.random import CASES, ERRORS
from ops.checks import OpChecks


class TestRandom(OpChecks):
    CASES = CASES
    ERRORS = ERRORS


def test_dropout_drops_the_same_forward_and_backward(isa):
    x = np.ones((4, 50), np.float32)
    seed = np.array(2**40 + 5, np.uint64)
    y = ops.dropout(x, 0.3, seed)
    np.testing.assert_array_equal(gradient(lambda x, s: ops.dropout(x, 0.3, s), x, seed), y)


def test_dropout_of_another_seed_is_another():
    x = np.ones(1000, np.float32)
    first, again, other = (ops.dropout(x, 0.5, np.array(s, np.uint64)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert 400 < np.count_nonzero(first != other) < 600
