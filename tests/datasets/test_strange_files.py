"""Files that are no regular ones, or larger than what they are taken for."""

import gzip
import io
import os
import tarfile

import numpy as np
import pytest
from PIL import Image

from fastcnn.datasets import _cifar, _idx, _pixel_cache, cifar10
from fastcnn.keras.utils import image_dataset_from_directory, load_img

#: What reads a file that a caller names.
READERS = [
    pytest.param(_idx.read_idx, id="idx"),
    pytest.param(cifar10.read_batch, id="cifar10"),
    pytest.param(load_img, id="picture"),
    pytest.param(lambda path: list(_cifar._contents(cifar10._LAYOUT, path)), id="archive"),
]


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("device", [False, True])
def test_fifos_and_devices_are_refused(read, device, tmp_path):
    path = tmp_path / "fifo"
    if device:
        path.symlink_to("/dev/zero")
    else:
        os.mkfifo(path)
    with pytest.raises(ValueError, match="it is a (FIFO|character device)"):
        read(path)


def test_a_fifo_among_pictures_is_unreadable(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        Image.new("RGB", (4, 4)).save(tmp_path / name / "x.png")
    os.mkfifo(tmp_path / "b" / "z.png")
    with pytest.raises(ValueError, match="FIFO"):
        image_dataset_from_directory(tmp_path, image_size=(4, 4), verbose=False)
    data = image_dataset_from_directory(
        tmp_path, image_size=(4, 4), verbose=False, unreadable="skip"
    )
    assert [os.path.basename(path) for path in data.file_paths] == ["x.png", "x.png"]


def archive_of(members, path):
    with gzip.open(path, "wb") as packed, tarfile.open(fileobj=packed, mode="w|") as archive:
        for name, size in members:
            member = tarfile.TarInfo(name)
            member.size = size
            archive.addfile(member, io.BytesIO(bytes(size)))


def test_an_archive_that_unpacks_to_more_than_it_should_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(_cifar, "_most_bytes", lambda layout: 1 << 20)
    path = tmp_path / "cifar-10-binary.tar.gz"
    archive_of([("other", 4 << 20)], path)
    with pytest.raises(ValueError, match="unpacks to more than it should"):
        list(_cifar._contents(cifar10._LAYOUT, path))


def test_a_cache_that_is_cut_off_ends_no_process(tmp_path):
    path = tmp_path / "cache"
    cache = _pixel_cache.PixelCache(path, 3, (4, 4, 3))
    pixels = np.full((4, 4, 3), 7, np.uint8)
    cache.write(2, pixels)
    out = np.zeros((4, 4, 3), np.uint8)
    assert cache.read(2, out)
    assert (out == 7).all()
    os.truncate(path, 0)
    assert not cache.holds(2)
    assert not cache.read(2, out)
    assert cache.filled() == 0


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    leftover = tmp_path / ".cache.0123456789ab.tmp"
    leftover.touch()
    os.utime(leftover, (1, 1))
    _pixel_cache.PixelCache(tmp_path / "cache", 1, (4, 4, 3))
    assert not leftover.exists()
