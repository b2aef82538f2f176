"""Known networks: sizes as published, their arguments, and that they train and are saved."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Model, applications, layers

#: Trainable parameters, as the papers and torchvision have them.
PARAMETERS = {
    "ConvNeXtTiny": 28_589_128,
    "EfficientNetLite0": 4_652_008,
    "LeNet5": 61_706,
    "MobileNetV2": 3_504_872,
    "ResNet18": 11_689_512,
    "ResNet18CIFAR": 11_173_962,
    "ResNet20": 269_722,
    "ResNet32": 464_154,
    "ResNet34": 21_797_672,
    "ResNet44": 658_586,
    "ResNet50": 25_557_032,
    "ResNet56": 853_018,
    "SqueezeNet": 1_235_496,
    "TextbookCNN": 160_202,
    "VGG11": 132_863_336,
    "VGG16": 138_357_544,
}
#: Those that are made in no time, with the size of a small image.
SMALL = [
    ("EfficientNetLite0", 32),
    ("LeNet5", 28),
    ("MobileNetV2", 32),
    ("ResNet20", 16),
    ("SqueezeNet", 40),
    ("TextbookCNN", 32),
]


def _channels(name: str) -> int:
    return 1 if name == "LeNet5" else 3


def test_all_are_known():
    assert sorted(PARAMETERS) == sorted(applications.__all__)


@pytest.mark.parametrize("name", sorted(set(PARAMETERS) - {"VGG11", "VGG16"}))
def test_parameters_as_published(name):
    model = getattr(applications, name)()
    assert type(model) is Model
    assert sum(np.prod(weight.shape) for weight in model.trainable_weights) == PARAMETERS[name]
    assert model.output_shape == (None, 1000 if model.input_shape[1] == 224 else 10)


@pytest.mark.parametrize(("name", "depth"), [("VGG11", 8), ("VGG16", 13)])
def test_vgg_has_its_convolutions(name, depth):
    # The dense layers take a second to make; they are counted by hand.
    model = getattr(applications, name)(include_top=False)
    assert sum(isinstance(layer, layers.Conv2D) for layer in model.layers) == depth
    dense = (512 * 49 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000
    assert model.count_params() + dense == PARAMETERS[name]


@pytest.mark.parametrize(("name", "size"), SMALL)
def test_features_of_any_image(name, size, rng):
    make = getattr(applications, name)
    channels = _channels(name)
    model = make(include_top=False, pooling="avg")
    assert model.input_shape == (None, None, None, channels)
    for extent in (size, size + 5):
        y = model.predict(rng.random((2, extent, extent, channels), np.float32), verbose=0)
        assert y.shape == (2, model.output_shape[-1])
        assert np.isfinite(y).all()
    image = make(include_top=False, input_shape=(size, size, channels))
    peak = make(include_top=False, input_shape=(size, size, channels), pooling="max")
    peak.set_weights(image.get_weights())
    x = rng.random((2, size, size, channels), np.float32)
    np.testing.assert_array_equal(
        peak.predict(x, verbose=0), image.predict(x, verbose=0).max((1, 2))
    )


@pytest.mark.parametrize(("name", "size"), SMALL)
def test_learns_is_saved_and_read_again(name, size, rng, tmp_path):
    fastcnn.set_random_seed(1)
    make = getattr(applications, name)
    shape = (size, size, _channels(name))
    model = make(input_shape=shape, classes=3, classifier_activation=None)
    x, y = rng.random((6, *shape), np.float32), np.arange(6) % 3
    model.compile(
        "adam", fastcnn.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    loss = model.fit(x, y, epochs=2, batch_size=6, verbose=0).history["loss"]
    assert np.isfinite(loss).all()
    moved = [
        not np.array_equal(weight.numpy(), old)
        for weight, old in zip(model.trainable_weights, before, strict=True)
    ]
    assert all(moved)
    model.save(tmp_path / "whole.safetensors")
    np.testing.assert_array_equal(
        fastcnn.load(tmp_path / "whole.safetensors").predict(x, verbose=0),
        model.predict(x, verbose=0),
    )
    model.save_weights(tmp_path / "weights.safetensors")
    again = make(
        weights=tmp_path / "weights.safetensors",
        input_shape=shape,
        classes=3,
        classifier_activation=None,
    )
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_on_a_tensor_of_the_callers():
    x = Input((32, 32, 3), name="photo")
    model = applications.MobileNetV2(input_tensor=x, alpha=0.5, include_top=False)
    assert model.inputs[0] is x
    assert model.get_layer("block_1_expand").output.shape == (None, 16, 16, 48)
    assert model.name == "mobilenetv2_0.50_32"


@pytest.mark.parametrize("name", sorted(set(PARAMETERS) - {"MobileNetV2"}))
def test_arguments_come_in_keras_order(name):
    names = inspect.signature(getattr(applications, name)).parameters
    first = [arg for arg in names if arg != "include_preprocessing"][:7]
    assert first == [
        "include_top", "weights", "input_tensor", "input_shape", "pooling", "classes",
        "classifier_activation",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"input_shape": (31, 64, 3)}, r"ResNet18: images must have at least 32 x 32 pixels, got"),
        ({"input_shape": (64, 64)}, r"ResNet18: input_shape must be \(height, width, channels\)"),
        ({"classes": 0}, "ResNet18: classes must be a positive integer, got 0"),
        ({"pooling": "mean", "include_top": False}, "pooling must be None, 'avg' or 'max', got 'm"),
        ({"weights": "imagenet"}, "ResNet18: weights must be None or a file .* 'imagenet'"),
        ({"input_tensor": Input((64, 64, 3)), "input_shape": (32, 32, 3)}, "give one of them"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        applications.ResNet18(**arguments)


def test_wrong_arguments_of_one_network():
    with pytest.raises(TypeError, match="input_tensor must be what Input.* got ndarray"):
        applications.VGG11(input_tensor=np.zeros((1, 32, 32, 3)))
    with pytest.raises(ValueError, match="alpha must be above 0 and at most 8, got -1"):
        applications.MobileNetV2(alpha=-1)
    with pytest.raises(ValueError, match="normalizes three channels, the images have 1"):
        applications.ConvNeXtTiny(input_shape=(32, 32, 1))
    with pytest.raises(ValueError, match="TextbookCNN: images must have at least 22 x 22 pixels"):
        applications.TextbookCNN(input_shape=(21, 40, 3))
