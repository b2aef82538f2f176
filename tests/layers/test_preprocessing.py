"""What makes numbers of data: rescaling, statistics of it, other sizes."""

from __future__ import annotations

import numpy as np

import fastcnn
from fastcnn import layers


def test_rescaling_takes_uint8_as_it_is():
    y = layers.Rescaling(1 / 255)(np.array([[0, 255]], np.uint8))
    np.testing.assert_allclose(y, [[0, 1]])
    assert y.dtype == np.float32


def test_normalization_adapts_to_arrays_and_batches(rng):
    x = rng.standard_normal((60, 4, 3)) * [1, 5, 0.1] + [100, -3, 0]
    whole, parts = layers.Normalization(), layers.Normalization()
    model = fastcnn.Sequential([fastcnn.Input((4, 3)), whole])
    model.predict(x[:5], verbose=0)
    whole.adapt(x)
    parts.adapt(x[i : i + 7] for i in range(0, 60, 7))
    for layer in (whole, parts):
        mean, variance, count = layer.get_weights()
        np.testing.assert_allclose(mean, x.mean((0, 1)), rtol=1e-6)
        np.testing.assert_allclose(variance, x.var((0, 1)), rtol=1e-5)
        assert count == 240
    want = (x - x.mean((0, 1))) / x.std((0, 1))
    # What was compiled before reads the new statistics.
    np.testing.assert_allclose(model.predict(x, verbose=0), want, rtol=1e-3, atol=1e-3)
    back = layers.Normalization(mean=x.mean((0, 1)), variance=x.var((0, 1)), invert=True)
    np.testing.assert_allclose(back(want), x, rtol=1e-4, atol=1e-3)


def test_one_image_without_a_batch(rng):
    x = rng.random((5, 7, 3), np.float32)
    for layer in (layers.Resizing(3, 9), layers.CenterCrop(3, 3), layers.CenterCrop(9, 2)):
        np.testing.assert_array_equal(layer(x), layer(x[None])[0])
