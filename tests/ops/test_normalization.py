"""Normalizations against their float64 references."""

import numpy as np
import pytest

from fastcnn import ops
from fastcnn.testing import EPSILON
from ops.cases.normalization import CASES, ERRORS
from ops.checks import OpChecks


class TestNormalization(OpChecks):
    CASES = CASES
    ERRORS = ERRORS


@pytest.mark.parametrize("op", ["layer_normalization", "rms_normalization"])
def test_errors_of_long_rows_hardly_grow(op, isa):
    """Squares that are equal are the worst: each addition rounds the same way."""
    n = 1 << 16
    x = np.resize(np.float32([0.1, -0.1]), (2, n))
    weights = [np.ones(n, np.float32), np.zeros(n, np.float32)][: 1 + op.startswith("layer")]
    got = getattr(ops, op)(x, *weights, epsilon=0.0)
    np.testing.assert_allclose(got, np.sign(x), rtol=20 * EPSILON)
