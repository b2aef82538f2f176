"""A folder of pictures in fit, evaluate and predict."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from fastcnn import Input, Sequential, callbacks, layers, losses, set_random_seed
from fastcnn.datasets import image_folder
from fastcnn.keras.utils import image_dataset_from_directory

Image = pytest.importorskip("PIL.Image", reason="needs Pillow")


@pytest.fixture
def pets(tmp_path, monkeypatch):
    monkeypatch.setenv("FASTCNN_CACHE_DIR", str(tmp_path / "cache"))
    rng = np.random.default_rng(0)
    for name, level in [("cat", 60), ("dog", 190)]:
        (tmp_path / "pets" / name).mkdir(parents=True)
        for number in range(10):
            pixels = rng.integers(level - 50, level + 50, (9, 9, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pets" / name / f"{number}.png")
    return tmp_path / "pets"


def opened(folder, **settings):
    return image_dataset_from_directory(
        folder, image_size=(8, 8), batch_size=6, seed=3, verbose=False, **settings
    )


def made():
    set_random_seed(0)
    model = Sequential(
        [Input((8, 8, 3)), layers.Rescaling(1 / 64, -2), layers.Flatten(), layers.Dense(2)]
    )
    model.compile(
        "adam", losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"]
    )
    return model


def test_fit_evaluate_predict(pets):
    model = made()
    train, validation = opened(pets, validation_split=0.2, subset="both")
    history = model.fit(train, epochs=30, validation_data=validation, verbose=0).history
    assert history["loss"][-1] < history["loss"][0]
    assert model.evaluate(validation, verbose=0)[1] > 0.7
    assert model.predict(validation).shape == (4, 2)
    assert [t for t in threading.enumerate() if "pictures" in t.name] == []


@pytest.mark.parametrize("shuffle", [False, True])
def test_predictions_belong_to_the_listed_files(shuffle, pets):
    path = pets / "cat" / "3.png"
    content = bytearray(path.read_bytes())
    content[content.index(b"IDAT") + 6] ^= 255
    path.write_bytes(content)
    model = made()
    dataset = opened(pets, unreadable="skip", shuffle=shuffle)
    files, labels = list(dataset.file_paths), dataset.labels.copy()
    assert len(files) == 19
    model.fit(dataset, verbose=0)
    images = np.stack([image_folder.read_image(file, (8, 8)) for file in files])
    np.testing.assert_allclose(model.predict(dataset), model.predict(images), rtol=1e-5)
    # Validation data and evaluate go the same way; a whole batch of pictures that are left out
    # would change their number of steps.
    expected = model.evaluate(images, labels, verbose=0)
    np.testing.assert_allclose(model.evaluate(dataset, verbose=0), expected, rtol=1e-5)
    assert dataset.file_paths == files


def test_goes_on_bit_for_bit(pets, tmp_path):
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == 6:
                raise KeyboardInterrupt

    expected = made()
    expected.fit(opened(pets), epochs=3, verbose=0)
    backup = callbacks.BackupAndRestore(tmp_path / "backup", save_freq=5)
    with pytest.raises(KeyboardInterrupt) as interrupted:
        made().fit(opened(pets), epochs=3, verbose=0, callbacks=[backup, Stop()])
    # The error still holds the loop's frames, and the threads are gone all the same.
    assert interrupted.traceback
    assert [t for t in threading.enumerate() if "pictures" in t.name] == []
    model = made()
    dataset = opened(pets)
    dataset.seed = 99  # comes back from the backup
    model.fit(dataset, epochs=3, verbose=0, callbacks=backup)
    for a, b in zip(model.get_weights(), expected.get_weights()):
        np.testing.assert_array_equal(a, b)
