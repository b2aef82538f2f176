"""Convolutions against their float64 references."""

import numpy as np
import pytest

from fastcnn import ops
from ops.cases.convolution import CASES, ERRORS
from ops.checks import OpChecks


class TestConvolution(OpChecks):
    CASES = CASES
    ERRORS = ERRORS


def test_result_larger_than_memory():
    x, kernel = np.ones((1, 4, 4, 1), np.float32), np.ones((1, 1, 1, 1), np.float32)
    with pytest.raises((MemoryError, ValueError)):
        ops.conv2d(x, kernel, padding=2**20)
