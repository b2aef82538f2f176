"""Trains the textbook program on CIFAR-10 with fastcnn or with Keras and keeps the curves.

    python -m bench.learning_curves fastcnn fastcnn_0.csv --seed 0 --data FOLDER
    python -m bench.learning_curves keras keras_0.csv --seed 0 --data FOLDER

The same lines for both: Conv 32-64-128, Dense 128, Adam, categorical cross-entropy, batches of 32,
float32 images in [0, 1], one-hot labels, the test set as validation data. ``CSVLogger`` writes a
line an epoch, which ``bench.plot_curves`` draws. Not for timing.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np

from bench.data import read_cifar10
from bench.textbook import load_keras, textbook


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("contestant", choices=["fastcnn", "keras"])
    parser.add_argument("log", type=Path, help="CSV file to write")
    parser.add_argument(
        "--data", help="folder of CIFAR-10, binary layout; default $FASTCNN_DATA_DIR"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    folder = options.data or os.environ.get("FASTCNN_DATA_DIR")
    if folder is None:
        parser.error("no images: give --data FOLDER or set FASTCNN_DATA_DIR")

    keras = load_keras(options.contestant)
    keras.utils.set_random_seed(options.seed)
    images = read_cifar10(Path(folder))
    x_train, x_test = (x.astype(np.float32) / 255 for x in (images.x_train, images.x_test))
    y_train, y_test = (keras.utils.to_categorical(y, 10) for y in (images.y_train, images.y_test))
    model = textbook(keras)
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    model.fit(
        x_train,
        y_train,
        batch_size=32,
        epochs=options.epochs,
        validation_data=(x_test, y_test),
        callbacks=[keras.callbacks.CSVLogger(str(options.log))],
        verbose=2,
    )


if __name__ == "__main__":
    main()
