"""Reductions, ranks and histograms against their float64 references."""

import numpy as np
import pytest

from fastcnn import ops
from fastcnn.testing import EPSILON
from ops.cases.reduction import CASES, ERRORS
from ops.checks import OpChecks


class TestReduction(OpChecks):
    CASES = CASES
    ERRORS = ERRORS


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((1 << 22,), 0),
        ((16, 1 << 18), 1),
        ((1 << 18, 7), 0),
        ((1 << 18, 16), 0),
        ((1 << 15, 250), 0),
        ((1 << 13, 1030), 0),
        ((20, 1 << 14, 40), 1),
    ],
)
def test_errors_of_long_sums_hardly_grow(shape, axis, isa):
    """Equal numbers are the worst: each addition rounds the same way."""
    x = np.full(shape, np.float32(0.1))
    exact = float(x.flat[0]) * shape[axis]
    error = np.max(abs(ops.sum(x, axis=axis).astype(np.float64) - exact)) / exact
    assert error < 20 * EPSILON
