"""Layers: what they compute, and that they are made again from what they keep."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import layers, ops, reference
from fastcnn.naming import clear_names

# One of each, with the shape of an input (or of several); arguments differ from the defaults.
CASES = [
    pytest.param(layers.Activation("tanh"), (2, 3), id="Activation"),
    pytest.param(layers.Add(), [(2, 3), (2, 3)], id="Add"),
    pytest.param(layers.AveragePooling2D(2, 1, "same"), (2, 5, 5, 3), id="AveragePooling2D"),
    pytest.param(layers.BatchNormalization(momentum=0.5, epsilon=0.1), (4, 3), id="BatchNorm"),
    pytest.param(layers.Concatenate(axis=1), [(2, 3), (2, 4)], id="Concatenate"),
    pytest.param(layers.Conv2D(4, 3, 2, "same", activation="relu"), (2, 7, 7, 3), id="Conv2D"),
    pytest.param(layers.Conv2D(4, (1, 2), groups=2, use_bias=False), (1, 3, 3, 2), id="grouped"),
    pytest.param(layers.Dense(4, "sigmoid", kernel_initializer="he_normal"), (2, 3), id="Dense"),
    pytest.param(layers.Dropout(0.3, seed=5), (2, 3), id="Dropout"),
    pytest.param(layers.Flatten(), (2, 3, 4), id="Flatten"),
    pytest.param(layers.GlobalAveragePooling2D(keepdims=True), (2, 3, 3, 2), id="GlobalAverage"),
    pytest.param(layers.MaxPooling2D((2, 1), padding="same"), (2, 5, 5, 3), id="MaxPooling2D"),
    pytest.param(layers.ReLU(6, 0.1, 0.5), (2, 3), id="ReLU"),
    pytest.param(layers.Rescaling(2.0, -1.0), (2, 3), id="Rescaling"),
    pytest.param(layers.Reshape((-1, 2)), (2, 3, 4), id="Reshape"),
    pytest.param(layers.Softmax(), (2, 3), id="Softmax"),
]


def draw(rng, shape):
    if isinstance(shape, list):
        return [draw(rng, item) for item in shape]
    return rng.standard_normal(shape, np.float32) * 3


@pytest.mark.parametrize(("layer", "shape"), CASES)
def test_made_again_from_its_config(layer, shape, rng):
    x = draw(rng, shape)
    y = layer(x)
    again = type(layer).from_config(layer.get_config())
    again(x)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), y)
    assert again.get_config() == layer.get_config()


@pytest.mark.parametrize(("layer", "shape"), CASES)
def test_output_shape_is_known_before_data(layer, shape, rng):
    y = layer(draw(rng, shape))
    batchless = (
        [(None, *item[1:]) for item in shape] if isinstance(shape, list) else (None, *shape[1:])
    )
    assert layer.compute_output_shape(batchless) == (None, *y.shape[1:])


def test_values_are_those_of_the_operations(rng):
    x = rng.standard_normal((2, 6, 6, 3), np.float32)
    layer = layers.Conv2D(5, 3, strides=2, padding="same", activation="relu")
    y = layer(x)
    kernel, bias = layer.get_weights()
    want = reference.conv2d(x, kernel, bias, strides=2, padding="same", activation="relu")
    np.testing.assert_allclose(y, want, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("x", [-2.0, 0.25, 0.75, 3.0, 9.0])
def test_relu_variations(x):
    got = layers.ReLU(max_value=6, negative_slope=0.1, threshold=0.5)(np.array([[x]]))
    want = min(x, 6) if x >= 0.5 else 0.1 * (x - 0.5)
    np.testing.assert_allclose(got, [[want]], rtol=1e-6)


def test_names_are_counted_as_in_keras():
    clear_names()
    names = [layers.Conv2D(1, 1).name, layers.Conv2D(1, 1).name, layers.MaxPooling2D().name]
    names += [layers.ReLU().name, layers.GlobalAveragePooling2D().name]
    assert names == ["conv2d", "conv2d_1", "max_pooling2d", "re_lu", "global_average_pooling2d"]


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
