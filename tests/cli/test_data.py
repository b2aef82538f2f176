"""Where images come from, by name or by path."""

import numpy as np
import pytest

from fastcnn.cli.data import Images, load, relabel
from fastcnn.datasets import mnist


def test_digits():
    data = load("digits", image_size=(16, 16), channels=3)
    assert data.train.x.shape == (1438, 16, 16, 3)
    assert data.held_out_name == "test"
    assert data.class_names[:2] == ("0", "1")


def test_grey_sets_get_an_axis_for_channels(monkeypatch):
    part = np.zeros((5, 28, 28), np.uint8), np.arange(5, dtype=np.uint8)
    monkeypatch.setattr(mnist, "load_data", lambda: (part, part))
    data = load("mnist")
    assert data.train.x.shape == (5, 28, 28, 1)
    assert data.held_out.image_shape == (28, 28, 1)
    assert data.class_names[9] == "9"


def test_a_folder(pictures):
    data = load(str(pictures), validation_split=0.25)
    assert (len(data.train), len(data.held_out)) == (18, 6)
    assert data.train.image_shape == data.held_out.image_shape == (64, 64, 3)
    assert data.held_out_name == "validation"
    assert data.class_names == ("dark", "light")
    assert load(str(pictures), image_size=(8, 12), channels=1).train.image_shape == (8, 12, 1)


def test_a_folder_named_like_a_data_set(pictures, monkeypatch):
    monkeypatch.chdir(pictures.parent)
    pictures.rename("digits")
    assert load("./digits").class_names == ("dark", "light")


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        (
            "nowhere",
            {},
            "'nowhere' is neither a data set .cifar10, cifar100, .*digits. nor a folder",
        ),
        ("cifar10", {"image_size": (64, 64)}, "cifar10 are 32x32 and in colour"),
        ("cifar10", {"channels": 1}, "cifar10 are 32x32 and in colour"),
        ("mnist", {"channels": 3}, "pictures of mnist are 28x28 and in grey"),
        ("digits", {"image_size": (16, 32)}, "the digits are square, not 16x32"),
    ],
)
def test_wrong_sources(source, arguments, message):
    with pytest.raises(ValueError, match=message):
        load(source, **arguments)


def test_relabel():
    images = Images(np.zeros((3, 1, 1, 1), np.uint8), np.array([[0], [1], [0]]))
    moved = relabel(images, ["cat", "dog"], ["bird", "dog", "cat"])
    np.testing.assert_array_equal(moved.y, [2, 1, 2])
    with pytest.raises(ValueError, match="does not know: dog. It knows cat"):
        relabel(images, ["cat", "dog"], ["cat"])
