"""CIFAR-10 from folders, archives and a server; damaged in every way we know."""

import gzip
import hashlib
import io
import tarfile
from dataclasses import replace

import numpy as np
import pytest

from fastcnn.datasets import cifar10
from fastcnn.datasets._download import RemoteFile
from shared_data import shared_file

FILES = [f"data_batch_{number}.bin" for number in range(1, 6)] + ["test_batch.bin"]


@pytest.fixture(scope="module")
def batches():
    """All six files: record i of file f is labelled (i + f) % 10, its pixels count up from i."""
    made = {}
    for f, name in enumerate(FILES):
        records = np.empty((10_000, 3073), np.uint8)
        index = np.arange(10_000)
        records[:, 0] = (index + f) % 10
        records[:, 1:] = (index[:, None] + np.arange(3072)) % 251
        made[name] = records.tobytes()
    return made


@pytest.fixture(scope="module")
def archive(batches):
    return pack({f"cifar-10-batches-bin/{name}": content for name, content in batches.items()})


def pack(members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCNN_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def check_made_up(data):
    (x_train, y_train), (x_test, y_test) = data
    assert x_train.shape == (50_000, 32, 32, 3)
    assert x_test.shape == (10_000, 32, 32, 3)
    assert y_train.shape == (50_000, 1)
    assert y_test.shape == (10_000, 1)
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype(np.uint8)}
    assert x_train.flags.c_contiguous
    assert x_train.flags.writeable
    # Record 7 of file 2; row 3, column 4, green: the second plane.
    assert x_train[10_007, 3, 4, 1] == (7 + 1024 + 3 * 32 + 4) % 251
    assert y_train[10_007, 0] == 8
    np.testing.assert_array_equal(y_test[:, 0], (np.arange(10_000) + 5) % 10)


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-bin"])
def test_from_a_folder(inner, batches, data_dir):
    (data_dir / inner).mkdir(exist_ok=True)
    for name, content in batches.items():
        (data_dir / inner / name).write_bytes(content)
    check_made_up(cifar10.load_data())


def test_from_an_archive_in_a_folder(archive, data_dir):
    (data_dir / "cifar-10-binary.tar.gz").write_bytes(archive)
    check_made_up(cifar10.load_data())
    assert [p.name for p in data_dir.iterdir()] == ["cifar-10-binary.tar.gz"]


def test_downloads_unpacks_and_remembers(archive, server, monkeypatch, tmp_path):
    server.content = archive
    remote = RemoteFile(server.url, len(archive), hashlib.sha256(archive).hexdigest())
    monkeypatch.setattr(cifar10, "_LAYOUT", replace(cifar10._LAYOUT, archive=remote))
    check_made_up(cifar10.load_data())
    check_made_up(cifar10.load_data())
    assert len(server.ranges) == 1
    home = tmp_path / "cache" / "cifar-10-batches-bin"
    assert sorted(p.name for p in home.iterdir()) == FILES
    # A second download is all that a damaged cache needs, and the error says so.
    (home / FILES[0]).write_bytes(b"short")
    with pytest.raises(ValueError, match=f"Remove {home} and load again"):
        cifar10.load_data()


def test_an_archive_put_into_the_cache_by_hand(archive, server, monkeypatch, tmp_path):
    server.status = 404
    remote = RemoteFile(server.url, len(archive), hashlib.sha256(archive).hexdigest())
    monkeypatch.setattr(cifar10, "_LAYOUT", replace(cifar10._LAYOUT, archive=remote))
    place = tmp_path / "cache" / "cifar-10-binary.tar.gz"
    with pytest.raises(ConnectionError, match=f"put the file at {place} yourself"):
        cifar10.load_data()
    place.write_bytes(archive)
    check_made_up(cifar10.load_data())


