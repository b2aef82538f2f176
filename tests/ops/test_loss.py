"""Softmax and losses against their float64 references."""

import numpy as np
import pytest

from fastcnn import ops
from fastcnn.testing import EPSILON
from ops.cases.calls import gradient
from ops.cases.loss import CASES, ERRORS
from ops.checks import OpChecks


class TestLoss(OpChecks):
    CASES = CASES
    ERRORS = ERRORS


@pytest.mark.parametrize("from_logits", [False, True])
def test_label_outside_the_classes_spoils_only_its_row(from_logits, isa):
    p = np.full((3, 4), 0.25, np.float32)
    labels = np.array([1, 4, -1])
    dp = gradient(
        lambda p, labels: ops.sparse_categorical_crossentropy(labels, p, from_logits=from_logits),
        p,
        labels,
    )
    assert np.isfinite(dp[0]).all()


@pytest.mark.parametrize("op", ["categorical_crossentropy", "binary_crossentropy"])
def test_clipped_probability_has_no_gradient(op, isa):
    """As in Keras: outside of [1e-7, 1 - 1e-7] the loss is flat."""
    p = np.float32([[0, 1]])
    t = np.float32([[1, 0]])
    got = gradient(lambda p, t: getattr(ops, op)(t, p), p, t)
    np.testing.assert_array_equal(got, [[0, 0]])


def test_errors_of_many_classes_hardly_grow(isa):
    """Terms that are equal are the worst: each addition rounds the same way."""
    n = 1 << 16
    x = np.full((2, n), np.float32(0.1))
    exact = 1 / n
    np.testing.assert_allclose(ops.softmax(x), exact, rtol=20 * EPSILON)
    np.testing.assert_allclose(ops.log_softmax(x), np.log(exact), rtol=20 * EPSILON)
    got = ops.sparse_categorical_crossentropy(np.array([0, 1]), x)
    np.testing.assert_allclose(got, np.log(n), rtol=20 * EPSILON)
