"""Activations and their slopes where a step on the way would overflow."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import ops, reference
from fastcnn.testing import EPSILON
from ops.cases.activation import ACTIVATIONS
from ops.cases.calls import gradient

LARGE = np.float32([1e10, 1e13, 3e19, 1e30, 1.7e38, 3.4e38])
LARGE = np.r_[LARGE, -LARGE]


def named(rows):
    return [op + "".join(f"-{value}" for value in settings.values()) for op, settings in rows]


@pytest.mark.parametrize(("op", "settings"), ACTIVATIONS, ids=named(ACTIVATIONS))
def test_large_numbers(op, settings, isa):
    exact = getattr(reference, op)(LARGE, **settings)
    fits = abs(exact) <= np.finfo(np.float32).max
    got = getattr(ops, op)(LARGE, **settings)
    np.testing.assert_allclose(got[fits], exact[fits], rtol=8 * EPSILON, atol=1e-5)
    slope = gradient(lambda x: getattr(ops, op)(x, **settings), LARGE)
    # All are straight lines out there.
    step = 0.25 * abs(LARGE.astype(np.float64))
    below, above = (getattr(reference, op)(LARGE + s * step, **settings) for s in (-1, 1))
    np.testing.assert_allclose(slope, (above - below) / (2 * step), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "op", ["hard_silu", "squareplus", "relu6", "softplus", "hard_tanh", "gelu"]
)
def test_infinity(op, isa):
    x = np.float32([-np.inf, np.inf] * 9)
    exact = getattr(reference, op)(x)
    np.testing.assert_allclose(getattr(ops, op)(x), exact, atol=1e-5)
    slope = gradient(getattr(ops, op), x)
    want = [0, 1] if np.isinf(exact[1]) else [0, 0]
    np.testing.assert_array_equal(slope, np.float32(want * 9))


@pytest.mark.parametrize("b", [1e-37, 1e-8, 4, 1e30, 3e38])
def test_squareplus_does_not_cancel(b, isa):
    x = np.float32([0, 1e-30, 1e-3, 1, 10, 1e4, 1e10, 1e19, 1e30, 3e38])
    x = np.r_[-x, x]
    exact = reference.squareplus(x, b)
    # Less than the smallest normal number counts as 0.
    np.testing.assert_allclose(ops.squareplus(x, b), exact, rtol=8 * EPSILON, atol=1.2e-38)
    slope = (1 + x / np.hypot(x.astype(np.float64), np.sqrt(b))) / 2
    got = gradient(lambda x: ops.squareplus(x, b), x)
    np.testing.assert_allclose(got, slope, rtol=1e-5, atol=1e-7)
