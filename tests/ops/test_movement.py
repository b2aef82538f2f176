"""What moves elements, against its float64 references."""

import numpy as np
import pytest

from fastcnn import ops
from ops.cases.calls import gradient
from ops.cases.movement import CASES, ERRORS
from ops.checks import OpChecks


class TestMovement(OpChecks):
    CASES = CASES
    ERRORS = ERRORS


def test_stop_gradient(isa):
    x = np.float32([1, 2, 3])
    stopped = gradient(lambda x: ops.multiply(x, ops.stop_gradient(x)), x)
    np.testing.assert_array_equal(stopped, x)
    np.testing.assert_array_equal(gradient(ops.stop_gradient, x), np.zeros(3))


def test_result_larger_than_memory():
    with pytest.raises((MemoryError, ValueError)):
        ops.broadcast_to(np.ones((1, 4, 4, 1), np.float32), (2**20, 2**20, 2**20, 1))
