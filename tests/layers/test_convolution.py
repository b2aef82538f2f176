"""Layers of convolution: what they compute, what they keep, what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import layers, reference

L1 = {"class_name": "L1", "config": {"l1": 0.5}}
LAYERS = [
    pytest.param(layers.Conv1D(4, 3, 2, "causal", activation="relu"), (2, 9, 3), id="Conv1D"),
    pytest.param(layers.Conv2D(4, 3, kernel_regularizer=L1, kernel_constraint="non_neg"),
                 (2, 6, 5, 3), id="Conv2D"),
    pytest.param(layers.Conv3D(4, (2, 3, 1), 1, "same", groups=2), (1, 4, 3, 5, 2), id="Conv3D"),
    pytest.param(layers.DepthwiseConv1D(3, depth_multiplier=2), (2, 7, 3), id="DepthwiseConv1D"),
    pytest.param(layers.DepthwiseConv2D((3, 2), 2, "same", 3, activation="tanh"), (2, 6, 5, 3),
                 id="DepthwiseConv2D"),
    pytest.param(layers.SeparableConv1D(5, 3, depth_multiplier=2), (2, 7, 3),
                 id="SeparableConv1D"),
    pytest.param(layers.SeparableConv2D(5, 3, 2, "same", pointwise_regularizer="l2"),
                 (2, 6, 5, 3), id="SeparableConv2D"),
    pytest.param(layers.Conv2D(4, 3, 2, padding=1), (2, 6, 5, 3), id="Conv2D by 1"),
    pytest.param(layers.DepthwiseConv2D(3, 2, padding=((0, 1), (2, 0))), (2, 6, 5, 3),
                 id="DepthwiseConv2D by pairs"),
    pytest.param(layers.SeparableConv1D(5, 3, padding=[2]), (2, 7, 3), id="SeparableConv1D by 2"),
    pytest.param(layers.Conv2DTranspose(4, 3, 2, padding=(1, 0)), (2, 4, 5, 3),
                 id="Conv2DTranspose by 1 and 0"),
    pytest.param(layers.Conv1DTranspose(4, 3, 2, "same"), (2, 5, 3), id="Conv1DTranspose"),
    pytest.param(layers.Conv2DTranspose(4, 3, 3, output_padding=(1, 2)), (2, 4, 5, 3),
                 id="Conv2DTranspose"),
    pytest.param(layers.Conv3DTranspose(2, 2, 2, "valid", None, 1), (1, 2, 3, 2, 3),
                 id="Conv3DTranspose"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "shape"), LAYERS)
def test_made_again_from_its_config(layer, shape, rng):
    x = rng.standard_normal(shape, np.float32)
    y = layer(x)
    again = type(layer).from_config(layer.get_config())
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), y)
    assert again.get_config() == layer.get_config()
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *y.shape[1:])


@pytest.mark.parametrize("padding", [2, (1, 2), ((1, 0), (0, 2))])
def test_padding_in_pixels_is_a_border_of_zeros(padding, rng):
    x = rng.standard_normal((2, 6, 5, 3), np.float32)
    for make in (layers.Conv2D, lambda *args, **kw: layers.DepthwiseConv2D(*args[1:], **kw)):
        padded, plain = make(4, 3, 2, padding=padding), make(4, 3, 2)
        y = padded(x)
        border = layers.ZeroPadding2D(padding)(x)
        plain(border)
        plain.set_weights(padded.get_weights())
        np.testing.assert_allclose(y, plain(border), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("padding", "error", "message"),
    [
        (
            "full",
            ValueError,
            "Conv2D: padding must be one of 'valid', 'same', or numbers of pixels",
        ),
        ((1, 2, 3), ValueError, r"Conv2D: padding must be an int, \(vertical, horizontal\) or"),
        (-1, ValueError, "Conv2D: padding must be zero or more"),
        (1.5, TypeError, "Conv2D: padding must be an int, got 1.5"),
    ],
)
def test_padding_that_is_none(padding, error, message):
    with pytest.raises(error, match=message):
        layers.Conv2D(4, 3, padding=padding)


@pytest.mark.parametrize(("layer", "shape"), LAYERS)
def test_saved_and_loaded_in_a_model(layer, shape, rng, tmp_path):
    x = rng.standard_normal(shape, np.float32)
    model = fastcnn.Sequential(
        [layers.Input(shape[1:]), type(layer).from_config(layer.get_config())]
    )
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert type(layer).__name__[:8] in text
    model.save(tmp_path / "model")
    again = fastcnn.load(tmp_path / "model")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))


def test_summary_counts_multiplications_of_every_rank():
    for layer, shape, want in [
        (layers.Conv1D(4, 3), (9, 2), 7 * 4 * 3 * 2),
        (layers.Conv3D(4, 3), (5, 5, 5, 2), 27 * 4 * 27 * 2),
        # Every pixel meets every number of the kernel.
        (layers.Conv2DTranspose(4, 3, 2), (5, 5, 2), 25 * 9 * 4 * 2),
    ]:
        lines = []
        fastcnn.Sequential([layers.Input(shape), layer]).summary(print_fn=lines.append)
        assert f"{want:,}" in "\n".join(lines)


def test_causal_sequences_do_not_see_what_comes(rng):
    layer = layers.Conv1D(3, 3, padding="causal", dilation_rate=2)
    x = rng.standard_normal((1, 12, 2), np.float32)
    y = layer(x)
    assert y.shape == (1, 12, 3)
    x[:, 7:] = 0
    np.testing.assert_array_equal(layer(x)[:, :7], y[:, :7])
    assert (layer(x)[:, 7:] != y[:, 7:]).any()


def test_filters_of_one_channel_are_neighbours(rng):
    layer = layers.DepthwiseConv2D(3, depth_multiplier=2)
    x = rng.standard_normal((2, 5, 6, 3), np.float32)
    y = layer(x)
    kernel, bias = layer.get_weights()
    assert kernel.shape == (3, 3, 3, 2)
    for channel in range(3):
        alone = x[..., channel : channel + 1]
        want = reference.conv2d(alone, kernel[:, :, channel : channel + 1])
        np.testing.assert_allclose(y[..., 2 * channel : 2 * channel + 2], want, atol=1e-5)
    assert bias.shape == (6,)


def test_transposing_undoes_the_shape(rng):
    for extent in ((7, 8), (9, 6)):
        for padding in ("valid", "same"):
            down = layers.Conv2D(4, 3, 2, padding)
            small = down.compute_output_shape((None, *extent, 3))
            more = [(size - 3) % 2 if padding == "valid" else (size - 1) % 2 for size in extent]
            up = layers.Conv2DTranspose(3, 3, 2, padding, output_padding=more)
            assert up.compute_output_shape(small) == (None, *extent, 3)


REFUSED = [
    (lambda: layers.Conv2D(0, 3), "filters must be a positive integer, got 0"),
    (lambda: layers.Conv2D(4, 0), "Conv2D: kernel_size must be positive"),
    (lambda: layers.Conv1D(4, (3, 3)), r"Conv1D: kernel_size must be one int, got \(3, 3\)"),
    (lambda: layers.Conv3D(4, (3, 3)), r"Conv3D: kernel_size must be one int or three"),
    (lambda: layers.Conv2D(4, 3, padding="causal"), "'same', or numbers of pixels, got 'causal'"),
    (lambda: layers.Conv1D(4, 3, padding="full"), "'causal', or numbers of pixels, got 'full'"),
    (lambda: layers.Conv2D(4, 3, 2, dilation_rate=2),
     r"Conv2D: strides \(2, 2\) and dilation_rate \(2, 2\) cannot both be above 1; use two"),
    (lambda: layers.Conv2DTranspose(4, 3, (1, 2), dilation_rate=(2, 1)), "cannot both be above 1"),
    (lambda: layers.Conv2D(4, 3, groups=3), "Conv2D: groups=3 does not divide filters=4"),
    (lambda: layers.Conv2D(4, 3, data_format="channels_first"), r"numpy.moveaxis\(x, 1, -1\)"),
    (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "depth_multiplier must be a positive"),
    (lambda: layers.SeparableConv2D(4, 3, depth_multiplier=1.5), "depth_multiplier must be"),
    (lambda: layers.Conv2DTranspose(4, 3, 2, output_padding=2),
     r"output_padding must be less than the strides, got \(2, 2\) with strides \(2, 2\)"),
    (lambda: layers.Conv2DTranspose(4, 3, 2, output_padding=(1, 0, 0)), "one int or two"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "message"), REFUSED)
def test_refused_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (layers.Conv1D(4, 3, name="c1"), (2, 5, 5, 3),
         r"'c1': Conv1D takes sequences \(batch, steps, channels\), got shape \(2, 5, 5, 3\)$"),
        (layers.Conv2D(4, 3, name="c2"), (2, 5, 5),
         r"'c2': Conv2D takes images .*got shape \(2, 5, 5\); a grey image needs a channel axis"),
        (layers.Conv3D(4, 3, name="c3"), (2, 5, 5, 3), "Conv3D takes volumes .*depth"),
        (layers.DepthwiseConv2D(3), (5, 5, 3), "DepthwiseConv2D takes images"),
        (layers.SeparableConv1D(4, 3), (5, 3), "SeparableConv1D takes sequences"),
        (layers.Conv2DTranspose(4, 3), (5, 3), "Conv2DTranspose takes images"),
        (layers.Conv2D(4, 3, groups=2), (1, 5, 5, 3), "groups=2 cannot take 3 channels"),
    ],
)  # fmt: skip
def test_wrong_inputs(layer, shape, message):
    with pytest.raises(ValueError, match=message):
        layer(np.zeros(shape, np.float32))


def test_another_number_of_channels_than_before():
    for layer in (layers.Conv2D(4, 3), layers.Conv2DTranspose(4, 3)):
        layer(np.zeros((1, 5, 5, 3), np.float32))
        with pytest.raises(ValueError, match="x has 2 channels but kernel .* expects 3"):
            layer(np.zeros((1, 5, 5, 2), np.float32))


def test_unknown_channels():
    with pytest.raises(ValueError, match="must know the number of channels"):
        layers.Conv2D(4, 3)(layers.Input((8, 8, None)))


def test_sizes_may_stay_open(rng):
    x = layers.Input((None, None, 3))
    y = layers.Conv2DTranspose(2, 3, 2, "same")(layers.DepthwiseConv2D(3, 2, "same")(x))
    assert y.shape == (None, None, None, 2)
    model = fastcnn.Model(x, y)
    for size in (6, 9):
        image = rng.standard_normal((2, size, size, 3), np.float32)
        even = size + size % 2
        assert model.predict(image).shape == (2, even, even, 2)
