"""Pooling against its float64 references, and who gets the gradient of a maximum."""

import numpy as np

from fastcnn import ops
from ops.cases.calls import gradient
from ops.cases.pooling import CASES, ERRORS
from ops.checks import OpChecks


class TestPooling(OpChecks):
    CASES = CASES
    ERRORS = ERRORS


def test_first_of_equal_maxima_gets_the_gradient(isa):
    x = np.zeros((1, 4, 4, 17), np.float32)
    dx = gradient(lambda x: ops.max_pool2d(x, 2), x)
    want = np.zeros_like(x)
    want[:, ::2, ::2] = 1
    np.testing.assert_array_equal(dx, want)


def test_first_of_equal_maxima_in_overlapping_padded_windows(isa):
    x = np.full((1, 3, 3, 9), -2, np.float32)
    dx = gradient(lambda x: ops.max_pool2d(x, 3, strides=1, padding="same"), x)
    # The top-left pixel is the first one inside of four windows, and so on.
    np.testing.assert_array_equal(dx[0, :, :, 0], [[4, 2, 0], [2, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(dx, np.broadcast_to(dx[..., :1], dx.shape))


def test_first_nan_gets_the_gradient_of_max_pooling(isa):
    x = np.float32([1, np.nan, np.nan, 9]).reshape(1, 2, 2, 1)
    dx = gradient(lambda x: ops.max_pool2d(x, 2), x)
    np.testing.assert_array_equal(dx.ravel(), [0, 1, 0, 0])
