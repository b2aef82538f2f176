"""Paths as text, bytes and objects: every function that takes one takes each."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Sequential, callbacks, keras, layers
from fastcnn.applications import LeNet5
from fastcnn.datasets import cifar10, image_folder, mnist
from fastcnn.keras.utils import load_img, save_img

Image = pytest.importorskip("PIL.Image", reason="needs Pillow")


class BytesPath:
    """An ``os.PathLike`` of bytes."""

    def __init__(self, path):
        self.path = os.fsencode(path)

    def __fspath__(self):
        return self.path


forms = pytest.mark.parametrize("form", [str, os.fsencode, Path, BytesPath])


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCNN_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def model():
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


@pytest.fixture
def pets(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for level in (50, 200):
            Image.new("L", (4, 4), level).save(tmp_path / "pets" / name / f"{level}.png")
    return tmp_path / "pets"


@forms
def test_models(form, tmp_path, model):
    file, weights = tmp_path / "model.safetensors", tmp_path / "weights.safetensors"
    model.save(form(file))
    keras.models.save_model(model, form(file))
    for loaded in (fastcnn.load(form(file)), keras.models.load_model(form(file))):
        np.testing.assert_array_equal(loaded.get_weights()[0], model.get_weights()[0])
    model.save_weights(form(weights))
    model.load_weights(form(weights))
    assert not [path for path in os.listdir(tmp_path) if path.startswith(("b'", "."))]


@forms
def test_weights_of_networks(form, tmp_path):
    network = LeNet5()
    network.save_weights(tmp_path / "lenet.safetensors")
    same = LeNet5(weights=form(tmp_path / "lenet.safetensors"))
    np.testing.assert_array_equal(same.get_weights()[0], network.get_weights()[0])
    with pytest.raises(ValueError, match=r"no file '[^b'].*none.safetensors'"):
        LeNet5(weights=form(tmp_path / "none.safetensors"))


@forms
def test_callbacks(form, tmp_path, model):
    made = [
        callbacks.ModelCheckpoint(form(tmp_path / "best.safetensors")),
        callbacks.CSVLogger(form(tmp_path / "log.csv")),
        callbacks.BackupAndRestore(form(tmp_path / "backup"), delete_checkpoint=False),
    ]
    model.fit(np.zeros((4, 2)), np.zeros((4, 1)), verbose=0, callbacks=made)
    assert {"best.safetensors", "log.csv", "backup"} <= set(os.listdir(tmp_path))


@forms
def test_tensorboard(form, tmp_path, model):
    pytest.importorskip("tensorboard", reason="needs tensorboard")
    board = callbacks.TensorBoard(form(tmp_path / "logs"))
    model.fit(np.zeros((4, 2)), np.zeros((4, 1)), verbose=0, callbacks=board)
    assert (tmp_path / "logs").exists()


@forms
def test_folders_of_pictures(form, pets, tmp_path):
    assert image_folder.load(form(pets), (4, 4)).class_names == ("cat", "dog")
    assert image_folder.open_folder(form(pets), (4, 4)).report.startswith(f"{pets}: 4 pictures")
    dataset = image_folder.image_dataset_from_directory(
        form(pets), image_size=4, cache=form(tmp_path / "kept"), verbose=False
    )
    assert dataset.file_paths[0].startswith(f"{pets}/")
    assert len(os.listdir(tmp_path / "kept")) == 1
    files = [form(path) for path in dataset.file_paths]
    again = image_folder.ImageDataset(files, None, dataset.form)
    assert again.file_paths == dataset.file_paths
    assert image_folder.read_image(files[0], (4, 4)).shape == (4, 4, 3)


@forms
def test_single_pictures(form, tmp_path):
    path = form(tmp_path / "grey.png")
    save_img(path, np.full((3, 3, 1), 70), scale=False)
    assert load_img(path).getpixel((0, 0)) == (70, 70, 70)
    with pytest.raises(FileNotFoundError):
        load_img(form(tmp_path / "none.png"))


def test_files_in_memory():
    memory = io.BytesIO()
    save_img(memory, np.full((3, 3, 1), 70), file_format="png", scale=False)
    memory.seek(0)
    assert load_img(memory).size == (3, 3)


@forms
def test_files_of_data_sets(form, tmp_path):
    (tmp_path / "a.idx").write_bytes(b"\0\0\x08\1\0\0\0\2" + bytes([3, 4]))
    assert mnist.read_idx(form(tmp_path / "a.idx")).tolist() == [3, 4]
    (tmp_path / "b.bin").write_bytes(bytes(3073))
    assert len(cifar10.read_batch(form(tmp_path / "b.bin"))[0]) == 1
