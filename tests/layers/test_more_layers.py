"""Layers that Keras cannot be asked about: noise, statistics of data, functions, errors."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import initializers, layers, ops


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


def doubled(x):
    return ops.multiply(x, 2.0)


def test_a_model_of_all_kinds_is_saved_and_loaded(tmp_path, rng):
    a, b = fastcnn.Input((6, 6, 4)), fastcnn.Input((1, 1, 4))
    x = layers.Lambda(doubled)(layers.multiply([a, b]))
    x = layers.GroupNormalization(2)(layers.ZeroPadding2D(((1, 0), (0, 2)))(x))
    x = layers.PReLU(shared_axes=[1, 2], alpha_initializer="ones")(layers.Resizing(5, 9)(x))
    x = layers.UpSampling2D(2, interpolation="bilinear")(layers.Cropping2D(1)(x))
    x = layers.Activation("gelu")(layers.LayerNormalization([1, 2, 3])(x))
    x = layers.Dense(4, activation="hard_swish")(layers.SpatialDropout2D(0.2)(x))
    x = layers.Dot(1)([layers.Flatten()(x), layers.Flatten()(x)])
    model = fastcnn.Model([a, b], x)
    model.compile("sgd", "mse")
    data = [rng.standard_normal((3, 6, 6, 4), np.float32), np.ones((3, 1, 1, 4), np.float32)]
    model.fit(data, np.zeros((3, 1), np.float32), verbose=0)
    model.save(tmp_path / "model")
    again = fastcnn.load(tmp_path / "model", custom_objects={"doubled": doubled})
    np.testing.assert_array_equal(again.predict(data, verbose=0), model.predict(data, verbose=0))
    with pytest.raises(ValueError, match="unknown function 'doubled'.*custom_objects"):
        fastcnn.load(tmp_path / "model")


def test_orthogonal_and_identity_initializers():
    np.testing.assert_array_equal(initializers.Identity(2.0)((2, 3)), [[2, 0, 0], [0, 2, 0]])
    for shape in ((4, 9), (9, 4), (3, 3, 2, 7)):
        w = initializers.Orthogonal(0.5, seed=1)(shape).reshape(-1, shape[-1])
        product = w @ w.T if w.shape[0] < w.shape[1] else w.T @ w
        np.testing.assert_allclose(product, 0.25 * np.eye(len(product)), atol=1e-6)
    for make in (initializers.Identity(), initializers.Orthogonal()):
        with pytest.raises(ValueError, match=r"got shape \(3,\)"):
            make((3,))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.GaussianNoise(-1), "stddev must be at least 0"),
        (lambda: layers.GaussianDropout(1), "rate must be at least 0 and below 1"),
        (lambda: layers.AlphaDropout(2), "rate must lie between 0 and 1"),
        (lambda: layers.Dropout(0.5, (0, 1)), "noise_shape must hold positive sizes"),
        (lambda: layers.LeakyReLU(-0.1), "negative_slope must be a number of at least 0"),
        (lambda: layers.ZeroPadding2D((1, 2, 3)), "2 pairs .*got"),
        (lambda: layers.Cropping1D(-1), "an int or two ints"),
        (lambda: layers.UpSampling3D((1, 2)), "an int or 3 ints"),
        (lambda: layers.UpSampling2D(2, interpolation="linear"), "'bilinear'.*got 'linear'"),
        (lambda: layers.Resizing(0, 3), "height must be a positive integer"),
        (lambda: layers.Resizing(2, 3, "linear"), "interpolation must be one of"),
        (lambda: layers.Resizing(2, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
         "exclude each other"),
        (lambda: layers.Permute((0, 1)), "each axis from 1 to 2 once"),
        (lambda: layers.RepeatVector(0), "n must be a positive integer"),
        (lambda: layers.Dot((1, 2, 3)), "an int or two ints"),
        (lambda: layers.Normalization(mean=1.0), "given together or not at all"),
        (lambda: layers.GroupNormalization(0), "groups must be a positive int"),
        (lambda: layers.Lambda(3), "function must be a function"),
    ],
)  # fmt: skip
def test_wrong_settings(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (layers.Add(), [(2, 3), (2, 4)], "cannot join inputs of shapes"),
        (layers.Subtract(), [(2, 3)] * 3, "takes two inputs, got 3"),
        (layers.Maximum(), (2, 3), "takes a list of inputs"),
        (layers.Dot(1), [(2, 3), (2, 4)], "sizes 3 and 4"),
        (layers.Dot(3), [(2, 3), (2, 3)], "cannot sum along axis 3"),
        (layers.Concatenate(), [(2, 3, 4), (2, 4, 4)], "may differ only along axis"),
        (layers.ZeroPadding2D(), (2, 3, 4), r"takes images .*x\[..., None\]"),
        (layers.Cropping1D(2), (2, 4, 3), "leaves nothing"),
        (layers.UpSampling1D(), (2, 4), "takes sequences"),
        (layers.SpatialDropout3D(0.1), (2, 3, 4, 5), "takes volumes"),
        (layers.Permute((2, 1)), (2, 3), "takes inputs of rank 3"),
        (layers.RepeatVector(2), (2, 3, 4), "takes vectors"),
        (layers.PReLU(shared_axes=[3]), (2, 3, 4), "cannot share axis 3"),
        (layers.LayerNormalization(3), (2, 3, 4), "rank 3 has axes -3 to 2"),
        (layers.GroupNormalization(2), (2, 3, 3), "groups=2 cannot take 3 channels"),
        (layers.GroupNormalization(2, axis=0), (2, 3, 3), "the batch"),
        (layers.Normalization(axis=5), (2, 3), "has axes 0 to 1"),
        (layers.Resizing(2, 2), (2, 3), "takes images"),
    ],
)
def test_wrong_inputs(layer, shape, message):
    x = [np.ones(s, np.float32) for s in shape] if isinstance(shape, list) else np.ones(shape)
    with pytest.raises(ValueError, match=message):
        layer(x)


def test_noise_shapes_must_fit():
    with pytest.raises(ValueError, match=r"noise_shape=\(None, 2\) does not fit"):
        layers.Dropout(0.5, (None, 2))(np.ones((3, 4), np.float32), training=True)


def test_one_image_without_a_batch(rng):
    x = rng.random((5, 7, 3), np.float32)
    for layer in (layers.Resizing(3, 9), layers.CenterCrop(3, 3), layers.CenterCrop(9, 2)):
        np.testing.assert_array_equal(layer(x), layer(x[None])[0])
