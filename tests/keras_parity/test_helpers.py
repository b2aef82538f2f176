"""Small things that scripts for Keras use around their models."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn.keras as keras
from fastcnn import config, ops
from fastcnn.keras import backend, layers, utils
from fastcnn.keras.preprocessing import image


@pytest.fixture
def registry():
    """What is registered in a test is forgotten after it."""
    before = dict(utils.get_custom_objects())
    yield utils.get_custom_objects()
    config.registered().clear()
    config.registered().update(before)


def small(layer):
    model = keras.Sequential([keras.Input((4,)), layer, layers.Dense(2)])
    model.compile("sgd", "mse")
    return model


def test_registered_layers_are_found_in_files(registry, tmp_path, rng):
    @keras.saving.register_keras_serializable(package="mine")
    class Twice(layers.Layer):
        def call(self, x):
            return ops.add(x, x)

    @utils.register_keras_serializable()
    def half(x):
        return ops.multiply(x, np.float32(0.5))

    x = rng.random((3, 4), np.float32)
    for number, layer in enumerate([Twice(), layers.Activation(half)]):
        model = small(layer)
        model.save(tmp_path / str(number))
        again = keras.models.load_model(tmp_path / str(number))
        np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert {"Twice", "half"} <= set(registry)


def test_a_name_is_registered_once(registry):
    def shade():
        return None

    keras.saving.register_keras_serializable()(shade)
    keras.saving.register_keras_serializable()(shade)
    shade_again = type("shade", (), {"get_config": None, "__module__": "elsewhere"})
    with pytest.raises(ValueError, match="'shade' is registered already.*another name"):
        keras.saving.register_keras_serializable()(shade_again)
    with pytest.raises(ValueError, match="Bare has no get_config"):
        keras.saving.register_keras_serializable()(type("Bare", (), {}))


def test_clones_have_the_layers_and_new_weights(rng):
    class Own(layers.Layer):
        def call(self, x):
            return ops.relu(x)

    inputs = keras.Input((4,))
    y = layers.add([layers.Dense(4, name="a")(inputs), Own()(inputs)])
    for model in (keras.Model(inputs, y), keras.Sequential([inputs, layers.Dense(4), Own()])):
        clone = keras.models.clone_model(model)
        assert type(clone) is type(model)
        assert [layer.name for layer in clone.layers] == [layer.name for layer in model.layers]
        assert not set(clone.layers) & set(model.layers)
        assert (clone.get_weights()[0] != model.get_weights()[0]).any()
        clone.set_weights(model.get_weights())
        x = rng.random((3, 4), np.float32)
        np.testing.assert_array_equal(clone.predict(x, verbose=0), model.predict(x, verbose=0))
    with pytest.raises(ValueError, match="clone_function is not supported"):
        keras.models.clone_model(model, clone_function=lambda layer: layer)
    with pytest.raises(ValueError, match="takes a Model, got Dense"):
        keras.models.clone_model(layers.Dense(2))


@pytest.mark.parametrize(
    ("module", "thing"),
    [
        (keras.activations, keras.activations.sparsemax),
        (keras.constraints, keras.constraints.max_norm(3)),
        (keras.initializers, keras.initializers.he_normal(seed=5)),
        (keras.layers, layers.Convolution2D(3, 2, kernel_initializer="he_normal")),
        (keras.regularizers, keras.regularizers.l1_l2(0.1, 0.2)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_described_and_made_again(module, thing):
    config = module.serialize(thing)
    again = module.deserialize(config)
    assert type(again) is type(thing)
    assert module.serialize(again) == config
    with pytest.raises(ValueError, match="unknown"):
        module.deserialize("nonsense" if isinstance(config, str) else config | {"class_name": "x"})


def test_weights_in_files(tmp_path):
    one, other = small(layers.Dense(3)), small(layers.Dense(3))
    keras.saving.save_weights(one, tmp_path / "w")
    keras.saving.load_weights(other, tmp_path / "w")
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_what_is_fixed():
    assert (backend.floatx(), backend.image_data_format()) == ("float32", "channels_last")
    assert (backend.backend(), backend.epsilon()) == ("fastcnn", 1e-7)
    backend.set_floatx("float32")
    backend.set_epsilon(1e-7)
    with pytest.raises(ValueError, match="image_data_format is 'channels_last' here.*first"):
        backend.set_image_data_format("channels_first")
    assert backend.is_keras_tensor(keras.Input((3,)))
    assert not backend.is_keras_tensor(np.zeros(3))
    assert keras.version() == keras.__version__


def test_batches_are_packed_and_unpacked():
    assert utils.pack_x_y_sample_weight(1) == 1
    for batch in [([1],), (1, 2), (1, 2, 3)]:
        assert utils.pack_x_y_sample_weight(*batch) == batch
        assert utils.unpack_x_y_sample_weight(batch) == (*batch, None, None)[:3]
    with pytest.raises(ValueError, match="got 4 parts"):
        utils.unpack_x_y_sample_weight((1, 2, 3, 4))


def test_normalize(rng):
    x = rng.standard_normal((3, 4, 5))
    x[1] = 0
    for axis, order in [(-1, 2), (0, 1), (1, np.inf)]:
        norm = np.linalg.norm(utils.normalize(x, axis, order), order, axis)
        np.testing.assert_allclose(norm[norm > 0], 1)
    assert (utils.normalize(x)[1] == 0).all()


def test_pictures(tmp_path, rng):
    pytest.importorskip("PIL", reason="Pillow is not installed")
    x = rng.integers(0, 256, (6, 8, 3)).astype(np.float32)
    utils.save_img(tmp_path / "x.png", x, scale=False)
    read = utils.load_img(tmp_path / "x.png")
    np.testing.assert_array_equal(utils.img_to_array(read), x)
    assert utils.img_to_array(read).dtype == np.float32
    grey = utils.load_img(tmp_path / "x.png", color_mode="grayscale", target_size=(3, 5))
    assert utils.img_to_array(grey).shape == (3, 5, 1)
    # Of 6x8 the middle 6x6 is what a square shows.
    square = image.load_img(tmp_path / "x.png", target_size=(6, 6), keep_aspect_ratio=True)
    np.testing.assert_array_equal(utils.img_to_array(square), x[:, 1:7])
    scaled = utils.img_to_array(utils.array_to_img(np.array([[[-1.0], [0.0], [1.0]]])))
    np.testing.assert_array_equal(scaled.ravel(), [0, 127, 255])
    utils.save_img(tmp_path / "see.jpg", np.dstack([x, x[..., :1]]))
    assert utils.load_img(tmp_path / "see.jpg").mode == "RGB"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: utils.array_to_img(np.zeros((2, 2))), r"height, width, channels.*\(2, 2\)"),
        (lambda: utils.img_to_array(np.zeros(3)), "2 or 3 axes"),
        (lambda: utils.img_to_array(np.zeros((2, 2)), "channels_first"), "'channels_last', got"),
        (lambda: utils.load_img("x", color_mode="bgr"), "rgb, rgba, grayscale, got 'bgr'"),
        (lambda: utils.load_img("x", interpolation="best"), "nearest.*got 'best'"),
    ],
)
def test_wrong_pictures(make, message):
    pytest.importorskip("PIL", reason="Pillow is not installed")
    with pytest.raises(ValueError, match=message):
        make()
