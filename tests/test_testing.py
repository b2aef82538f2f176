"""The checks that check everything else."""

import numpy as np
import pytest

from fastcnn import reference
from fastcnn.testing import (
    EPSILON,
    assert_within,
    directional_derivative,
    error_bound,
    numeric_grad,
)


def test_numeric_grad_of_a_cubic():
    x = np.float32([[1, -2], [0.5, 3]])
    gradient = numeric_grad(lambda x: (x**3).sum(), x)
    assert gradient.dtype == np.float64
    np.testing.assert_allclose(gradient, 3 * x.astype(np.float64) ** 2, rtol=1e-7)


def test_numeric_grad_leaves_its_argument_alone():
    x = np.array([1.0, 2.0])
    numeric_grad(lambda x: x.sum(), x)
    np.testing.assert_array_equal(x, [1, 2])


def test_directional_derivative_is_a_product_with_the_gradient(rng):
    x, direction = rng.standard_normal((2, 3, 4))
    gradient = numeric_grad(lambda x: np.sin(x).sum(), x)
    slope = directional_derivative(lambda x: np.sin(x).sum(), x, direction)
    assert slope == pytest.approx((gradient * direction).sum(), abs=1e-7)


def test_error_bound_ignores_signs():
    a, b = np.float32([[1, -2]]), np.float32([[2], [1]])
    bound = error_bound(reference.matmul, a, b, terms=2)
    np.testing.assert_allclose(bound, 2 * EPSILON * 4)


def test_error_bound_holds_for_a_long_sum(rng):
    a = rng.standard_normal((1, 5000)).astype(np.float32)
    exact = reference.matmul(a, a.T)
    total = np.float32(0)
    for value in a[0]:
        total += value * value
    assert_within(total.reshape(1, 1), exact, error_bound(reference.matmul, a, a.T, terms=5000))


@pytest.mark.parametrize(
    ("got", "exact"),
    [
        ([1, 2.001], [1, 2]),
        ([1, np.nan], [1, 2]),
        ([1, 2], [1, np.nan]),
        ([1, np.inf], [1, 2]),
        ([1, 2], [1, np.inf]),
        ([1, -np.inf], [1, np.inf]),
        # Finite in float64, but infinite in float32.
        ([1, 3e38], [1, 1e39]),
    ],
)
def test_assert_within_names_the_worst(got, exact):
    with pytest.raises(AssertionError, match=r"y\[1\] is .* expected .*1 of 2 elements"):
        assert_within(got, exact, 1e-4, name="y")


def test_assert_within_accepts_what_is_equal():
    values = [1, np.nan, np.inf, -np.inf, 0.0]
    assert_within(values, values, 0)
    assert_within([np.inf], [1e39], 0)
    assert_within(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 3)))


def test_assert_within_compares_shapes():
    with pytest.raises(AssertionError, match=r"y has shape \(2,\), expected \(1, 2\)"):
        assert_within([1, 2], [[1, 2]], 1, name="y")
