"""First values of weights: ranges, deviations, seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fastcnn
from fastcnn import initializers, seeding

SHAPE = (3, 3, 40, 60)
FAN_IN, FAN_OUT = 9 * 40, 9 * 60


@pytest.mark.parametrize(
    ("name", "deviation", "bound"),
    [
        ("glorot_uniform", math.sqrt(2 / (FAN_IN + FAN_OUT)), math.sqrt(6 / (FAN_IN + FAN_OUT))),
        ("glorot_normal", math.sqrt(2 / (FAN_IN + FAN_OUT)), None),
        ("he_uniform", math.sqrt(2 / FAN_IN), math.sqrt(6 / FAN_IN)),
        ("he_normal", math.sqrt(2 / FAN_IN), None),
        ("lecun_uniform", math.sqrt(1 / FAN_IN), math.sqrt(3 / FAN_IN)),
        ("lecun_normal", math.sqrt(1 / FAN_IN), None),
        ("random_uniform", 0.1 / math.sqrt(12), 0.05),
        ("random_normal", 0.05, math.inf),
        ("truncated_normal", 0.05 * 0.8796, 0.1),
    ],
)
def test_distributions(name, deviation, bound):
    x = initializers.get(name)(SHAPE)
    assert x.shape == SHAPE
    assert x.dtype == np.float32
    # 21,600 draws: the mean strays by deviation / 147, the deviation by 1 / 207 of itself; x 6.
    assert abs(x.mean()) < 6 * deviation / 147
    assert x.std() == pytest.approx(deviation, rel=6 / 207)
    assert np.abs(x).max() <= (2 * deviation / 0.8796 if bound is None else bound) * (1 + 1e-6)


def test_constants():
    assert (initializers.Constant(2.5)((3,)) == 2.5).all()
    assert (initializers.Ones()((2, 2)) == 1).all()
    assert not initializers.Zeros()((2, 2)).any()


def test_seeds():
    a, b = initializers.HeNormal(seed=3), initializers.HeNormal(seed=3)
    np.testing.assert_array_equal(a(SHAPE), b(SHAPE))
    assert (a(SHAPE) != initializers.HeNormal(seed=4)(SHAPE)).any()
    assert (initializers.HeNormal()(SHAPE) != initializers.HeNormal()(SHAPE)).any()
    fastcnn.set_random_seed(1)
    first = initializers.HeNormal()(SHAPE)
    fastcnn.set_random_seed(1)
    np.testing.assert_array_equal(initializers.HeNormal()(SHAPE), first)


def test_mixed_seeds_are_spread_out():
    numbers = [seeding.mix(seed, index) for seed in range(100) for index in range(100)]
    assert len(set(numbers)) == 10_000
    assert all(0 <= number < 2**63 for number in numbers)
    ones = np.mean([bin(number).count("1") for number in numbers])
    # 630,000 bits: the mean of 31.5 strays by 0.04; times six.
    assert abs(ones - 31.5) < 0.24


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initializers.VarianceScaling(scale=0), "scale must be positive"),
        (lambda: initializers.VarianceScaling(mode="fan"), "mode must be one of"),
        (lambda: initializers.VarianceScaling(distribution="flat"), "distribution must be one of"),
        (
            lambda: initializers.get("orthonormal"),
            "unknown initializer 'orthonormal'; did you mean .*'orthogonal'",
        ),
        (lambda: fastcnn.set_random_seed(-1), "from 0 to"),
    ],
)
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_orthogonal_and_identity_initializers():
    np.testing.assert_array_equal(initializers.Identity(2.0)((2, 3)), [[2, 0, 0], [0, 2, 0]])
    for shape in ((4, 9), (9, 4), (3, 3, 2, 7)):
        w = initializers.Orthogonal(0.5, seed=1)(shape).reshape(-1, shape[-1])
        product = w @ w.T if w.shape[0] < w.shape[1] else w.T @ w
        np.testing.assert_allclose(product, 0.25 * np.eye(len(product)), atol=1e-6)
    for make in (initializers.Identity(), initializers.Orthogonal()):
        with pytest.raises(ValueError, match=r"got shape \(3,\)"):
            make((3,))
