"""What pooling layers refuse, and that they are saved."""

import numpy as np
import pytest

import fastcnn
from fastcnn import layers, reference

KINDS = [
    (f"{kind}{rank}D", rank, arguments)
    for rank in (1, 2, 3)
    for kind, arguments in [
        ("MaxPooling", {}),
        ("AveragePooling", {"pool_size": 2, "padding": "same"}),
        ("GlobalMaxPooling", {"keepdims": True}),
        ("GlobalAveragePooling", {}),
        ("AdaptiveMaxPooling", {"output_size": 2}),
        ("AdaptiveAveragePooling", {"output_size": 3}),
    ]
]


@pytest.mark.parametrize(("name", "rank", "arguments"), KINDS)
def test_number_of_axes(name, rank, arguments):
    layer = getattr(layers, name)(**arguments)
    with pytest.raises(ValueError, match=rf"{name} takes .*batch.*got shape"):
        layer(np.zeros((1, *[4] * (rank % 3 + 1), 2), np.float32))


@pytest.mark.parametrize(("name", "rank", "arguments"), KINDS)
def test_saved(name, rank, arguments, tmp_path, rng):
    x = rng.standard_normal((2, *[5] * rank, 3)).astype(np.float32)
    model = fastcnn.Sequential([layers.Input(x.shape[1:]), getattr(layers, name)(**arguments)])
    model.save(tmp_path / "model.safetensors")
    again = fastcnn.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_output_size():
    with pytest.raises(ValueError, match="AdaptiveMaxPooling2D: output_size must be positive"):
        layers.AdaptiveMaxPooling2D((2, 0))
    with pytest.raises(ValueError, match="MaxPooling3D: pool_size must be one int or three"):
        layers.MaxPooling3D((2, 2))


def test_padding_in_pixels(rng):
    x = rng.standard_normal((2, 7, 6, 3), np.float32)
    for layer, function in [
        (layers.MaxPooling2D(3, 2, padding=1), reference.max_pool2d),
        (layers.AveragePooling2D(3, 2, padding=1), reference.average_pool2d),
    ]:
        want = function(x, 3, strides=2, padding=1)
        np.testing.assert_allclose(layer(x), want, rtol=1e-5, atol=1e-6)
        again = type(layer).from_config(layer.get_config())
        np.testing.assert_array_equal(again(x), layer(x))
    with pytest.raises(ValueError, match="MaxPooling2D: padding must be one of 'valid', 'same'"):
        layers.MaxPooling2D(2, padding="full")
