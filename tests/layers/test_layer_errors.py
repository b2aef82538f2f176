"""Settings and inputs that layers refuse."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import layers


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv2D(0, 3), "filters must be a positive integer, got 0"),
        (lambda: layers.Conv2D(4, (3, 3, 3)), "kernel_size must be one int or two"),
        (lambda: layers.Conv2D(4, 3, padding="full"), "'same', or numbers of pixels, got 'full'"),
        (lambda: layers.Conv2D(4, 3, data_format="channels_first"), "channels_last.*moveaxis"),
        (lambda: layers.Conv2D(4, 3, groups=3), "groups=3 does not divide filters=4"),
        (lambda: layers.Dense(2.5), "units must be a positive integer"),
        (lambda: layers.Dense(2, "swishy"), "unknown activation 'swishy'; did you mean 'swish'"),
        (lambda: layers.Dense(2, kernel_initializer="golden"), "unknown initializer 'golden'"),
        (lambda: layers.Dropout(1.5), "rate must lie between 0 and 1"),
        (lambda: layers.Reshape((-1, -1)), "at most one -1"),
        (lambda: layers.Input(), "shape is missing"),
        (lambda: layers.Input((3, -2)), "negative"),
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
        (layers.Conv2D(4, 3), (2, 8, 8), "x\\[..., None\\]"),
        (layers.Dense(4), (2, None), "known last axis.*GlobalAveragePooling2D"),
        (layers.Conv2D(4, 3, groups=2), (2, 8, 8, 3), "groups=2 cannot take 3"),
        (layers.BatchNormalization(axis=4), (2, 8, 8, 3), "has the axes 1 to 3, or -1"),
        (layers.Reshape((5,)), (2, 3, 4), "12 elements and do not fit"),
        (layers.Add(), (2, 3), "takes a list of inputs"),
    ],
)
def test_wrong_inputs(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer(layers.Input(shape[1:]))


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
def test_wrong_arrays(layer, shape, message):
    x = [np.ones(s, np.float32) for s in shape] if isinstance(shape, list) else np.ones(shape)
    with pytest.raises(ValueError, match=message):
        layer(x)


def test_weights_are_checked_before_any_is_replaced():
    layer = layers.Dense(3)
    layer(np.zeros((1, 2), np.float32))
    before = layer.get_weights()
    with pytest.raises(ValueError, match="has 2 weights, set_weights got 1"):
        layer.set_weights(before[:1])
    with pytest.raises(ValueError, match=r"bias.*has shape \(3,\), set_weights got \(4,\)"):
        layer.set_weights([np.ones((2, 3)), np.ones(4)])
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


def test_weights_that_no_memory_holds():
    with pytest.raises(
        ValueError, match=r"kernel' of shape \(2147483648, 2147483648\).*cannot be made"
    ):
        layers.Dense(2**31)(layers.Input((2**31,)))
