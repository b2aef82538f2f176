"""Handwritten digits with a small CNN, as a Keras user writes it.

    python examples/mnist_cnn.py [--data mnist | drawn | FILE.npz] [--epochs 5] [--seed 0]

Only the imports say which package runs: replace ``fastcnn.keras`` by ``keras`` for the other one.
``--data drawn`` needs no download; a file has the arrays of Keras' ``mnist.npz``. With ``--seed``
NumPy draws the weights and batches come in order, so that both packages go the same way.
"""

import argparse
import csv

import numpy as np

import fastcnn.keras as keras
from fastcnn.keras import layers

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument(
    "--data", default="mnist", help="mnist, drawn, or a file in the layout of Keras"
)
parser.add_argument("--epochs", type=int, default=5)
parser.add_argument("--batch-size", type=int, default=128)
parser.add_argument("--dropout", type=float, default=0.5)
parser.add_argument("--seed", type=int, help="draws weights with NumPy and does not shuffle")
parser.add_argument("--log", help="CSV file for the logs of each step")
options = parser.parse_args()


def drawn(count, rng):
    """Ten patterns, moved by up to two pixels and noisy, in place of the digits."""
    patterns = np.random.default_rng(0).random((10, 24, 24)) < 0.3
    labels = rng.integers(0, 10, count)
    images = np.zeros((count, 28, 28), np.uint8)
    for image, label in zip(images, labels):
        top, left = rng.integers(0, 5, 2)
        image[top : top + 24, left : left + 24] = 200 * patterns[label]
    images += rng.integers(0, 55, images.shape, np.uint8)
    return images, labels


if options.data == "mnist":
    (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
elif options.data == "drawn":
    numbers = np.random.default_rng(1)
    (x_train, y_train), (x_test, y_test) = drawn(1000, numbers), drawn(200, numbers)
else:
    with np.load(options.data) as file:
        x_train, y_train = file["x_train"], file["y_train"]
        x_test, y_test = file["x_test"], file["y_test"]

x_train = np.expand_dims(x_train.astype("float32") / 255, -1)
x_test = np.expand_dims(x_test.astype("float32") / 255, -1)
y_train = keras.utils.to_categorical(y_train, 10)
y_test = keras.utils.to_categorical(y_test, 10)

model = keras.Sequential(
    [
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Conv2D(64, kernel_size=(3, 3), activation="relu"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Flatten(),
        layers.Dropout(options.dropout),
        layers.Dense(10, activation="softmax"),
    ]
)
model.summary()

if options.seed is not None:
    rng = np.random.default_rng(options.seed)
    model.set_weights(
        [
            rng.standard_normal(w.shape) * np.sqrt(2 / np.prod(w.shape[:-1])) if w.ndim > 1 else w
            for w in model.get_weights()
        ]
    )

steps = []
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(
    x_train,
    y_train,
    batch_size=options.batch_size,
    epochs=options.epochs,
    validation_split=0.1,
    shuffle=options.seed is None,
    callbacks=[
        keras.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: steps.append(logs))
    ],
)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test loss {loss:.4f}, test accuracy {accuracy:.4f}")

if options.log:
    with open(options.log, "w", newline="") as file:
        writer = csv.DictWriter(file, sorted(steps[0]))
        writer.writeheader()
        writer.writerows(steps)
