"""Trains the textbook CNN on CIFAR-10 with fastcnn or with Keras and writes its learning curves.

    python -m bench.learning_curves fastcnn fastcnn_0.csv --seed 0 --data FOLDER
    python -m bench.learning_curves keras keras_0.csv --seed 0 --data FOLDER

Conv 32-64-128, Dense 128, Adam, categorical cross-entropy, batches of 32, float32 images in [0, 1],
one-hot labels, the test set as validation data. Not for timing.

Both libraries start from the same weights and see the same batches in the same order. NumPy draws
both from the seed: the weights once, a new permutation of the images for every epoch. Neither
library is seeded or shuffles. Leaving the order to them is not a fair comparison: after
``keras.utils.set_random_seed``, Keras on TensorFlow shuffles every epoch into one and the same
order, which costs the network about three points of accuracy.

The CSV file has a line for each epoch: loss and accuracy on the training and test set, the loss of
the epoch's first batch, and checksums of the initial weights and of the images and labels in the
order of the epoch. ``bench.plot_curves`` draws such files and compares the checksums.
"""

from __future__ import annotations

import argparse
import csv
import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bench.data import read_cifar10
from bench.harness import Lines, machine
from bench.libraries import KERAS_LIKE, load_keras, version
from bench.textbook import textbook

Array = np.ndarray

BATCH = 32
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")


def checksum(arrays: Iterable[Array]) -> str:
    """Return the CRC-32 of the arrays' bytes as eight hexadecimal digits."""
    value = 0
    for array in arrays:
        value = zlib.crc32(np.ascontiguousarray(array).data, value)
    return f"{value:08x}"


def draw_weights(shapes: Iterable[tuple[int, ...]], rng: np.random.Generator) -> list[Array]:
    """Draw initial weights as Keras does by default: Glorot uniform, biases zero."""
    weights = []
    for shape in shapes:
        if len(shape) == 1:
            weights.append(np.zeros(shape, np.float32))
            continue
        field = int(np.prod(shape[:-2]))
        limit = (6 / (field * (shape[-2] + shape[-1]))) ** 0.5
        weights.append(rng.uniform(-limit, limit, shape).astype(np.float32))
    return weights


def train(
    keras: Any,
    train_set: tuple[Array, Array],
    test_set: tuple[Array, Array],
    seed: int,
    epochs: int,
) -> Iterable[dict[str, Any]]:
    """Train the textbook CNN; yield a row for each epoch.

    Args:
        keras: ``fastcnn.keras`` or ``keras``.
        train_set: Images and one-hot labels.
        test_set: The same, for validation.
        seed: Decides the initial weights and the order of the images in each epoch.
        epochs: How often all images are seen.
    """
    for_weights, *for_orders = map(
        np.random.default_rng, np.random.SeedSequence(seed).spawn(1 + epochs)
    )
    model = textbook(keras)
    model.set_weights(draw_weights([w.shape for w in model.get_weights()], for_weights))
    initial = checksum(model.get_weights())
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])

    class FirstLoss(keras.callbacks.Callback):  # type: ignore[misc]
        value = float("nan")

        def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
            if batch == 0 and logs is not None:
                self.value = float(logs["loss"])

    first_loss = FirstLoss()
    for epoch, rng in enumerate(for_orders):
        order = rng.permutation(len(train_set[0]))
        x, y = (array[order] for array in train_set)
        history = model.fit(
            x,
            y,
            batch_size=BATCH,
            shuffle=False,
            initial_epoch=epoch,
            epochs=epoch + 1,
            validation_data=test_set,
            callbacks=[first_loss],
            verbose=0,
        ).history
        yield {
            "epoch": epoch,
            **{name: history[name][0] for name in CURVES},
            "first_batch_loss": first_loss.value,
            "initial_weights": initial,
            "first_batches": checksum((x[: 10 * BATCH], y[: 10 * BATCH])),
            "all_batches": checksum((x, y)),
        }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("candidate", metavar="library", choices=KERAS_LIKE)
    parser.add_argument("log", type=Path, help="CSV file to write")
    parser.add_argument(
        "--data", help="folder of CIFAR-10, binary layout; default $FASTCNN_DATA_DIR"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--threads", type=int, help="default: the library decides")
    Lines.add_option(parser)
    options = parser.parse_args()
    folder = options.data or os.environ.get("FASTCNN_DATA_DIR")
    if folder is None:
        parser.error("no images: give --data FOLDER or set FASTCNN_DATA_DIR")

    keras = load_keras(options.candidate, options.threads)
    lines = Lines(as_json=options.json)
    lines.note(**machine(library=options.candidate, version=version(options.candidate)))
    images = read_cifar10(Path(folder))
    one_hot = np.eye(10, dtype=np.float32)
    train_set, test_set = (
        (x.astype(np.float32) / 255, one_hot[y])
        for x, y in ((images.x_train, images.y_train), (images.x_test, images.y_test))
    )
    with options.log.open("w", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for row in train(keras, train_set, test_set, options.seed, options.epochs):
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow(row)
            file.flush()
            lines.row(**row)


if __name__ == "__main__":
    main()
