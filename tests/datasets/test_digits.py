"""The scanned digits, enlarged."""

import sys

import numpy as np
import pytest

from fastcnn.datasets import digits


def test_shapes_and_parts():
    (x_train, y_train), (x_test, y_test) = digits.load_data(24, channels=3, test_fraction=0.25)
    assert x_train.shape == (1348, 24, 24, 3)
    assert x_test.shape == (449, 24, 24, 3)
    assert y_train.shape == (1348,)
    assert y_test.shape == (449,)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    np.testing.assert_array_equal(x_train[..., 0], x_train[..., 2])
    assert set(y_test) == set(range(10))


def test_scans_keep_their_grey_levels():
    from sklearn.datasets import load_digits

    (x, y), _ = digits.load_data(8, test_fraction=0, seed=3)
    order = np.random.default_rng(3).permutation(len(x))
    np.testing.assert_array_equal(x[..., 0], np.rint(load_digits().images[order] * (255 / 16)))
    np.testing.assert_array_equal(y, load_digits().target[order])


def test_enlarging_is_bilinear_interpolation():
    from PIL import Image

    (scans, _), _ = digits.load_data(8, test_fraction=0)
    (x, _), _ = digits.load_data(32, test_fraction=0)
    for scan, enlarged in zip(scans[:20, ..., 0], x[:20, ..., 0], strict=True):
        want = Image.fromarray(scan).resize((32, 32), Image.Resampling.BILINEAR)
        assert abs(enlarged.astype(int) - np.asarray(want)).max() <= 1  # both round


def test_the_seed_decides_the_split():
    (a, _), _ = digits.load_data(8, seed=1)
    (b, _), _ = digits.load_data(8, seed=1)
    (c, _), _ = digits.load_data(8, seed=2)
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 7}, "size must be 8 or more.*got 7"),
        ({"channels": 2}, r"channels must be 1 \(grey\) or 3 \(colour\), got 2"),
        ({"test_fraction": 1.5}, "test_fraction must be between 0 and 1, got 1.5"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        digits.load_data(**arguments)


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r'pip install "fastcnn\[demo\]"'):
        digits.load_data()
