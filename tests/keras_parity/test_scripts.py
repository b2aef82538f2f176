"""Scripts as they are written for tensorflow.keras, with other imports."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn.keras as keras
from fastcnn.keras import layers, models
from fastcnn.keras.utils import to_categorical


def test_the_textbook_program(tmp_path, rng):
    x_train = rng.integers(0, 256, (64, 32, 32, 3), np.uint8)
    y_train = to_categorical(rng.integers(0, 10, (64, 1)), 10)
    x_train = x_train.astype("float32") / 255

    model = models.Sequential()
    model.add(layers.Conv2D(32, (3, 3), activation="relu", input_shape=(32, 32, 3)))
    model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Conv2D(64, (3, 3), activation="relu"))
    model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Conv2D(128, (3, 3), activation="relu"))
    model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    assert model.count_params() == 160_202
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=1e-3),
        loss="categorical_crossentropy",
        metrics=["accuracy"],
    )
    history = model.fit(
        x_train,
        y_train,
        epochs=2,
        batch_size=32,
        validation_split=0.5,
        callbacks=[keras.callbacks.EarlyStopping(patience=3)],
        verbose=0,
    )
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    loss, accuracy = model.evaluate(x_train, y_train, verbose=0)
    assert np.isfinite(loss)
    assert 0 <= accuracy <= 1
    with pytest.warns(UserWarning, match="is written in fastcnn's format"):
        model.save(tmp_path / "model.keras")
    again = models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again.predict(x_train), model.predict(x_train))


def test_feature_extraction(rng):
    base = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            layers.Conv2D(4, 3, activation="relu", name="features"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    base.trainable = False
    cut = keras.Model(base.inputs, base.get_layer("features").output)
    x = rng.random((2, 8, 8, 3))
    assert cut.predict(x).shape == (2, 6, 6, 4)
    head = keras.Input((8, 8, 3))
    y = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(cut(head)))
    model = keras.Model(head, y)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    before = base.get_weights()
    model.fit(x, np.array([0, 2]), epochs=2, verbose=0)
    np.testing.assert_array_equal(base.get_weights()[0], before[0])


@pytest.mark.parametrize("labels", [[0, 5], [-1, 0]])
def test_to_categorical_checks_its_range(labels):
    with pytest.raises(ValueError, match="labels run from"):
        to_categorical(labels, 3)
