"""What moves elements, against its float64 references."""

import numpy as np
import pytest

from fastcnn import ops, reference
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


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize(
    ("interpolation", "radius"),
    [("nearest", 1), ("area", 1), ("bilinear", 1), ("bicubic", 2), ("lanczos3", 3)],
)
def test_resize_spreads_nan_no_further_than_its_weights_reach(interpolation, radius, antialias):
    x = np.zeros((1, 24, 24, 1), np.float32)
    x[0, 3, 20] = np.nan
    for size in [(48, 30), (12, 17)]:
        settings = {"interpolation": interpolation, "antialias": antialias}
        got, exact = (f(x, size, **settings) for f in (ops.resize, reference.resize))
        np.testing.assert_array_equal(np.isnan(got), np.isnan(exact))
        places = [(np.arange(n) + 0.5) * 24 / n - 0.5 for n in size]
        widths = [radius * max(1, 24 / n) + 1 for n in size]
        near = [abs(p - c) <= w for p, c, w in zip(places, (3, 20), widths, strict=True)]
        assert not np.isnan(exact[0, ..., 0][~np.outer(*near)]).any()
        assert np.isnan(exact).any()
