"""Every mode of pixels that Pillow reads: converted by a known range, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, TiffImagePlugin

from fastcnn.datasets._decode import Form, read_picture
from fastcnn.datasets.image_folder import image_dataset_from_directory
from fastcnn.keras.utils import load_img

GREY = np.array([[10, 100, 250, 255]], np.uint8)
_PHOTOMETRIC, _FORMAT = 262, 339


def read(path, color_mode="rgb"):
    return read_picture(path, Form((1, 4), color_mode, "nearest"))


def saved(image, path, **options):
    image.save(path, **options)
    return path


def of_mode(mode):
    """A picture of one row in which the levels of ``GREY`` are seen."""
    grey = Image.fromarray(GREY)
    if mode == "P":
        image = Image.fromarray(np.arange(4, dtype=np.uint8)[None], "L").convert("P")
        image.putdata([0, 1, 2, 3])
        image.putpalette(np.repeat(GREY.reshape(-1), 3).tolist())
        return image
    if mode.startswith("I;16"):
        order = ">u2" if mode == "I;16B" else "<u2"
        return Image.frombytes(mode, (4, 1), (GREY.astype(int) * 257).astype(order).tobytes())
    if mode == "CMYK":
        return Image.merge(
            "CMYK", [Image.new("L", (4, 1)) for _ in range(3)] + [Image.fromarray(255 - GREY)]
        )
    return grey.convert(mode)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [
        (mode, suffix)
        for mode, suffixes in {
            "L": "png tif bmp gif",
            "P": "png tif gif bmp",
            "RGB": "png tif bmp webp",
            "RGBA": "png tif webp",
            "LA": "png tif",
            "PA": "tif",
            "CMYK": "tif",
            "YCbCr": "tif",
            "RGBX": "tif",
            "I;16": "png tif",
            "I;16B": "png tif",
        }.items()
        for suffix in suffixes.split()
    ],
)
def test_grey_levels_in_every_mode(mode, suffix, tmp_path):
    options = {"lossless": True} if suffix == "webp" else {}
    path = saved(of_mode(mode), tmp_path / f"a.{suffix}", **options)
    np.testing.assert_array_equal(read(path)[..., 1], GREY)
    np.testing.assert_array_equal(read(path, "grayscale")[..., 0], GREY)
    np.testing.assert_array_equal(read(path, "rgba")[..., 1], GREY)
    assert (read(path, "rgba")[..., 3] == 255).all()


@pytest.mark.parametrize("suffix", ["png", "tif", "bmp", "gif"])
def test_one_bit(suffix, tmp_path):
    bits = Image.fromarray(np.array([[0, 255, 0, 255]], np.uint8)).convert("1")
    assert read(saved(bits, tmp_path / f"a.{suffix}"))[0, :, 0].tolist() == [0, 255, 0, 255]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
@pytest.mark.parametrize("color_mode", ["rgb", "grayscale", "rgba"])
@pytest.mark.parametrize("scale", [1, 257, 1 / 255])
def test_pixels_without_a_range_are_refused(dtype, color_mode, scale, tmp_path):
    path = saved(Image.fromarray((GREY.astype(float) * scale).astype(dtype)), tmp_path / "a.tif")
    with pytest.raises(ValueError, match=r"a.tif cannot .*nothing says which is white.*8 bits"):
        read(path, color_mode)


def test_signed_sixteen_bits_are_refused(tmp_path):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[_FORMAT] = 2
    path = tmp_path / "a.tif"
    Image.fromarray(GREY.astype(np.uint16) * 100).save(path, tiffinfo=tags)
    with Image.open(path) as image:
        if image.mode != "I":
            pytest.skip("this Pillow does not write signed TIFF")
    with pytest.raises(ValueError, match="nothing says which is white"):
        read(path)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_eight_bits_in_sixteen_are_refused(suffix, tmp_path):
    path = saved(Image.fromarray(GREY.astype(np.uint16)), tmp_path / f"a.{suffix}")
    with pytest.raises(ValueError, match="have 16 bits, but none is above 255, which is black of"):
        read(path)
    black = saved(Image.fromarray(GREY.astype(np.uint16) * 0), tmp_path / f"b.{suffix}")
    assert not read(black).any()


def test_white_that_is_zero(tmp_path):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[_PHOTOMETRIC] = 0
    image = Image.fromarray((255 - GREY).astype(np.uint16) * 257)
    np.testing.assert_array_equal(
        read(saved(image, tmp_path / "a.tif", tiffinfo=tags))[..., 0], GREY
    )


def twelve_bits(path, levels):
    """A TIFF file of 12 bits a pixel, which Pillow reads but does not write."""
    packed = b"".join(
        ((a << 12) | b).to_bytes(3, "big") for a, b in zip(levels[::2], levels[1::2], strict=True)
    )
    entries = [
        (256, 4, len(levels)),
        (257, 4, 1),
        (258, 3, 12),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 8),
        (277, 3, 1),
        (278, 4, 1),
        (279, 4, len(packed)),
    ]
    start = 8 + len(packed)
    table = len(entries).to_bytes(2, "little")
    for tag, kind, value in entries:
        table += tag.to_bytes(2, "little") + kind.to_bytes(2, "little")
        table += (1).to_bytes(4, "little") + value.to_bytes(4, "little")
    path.write_bytes(b"II*\0" + start.to_bytes(4, "little") + packed + table + bytes(4))
    return path


def test_twelve_bits(tmp_path):
    path = twelve_bits(tmp_path / "a.tif", [160, 1600, 4000, 4095])
    np.testing.assert_array_equal(read(path)[..., 0], GREY)


def test_grey_of_netpbm_has_the_range_it_names(tmp_path):
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5 4 1 1020\n" + (GREY.astype(int) * 4).astype(">u2").tobytes())
    np.testing.assert_array_equal(read(path)[..., 0], GREY)


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
def test_a_level_that_is_transparent(mode, tmp_path):
    transparent = {"L": 100, "RGB": (100,) * 3, "I;16": 25700}[mode]
    path = saved(of_mode(mode), tmp_path / "a.png", transparency=transparent)
    assert read(path)[0, :, 0].tolist() == [10, 255, 250, 255]
    assert read(path, "rgba")[0, :, 3].tolist() == [255, 0, 255, 255]


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_what_is_behind_transparent_parts(mode, tmp_path):
    image = Image.fromarray(GREY).convert(mode)
    image.putalpha(Image.fromarray(np.array([[255, 0, 255, 0]], np.uint8)))
    path = saved(image, tmp_path / "a.png")
    assert read(path)[0, :, 0].tolist() == [10, 255, 250, 255]


@pytest.mark.parametrize("suffix", ["gif", "png", "webp", "tif"])
def test_the_first_of_several_frames(suffix, tmp_path):
    first, second = (Image.new("RGB", (4, 1), (level,) * 3) for level in (200, 20))
    path = tmp_path / f"a.{suffix}"
    options = {"lossless": True} if suffix == "webp" else {}
    first.save(path, save_all=True, append_images=[second], **options)
    assert (read(path) == 200).all()


def test_rotation_of_sixteen_bits(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    path = saved(of_mode("I;16"), tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(read(path)[..., 0], GREY[:, ::-1])


def test_a_data_set_names_the_file(tmp_path):
    home = tmp_path / "cat"
    home.mkdir()
    saved(Image.fromarray(GREY.astype(np.int32)), home / "a.tif")
    saved(Image.fromarray(GREY), home / "b.tif")
    with pytest.raises(ValueError, match=r"1 of 2 files .*(?s:.*)a.tif: its pixels are integers"):
        image_dataset_from_directory(tmp_path, verbose=False)


def test_load_img_converts_by_the_range_too(tmp_path):
    wide = saved(of_mode("I;16"), tmp_path / "a.png")
    np.testing.assert_array_equal(np.asarray(load_img(wide))[..., 1], GREY)
    assert load_img(wide, color_mode="grayscale").mode == "I;16"
    unknown = saved(Image.fromarray(GREY.astype(np.int32)), tmp_path / "a.tif")
    with pytest.raises(ValueError, match="nothing says which is white"):
        load_img(unknown)
    assert load_img(unknown, color_mode="grayscale").mode == "I"
