"""Dropout and noise: when they act, what they draw, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import graph, layers


def test_dropout_acts_in_training_only():
    x = np.ones((100, 100), np.float32)
    layer = layers.Dropout(0.25, seed=3)
    np.testing.assert_array_equal(layer(x), x)
    y = layer(x, training=True)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1) / np.float32(0.75)}
    # 10,000 draws: six standard deviations are 2.6 %.
    assert abs((y == 0).mean() - 0.25) < 0.026
    assert (layer(x, training=True) != y).any()
    np.testing.assert_array_equal(layers.Dropout(0.25, seed=3)(x, training=True), y * 0 + y)


def test_dropout_on_tensors_says_where_its_seed_goes():
    with pytest.raises(RuntimeError, match="tracing"):
        layers.Dropout(0.5)(graph.placeholder((2, 2)), training=True)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (layers.GaussianNoise(0.5, seed=3), (40, 50)),
        (layers.GaussianDropout(0.3, seed=3), (40, 50)),
        (layers.AlphaDropout(0.3, seed=3), (40, 50)),
        (layers.AlphaDropout(0.3, (None, 1), seed=3), (40, 50)),
        (layers.Dropout(0.3, (None, 1), seed=3), (40, 50)),
        (layers.SpatialDropout1D(0.3, seed=3), (40, 5, 50)),
        (layers.SpatialDropout2D(0.3, seed=3), (40, 3, 2, 50)),
        (layers.SpatialDropout3D(0.3, seed=3), (40, 2, 1, 2, 50)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, layers.Layer) else "",
)
def test_noise_acts_in_training_only_and_repeats(layer, shape):
    x = np.random.default_rng(0).standard_normal(shape, np.float32)
    np.testing.assert_array_equal(layer(x), x)
    first, second = layer(x, training=True), layer(x, training=True)
    assert (first != second).any()
    again = type(layer).from_config(layer.get_config())
    np.testing.assert_array_equal(again(x, training=True), first)


def test_moments_of_noise():
    ones = np.ones((200, 500), np.float32)
    # 100,000 numbers: six standard deviations of a mean are 2 % of the deviation.
    noise = layers.GaussianNoise(0.5, seed=1)(ones, training=True) - 1
    assert abs(noise.mean()) < 0.01
    np.testing.assert_allclose(noise.std(), 0.5, rtol=0.02)
    factor = layers.GaussianDropout(0.2, seed=1)(ones, training=True)
    assert abs(factor.mean() - 1) < 0.01
    np.testing.assert_allclose(factor.std(), 0.5, rtol=0.02)
    x = np.random.default_rng(0).standard_normal((200, 500), np.float32)
    y = layers.AlphaDropout(0.3, seed=1)(x, training=True)
    assert abs(y.mean()) < 0.02
    np.testing.assert_allclose(y.std(), 1, rtol=0.02)


def test_spatial_dropout_drops_whole_channels():
    y = layers.SpatialDropout2D(0.4, seed=2)(np.ones((20, 3, 4, 50), np.float32), training=True)
    assert (y == y[:, :1, :1]).all()
    assert abs((y == 0).mean() - 0.4) < 0.1
    np.testing.assert_array_equal(np.unique(y), np.float32([0, 1 / 0.6]))


def test_noise_shapes_must_fit():
    with pytest.raises(ValueError, match=r"noise_shape=\(None, 2\) does not fit"):
        layers.Dropout(0.5, (None, 2))(np.ones((3, 4), np.float32), training=True)
