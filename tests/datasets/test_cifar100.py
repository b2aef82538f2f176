"""CIFAR-100: two labels a record; what it shares with CIFAR-10 is tested there."""

from dataclasses import replace

import numpy as np
import pytest

from fastcnn.datasets import cifar100


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCNN_DATA_DIR", str(tmp_path))
    return tmp_path


def records(count, shift):
    """Record i is of group (i + shift) % 20 and class (i + shift) % 100, its pixels count up."""
    made = np.empty((count, 3074), np.uint8)
    index = np.arange(count)
    made[:, 0], made[:, 1] = (index + shift) % 20, (index + shift) % 100
    made[:, 2:] = (index[:, None] + np.arange(3072)) % 251
    return made


def test_fine_and_coarse_labels(data_dir, monkeypatch):
    short = replace(cifar100._LAYOUT, files={"train.bin": 500, "test.bin": 100}, training=500)
    monkeypatch.setattr(cifar100, "_LAYOUT", short)
    (data_dir / "cifar-100-binary").mkdir()
    for name, count, shift in [("train.bin", 500, 0), ("test.bin", 100, 7)]:
        (data_dir / "cifar-100-binary" / name).write_bytes(records(count, shift).tobytes())
    (x_train, y_train), (x_test, y_test) = cifar100.load_data()
    assert x_train.shape == (500, 32, 32, 3)
    assert x_test.shape == (100, 32, 32, 3)
    # Record 5; row 3, column 4, green: the second plane.
    assert x_train[5, 3, 4, 1] == (5 + 1024 + 3 * 32 + 4) % 251
    np.testing.assert_array_equal(y_train[:, 0], np.arange(500) % 100)
    np.testing.assert_array_equal(y_test[:, 0], (np.arange(100) + 7) % 100)
    (_, y_train), (_, y_test) = cifar100.load_data("coarse")
    np.testing.assert_array_equal(y_train[:, 0], np.arange(500) % 20)
    assert y_test.shape == (100, 1)
    damaged = records(100, 0)
    damaged[3, 0] = 20
    (data_dir / "cifar-100-binary" / "test.bin").write_bytes(damaged.tobytes())
    with pytest.raises(
        ValueError, match=r"test.bin is not CIFAR-100 .*record 3 has label 20, above 19"
    ):
        cifar100.load_data()
    (data_dir / "cifar-100-binary" / "test.bin").write_bytes(damaged.tobytes()[:-5])
    with pytest.raises(ValueError, match=r"test.bin is damaged: 307,395 bytes, expected 307,400"):
        cifar100.load_data()


def test_nothing_in_the_folder(data_dir):
    with pytest.raises(FileNotFoundError, match="no CIFAR-100 in FASTCNN_DATA_DIR"):
        cifar100.load_data()


def test_labels_there_are():
    assert (len(cifar100.CLASS_NAMES), len(cifar100.GROUP_NAMES)) == (100, 20)
    with pytest.raises(ValueError, match="label_mode must be 'fine' or 'coarse', got 'medium'"):
        cifar100.load_data("medium")