def test_wrong_checksum_leaves_no_data(archive, server, monkeypatch, tmp_path):
    server.content = archive
    remote = RemoteFile(server.url, len(archive), "0" * 64)
    monkeypatch.setattr(cifar10, "_LAYOUT", replace(cifar10._LAYOUT, archive=remote))
    with pytest.raises(ValueError, match="wrong content"):
        cifar10.load_data()
    assert [p.suffix for p in (tmp_path / "cache").iterdir()] == [".lock"]


def test_nothing_in_the_folder(data_dir):
    with pytest.raises(FileNotFoundError, match="no CIFAR-10 in FASTCNN_DATA_DIR=.*unset"):
        cifar10.load_data()


def test_truncated_batch(batches, data_dir):
    for name, content in batches.items():
        (data_dir / name).write_bytes(content)
    (data_dir / FILES[3]).write_bytes(batches[FILES[3]][:-1])
    with pytest.raises(ValueError, match=r"data_batch_4.bin is damaged: 30,729,999 bytes.*again"):
        cifar10.load_data()


def test_missing_batch(batches, data_dir):
    (data_dir / FILES[5]).write_bytes(batches[FILES[5]])
    with pytest.raises(ValueError, match=r"has no data_batch_1.bin, .*data_batch_5.bin\. Copy"):
        cifar10.load_data()


def test_label_above_nine(batches, data_dir):
    for name, content in batches.items():
        (data_dir / name).write_bytes(content)
    damaged = bytearray(batches[FILES[1]])
    damaged[3073 * 42] = 10
    (data_dir / FILES[1]).write_bytes(damaged)
    with pytest.raises(ValueError, match=r"data_batch_2.bin is not .*: record 42 has label 10"):
        cifar10.load_data()


def test_truncated_archive(archive, data_dir):
    (data_dir / "cifar-10-binary.tar.gz").write_bytes(archive[: len(archive) // 2])
    with pytest.raises(ValueError, match=r"tar.gz is damaged .*download it again"):
        cifar10.load_data()


def test_archive_of_something_else(data_dir):
    (data_dir / "cifar-10-binary.tar.gz").write_bytes(b"<html>please log in</html>")
    with pytest.raises(ValueError, match=r"tar.gz is damaged .*download it again"):
        cifar10.load_data()


def test_other_members_of_an_archive_are_never_touched(batches, data_dir, tmp_path):
    hostile = {"../../escaped": b"x", "/escaped": b"x", "cifar-10-batches-bin/../escaped": b"x"}
    named = {f"cifar-10-batches-bin/{name}": content for name, content in batches.items()}
    (data_dir / "cifar-10-binary.tar.gz").write_bytes(pack(hostile | named))
    check_made_up(cifar10.load_data())
    assert not list(tmp_path.rglob("escaped"))


def test_member_of_another_size_is_not_read(data_dir):
    archive = pack({f"cifar-10-batches-bin/{FILES[0]}": bytes(40_000_000)})
    (data_dir / "cifar-10-binary.tar.gz").write_bytes(archive)
    with pytest.raises(ValueError, match=r"has no data_batch_1.bin"):
        cifar10.load_data()


def test_read_batch_rejects_parts_of_records(tmp_path):
    (tmp_path / "batch.bin").write_bytes(bytes(3073 + 1))
    with pytest.raises(ValueError, match="3,074 bytes are not a whole number"):
        cifar10.read_batch(tmp_path / "batch.bin")


def test_the_first_official_records(tmp_path):
    packed = shared_file("data/cifar10/data_batch_1_first4000.bin.gz")
    (tmp_path / "batch.bin").write_bytes(gzip.decompress(packed.read_bytes()))
    x, y = cifar10.read_batch(tmp_path / "batch.bin")
    assert x.shape == (4000, 32, 32, 3)
    # The first ten labels as published, the first of them a frog: brown, so red leads blue.
    np.testing.assert_array_equal(y[:10, 0], [6, 9, 9, 4, 1, 1, 2, 7, 8, 3])
    assert cifar10.CLASS_NAMES[y[0, 0]] == "frog"
    red, _, blue = x[0].reshape(-1, 3).mean(0)
    assert red > blue + 20
