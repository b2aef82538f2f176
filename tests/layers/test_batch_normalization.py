"""Batch normalization: statistics of a batch, and their averages."""

from __future__ import annotations

import numpy as np

from fastcnn import layers


def test_batch_normalization_follows_the_batch(rng):
    layer = layers.BatchNormalization(momentum=0.9)
    x = rng.standard_normal((64, 3), np.float32) * 2 + 1
    y = layer(x, training=True)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    mean, variance = layer.get_weights()[2:]
    np.testing.assert_allclose(mean, 0.1 * x.mean(0), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(variance, 0.9 + 0.1 * x.var(0), rtol=1e-5)


def test_frozen_batch_normalization_uses_its_averages(rng):
    layer = layers.BatchNormalization()
    x = rng.standard_normal((8, 3), np.float32) + 5
    layer(x)
    layer.trainable = False
    before = layer.get_weights()
    np.testing.assert_allclose(layer(x, training=True), x / np.sqrt(1.001), rtol=1e-5)
    np.testing.assert_array_equal(layer.get_weights(), before)
