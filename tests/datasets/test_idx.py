"""MNIST and Fashion-MNIST: four IDX files under any name, from folders and a server; damaged."""

import gzip
import hashlib
import struct
from dataclasses import replace

import numpy as np
import pytest

from fastcnn.datasets import _idx, fashion_mnist, mnist
from fastcnn.datasets._download import RemoteFile
from shared_data import shared_file


def idx(values):
    """The bytes of an IDX file."""
    code = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}[values.dtype.str[1:]]
    head = struct.pack(f">BBBB{values.ndim}I", 0, 0, code, values.ndim, *values.shape)
    return head + values.astype(values.dtype.newbyteorder(">")).tobytes()


@pytest.fixture
def small(monkeypatch):
    """MNIST made of a few pictures; returns the content of its four files."""
    rng = np.random.default_rng(0)
    arrays = [
        rng.integers(0, 256, (6, 28, 28), np.uint8),
        rng.integers(0, 10, 6).astype(np.uint8),
        rng.integers(0, 256, (2, 28, 28), np.uint8),
        rng.integers(0, 10, 2).astype(np.uint8),
    ]
    contents = [idx(array) for array in arrays]
    parts = tuple(
        replace(part, md5=hashlib.md5(content).hexdigest())
        for part, content in zip(mnist._SET.parts, contents)
    )
    monkeypatch.setattr(mnist, "_SET", replace(mnist._SET, parts=parts))
    return arrays, contents


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCNN_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def check(data, arrays):
    for found, expected in zip([a for split in data for a in split], arrays):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == np.uint8
        assert found.flags.writeable


@pytest.mark.parametrize("inner", ["", "mnist"])
@pytest.mark.parametrize(
    "names",
    [
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k"],
        ["a.bin", "b.dat", "c.gz", "d"],
    ],
)
def test_files_are_told_by_their_content(inner, names, small, data_dir):
    arrays, contents = small
    home = data_dir / inner
    home.mkdir(exist_ok=True)
    for name, content in zip(names, contents):
        (home / name).write_bytes(gzip.compress(content) if name == "c.gz" else content)
    (home / "notes.txt").write_text("these are digits")
    (home / "other.tar.gz").write_bytes(gzip.compress(b"an archive"))
    check(mnist.load_data(), arrays)


def test_two_data_sets_in_one_folder(small, data_dir):
    arrays, contents = small
    for number, content in enumerate(contents):
        (data_dir / f"{number}-ubyte").write_bytes(content)
        (data_dir / f"clothes-{number}-ubyte").write_bytes(content[:-1] + b"\x63")
    check(mnist.load_data(), arrays)


def test_truncated_and_foreign_files_are_named(small, data_dir):
    _, contents = small
    (data_dir / "mnist").mkdir()
    for number, content in enumerate(contents):
        (data_dir / "mnist" / f"{number}-ubyte").write_bytes(content)
    (data_dir / "mnist" / "0-ubyte").write_bytes(contents[0][:-10])
    message = (
        r"content of train-images-idx3-ubyte.gz, .*0-ubyte is damaged: 4,710 bytes, expected 4,720 "
        r"for values of shape \(6, 28, 28\)"
    )
    with pytest.raises(ValueError, match=message):
        mnist.load_data()
    packed = gzip.compress(contents[0])
    (data_dir / "mnist" / "0-ubyte").write_bytes(packed[: len(packed) // 2])
    with pytest.raises(ValueError, match="0-ubyte is damaged: it cannot be unpacked"):
        mnist.load_data()
    (data_dir / "mnist" / "0-ubyte").write_bytes(contents[0][:-1] + b"\x63")
    with pytest.raises(ValueError, match=r"0-ubyte holds other values \(6, 28, 28\) than MNIST"):
        mnist.load_data()


def test_nothing_in_the_folder(data_dir):
    with pytest.raises(FileNotFoundError, match="no Fashion-MNIST in FASTCNN_DATA_DIR.*unset"):
        fashion_mnist.load_data()


def test_downloads_and_remembers(small, server, monkeypatch, tmp_path):
    arrays, contents = small
    home = tmp_path / "cache" / "mnist"
    for index in range(4):
        # One server, one answer: the parts come one after the other.
        server.content = gzip.compress(contents[index])
        digest = hashlib.sha256(server.content).hexdigest()
        part = replace(
            mnist._SET.parts[index], remote=RemoteFile(server.url, len(server.content), digest)
        )
        parts = (*mnist._SET.parts[:index], part, *mnist._SET.parts[index + 1 :])
        if index < 3:
            failing = RemoteFile("http://127.0.0.1:9/none", 1, "0" * 64)
            rest = [replace(p, remote=failing) for p in parts[index + 1 :]]
            monkeypatch.setattr(
                mnist, "_SET", replace(mnist._SET, parts=(*parts[: index + 1], *rest))
            )
            with pytest.raises(ConnectionError, match="Call again to go on"):
                mnist.load_data()
        else:
            monkeypatch.setattr(mnist, "_SET", replace(mnist._SET, parts=parts))
    assert not home.exists()
    check(mnist.load_data(), arrays)
    check(mnist.load_data(), arrays)
    assert len(server.ranges) == 4
    name = mnist._SET.parts[1].name
    (home / name).write_bytes(gzip.compress(contents[3]))
    with pytest.raises(ValueError, match=f"{name} is damaged: .* MD5 .*downloaded afresh"):
        mnist.load_data()


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "i4", "f4", "f8"])
def test_every_type(dtype, tmp_path):
    values = np.arange(12).reshape(3, 4).astype(dtype)
    (tmp_path / "a").write_bytes(idx(values))
    found = mnist.read_idx(tmp_path / "a")
    np.testing.assert_array_equal(found, values)
    assert found.dtype == values.dtype
    assert found.dtype.isnative


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "a is not an IDX file: it begins with b''"),
        (b"\x89PNG", "a is not an IDX file: it begins with"),
        (b"\0\0\x08\x03\0\0", "a is damaged: it ends inside its header"),
        (b"\0\0\x08\x01\xff\xff\xff\xff" + b"1", "a is damaged: 9 bytes, expected 4,294,967,303"),
        (idx(np.zeros(3, np.uint8)) + b"1", r"a is damaged: 12 bytes, expected 11 .*shape \(3,\)"),
    ],
)
def test_files_that_are_none(content, message, tmp_path):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        _idx.read_idx(tmp_path / "a")


def test_the_real_mnist(monkeypatch):
    monkeypatch.setenv("FASTCNN_DATA_DIR", str(shared_file("data/mnist").parent))
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert (x_train.shape, y_train.shape) == ((60_000, 28, 28), (60_000,))
    assert (x_test.shape, y_test.shape) == ((10_000, 28, 28), (10_000,))
    np.testing.assert_array_equal(y_train[:5], [5, 0, 4, 1, 9])
    np.testing.assert_array_equal(y_test[:5], [7, 2, 1, 0, 4])


def test_names_of_clothes():
    assert len(fashion_mnist.CLASS_NAMES) == 10
