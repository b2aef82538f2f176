"""Folders of pictures: every kind of file that people have, and the order they come in."""

import sys

import numpy as np
import pytest
from PIL import Image

from fastcnn.datasets import image_folder
from shared_data import shared_file

RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)


@pytest.fixture
def pets(tmp_path):
    """Two classes, four pictures each, the files written in no particular order."""
    for name, colour in [("dog", GREEN), ("cat", RED)]:
        home = tmp_path / "pets" / name
        (home / "more").mkdir(parents=True)
        for file in ["b.jpg", "a.PNG", "more/c.bmp", "d.webp"]:
            Image.new("RGB", (40, 30), colour).save(home / file)
    return tmp_path / "pets"


def test_arrays_and_names(pets):
    (images, labels), validation, class_names = image_folder.load(pets, (24, 32))
    assert class_names == ("cat", "dog")
    assert images.shape == (8, 24, 32, 3)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(labels, [0, 0, 0, 0, 1, 1, 1, 1])
    assert validation.images.shape == (0, 24, 32, 3)
    assert abs(images[0].astype(int) - RED).max() <= 4
    assert abs(images[-1].astype(int) - GREEN).max() <= 4


def test_order_is_that_of_the_names(pets):
    for level, name in enumerate(["a.PNG", "b.jpg", "d.webp", "more/c.bmp"]):
        Image.new("L", (8, 8), 10 + 40 * level).save(pets / "cat" / name)
    grey = image_folder.load(pets, (8, 8), color_mode="grayscale").train.images
    assert grey.shape == (8, 8, 8, 1)
    np.testing.assert_allclose(grey[:4, 4, 4, 0], [10, 50, 90, 130], atol=3)


def test_hidden_and_other_files_are_passed_over(pets):
    (pets / ".git").mkdir()
    (pets / "cat" / ".thumbnails").mkdir()
    for name in [".DS_Store", "._a.jpg", "notes.txt", ".thumbnails/a.jpg"]:
        (pets / "cat" / name).write_bytes(b"not a picture")
    assert len(image_folder.load(pets, (8, 8)).train.images) == 8


def test_validation_split_is_a_part_of_each_class(pets):
    train, validation, _ = image_folder.load(pets, (8, 8), validation_split=0.25, seed=1)
    np.testing.assert_array_equal(train.labels, [0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(validation.labels, [0, 1])
    again = image_folder.load(pets, (8, 8), validation_split=0.25, seed=1)
    np.testing.assert_array_equal(validation.images, again.validation.images)


def test_unreadable_files(pets):
    (pets / "dog" / "b.jpg").write_bytes(b"not a picture")
    with pytest.raises(ValueError, match=r"dog/b.jpg cannot be read as a picture .*remove it"):
        image_folder.load(pets, (8, 8))
    with pytest.warns(UserWarning, match=r"left out: .*dog/b.jpg"):
        train = image_folder.load(pets, (8, 8), unreadable="skip").train
    np.testing.assert_array_equal(train.labels, [0, 0, 0, 0, 1, 1, 1])
    assert abs(train.images[4:].astype(int) - GREEN).max() <= 4


def test_a_class_of_unreadable_files_is_an_error(pets):
    for path in (pets / "dog").rglob("*.*"):
        path.write_bytes(b"")
    with (
        pytest.warns(UserWarning, match="left out"),
        pytest.raises(ValueError, match="'dog' has 0 readable pictures"),
    ):
        image_folder.load(pets, (8, 8), unreadable="skip")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"image_size": (0, 8)}, r"image_size must be \(height, width\), both positive"),
        ({"image_size": (8,)}, r"image_size must be \(height, width\)"),
        ({"image_size": (8.0, 8)}, "both positive integers"),
        ({"image_size": "64"}, "both positive integers.*got '64'"),
        ({"image_size": None}, "both positive integers.*got None"),
        ({"image_size": True}, "both positive integers.*got True"),
        ({"color_mode": "rgba"}, "color_mode must be 'rgb' or 'grayscale', got 'rgba'"),
        ({"validation_split": 1.0}, "validation_split must be at least 0 and less than 1"),
        ({"validation_split": 0.9}, "'cat' has 4 readable pictures, which leaves none"),
        ({"unreadable": "ignore"}, "unreadable must be 'error' or 'skip', got 'ignore'"),
    ],
)
def test_wrong_arguments(arguments, message, pets):
    with pytest.raises(ValueError, match=message):
        image_folder.load(pets, **{"image_size": (8, 8)} | arguments)


