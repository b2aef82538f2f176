"""Norms of gradients, and the orthogonal matrices nearest to them, against float64."""

import numpy as np
import pytest

from fastcnn import graph, reference, runtime
from fastcnn.ops.optimizer.norms import orthogonalized, sum_of_squares
from fastcnn.testing import EPSILON, assert_within, error_bound


@pytest.mark.parametrize("n", [0, 1, 15, 33, 70001])
@pytest.mark.parametrize("added", [False, True])
def test_sum_of_squares(n, added, isa, thread_counts, rng):
    x, y = (rng.standard_normal(n).astype(np.float32) for _ in range(2))
    inputs = [graph.placeholder((n,)) for _ in range(2)]
    f = graph.compile(inputs, [sum_of_squares(inputs[0], inputs[1] if added else None)])
    want = ((x.astype(np.float64) + (y if added else 0)) ** 2).sum()
    outcomes = set()
    for threads in thread_counts:
        runtime.set_num_threads(threads)
        (got,) = f(x, y)
        outcomes.add(got.tobytes())
        # Four chains of lanes within an item of 2 ** 15, then items in double.
        assert abs(got - want) <= (n / 4 + 10) * EPSILON * want
    assert len(outcomes) == 1


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (40, 3), (33, 33), (0, 4)])
def test_orthogonalized(shape, isa, rng):
    x = rng.standard_normal(shape).astype(np.float32)
    source = graph.placeholder(shape)
    (got,) = graph.compile([source], [orthogonalized(source)])(x)
    wide = x.astype(np.float64)
    wide = wide.T if shape[0] > shape[1] else wide
    wide = wide / (np.linalg.norm(wide) + 1e-7)
    for _ in range(5):
        s = wide @ wide.T
        wide = 3.4445 * wide + (-4.775 * s + 2.0315 * s @ s) @ wide
    want = wide.T if shape[0] > shape[1] else wide
    # Each iteration stretches small errors by up to 3.4445; terms of products are few.
    np.testing.assert_allclose(got, want, atol=3.4445**5 * 8 * EPSILON)


def test_products_of_the_iteration_are_within_their_bound(rng):
    """One iteration, where errors have not been stretched yet."""
    x = rng.standard_normal((16, 48)).astype(np.float32)
    source = graph.placeholder(x.shape)
    (got,) = graph.compile(
        [source], [orthogonalized(source, steps=1, coefficients=(1.0, 0.5, 0.25))]
    )(x)

    def formula(x):
        s = reference.matmul(x, x.T)
        return x + reference.matmul(0.5 * s + 0.25 * reference.matmul(s, s), x)

    norm = np.linalg.norm(x.astype(np.float64)) + 1e-7
    wide = x.astype(np.float64) / norm
    bound = error_bound(formula, wide, terms=48 + 16 + 16 + 8)
    assert_within(got, formula(wide), bound)


def test_errors():
    x = graph.placeholder((2, 3))
    with pytest.raises(ValueError, match=r"addend must have x's shape"):
        sum_of_squares(x, np.zeros(3, np.float32))
    with pytest.raises(NotImplementedError, match="sum_of_squares has no gradient rule"):
        graph.gradients(sum_of_squares(x), [x])