def test_wrong_folders(pets, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere"):
        image_folder.load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="has no subfolders: put the pictures of each class"):
        image_folder.load(pets / "cat" / "more")
    (pets / "bird").mkdir()
    with pytest.raises(ValueError, match="bird has no pictures"):
        image_folder.load(pets)


def test_without_pillow(pets, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match=r'pip install "fastcnn\[image\]"'):
        image_folder.load(pets)


def saved(image, path, **options):
    image.save(path, **options)
    return image_folder.read_image(path, (image.height, image.width))


def test_transparent_parts_become_white(tmp_path):
    image = Image.new("RGBA", (4, 2), (*BLUE, 255))
    image.putpixel((0, 0), (*BLUE, 0))
    image.putpixel((1, 0), (*BLUE, 128))
    x = saved(image, tmp_path / "a.png")
    np.testing.assert_array_equal(x[0, 0], [255, 255, 255])
    np.testing.assert_allclose(x[0, 1], [142, 142, 227], atol=1)
    np.testing.assert_array_equal(x[1, 3], BLUE)


def test_palette_with_transparency(tmp_path):
    image = Image.new("P", (2, 2), 1)
    image.putpalette([0, 0, 0, *RED])
    image.putpixel((0, 0), 0)
    x = saved(image, tmp_path / "a.gif", transparency=0)
    np.testing.assert_array_equal(x[0, 0], [255, 255, 255])
    np.testing.assert_array_equal(x[1, 1], RED)


def test_grey_becomes_colour_and_back(tmp_path):
    x = saved(Image.new("L", (3, 2), 77), tmp_path / "a.png")
    np.testing.assert_array_equal(x, np.full((2, 3, 3), 77))
    y = image_folder.read_image(tmp_path / "a.png", (2, 3), color_mode="grayscale")
    np.testing.assert_array_equal(y, np.full((2, 3, 1), 77))


def test_sixteen_bit_grey_keeps_its_range(tmp_path):
    levels = np.array([[0, 256 * 100, 65535]], np.uint16)
    x = saved(Image.fromarray(levels), tmp_path / "a.png")
    np.testing.assert_array_equal(x[0, :, 0], [0, 100, 255])


def test_real_valued_pixels_are_refused(tmp_path):
    with pytest.raises(ValueError, match="real numbers"):
        saved(Image.new("F", (2, 2), 0.5), tmp_path / "a.tif")


def test_cmyk(tmp_path):
    x = saved(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), tmp_path / "a.jpg", quality=100)
    red, green, blue = x[8, 8].astype(int)
    assert red > 200
    assert max(green, blue) < 60


def test_rotation_noted_by_the_camera(tmp_path):
    image = Image.new("RGB", (64, 32), RED)
    image.paste(BLUE, (32, 0, 64, 32))  # blue on the right
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise: right becomes bottom
    image.save(tmp_path / "a.jpg", exif=exif, quality=95)
    x = image_folder.read_image(tmp_path / "a.jpg", (64, 32)).astype(int)
    assert abs(x[10, 16] - RED).max() < 10
    assert abs(x[54, 16] - BLUE).max() < 10


def test_truncated_picture(tmp_path):
    path = tmp_path / "a.jpg"
    Image.effect_noise((64, 64), 50).save(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ValueError, match=r"a.jpg cannot be read as a picture .*truncated"):
        image_folder.read_image(path, (8, 8))


def test_missing_picture(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere.jpg"):
        image_folder.read_image(tmp_path / "nowhere.jpg", (8, 8))


def test_a_photograph():
    x = image_folder.read_image(shared_file("data/photos/china.jpg"), (64, 96))
    with Image.open(shared_file("data/photos/china.jpg")) as image:
        want = np.asarray(image.convert("RGB").resize((96, 64), Image.Resampling.BOX))
    # Decoding at half size and another filter: the same picture, not the same numbers.
    assert abs(x.astype(float) - want).mean() < 4
