"""The CNN of the textbooks on CIFAR-10, as a Keras user writes it.

    python examples/cifar10_cnn.py [--epochs 10] [--seed 0] [--log log.csv]

Images come from ``FASTCNN_DATA_DIR``, or are downloaded once (170 MB).

With ``--seed`` a run repeats itself. To compare accuracies with Keras, leave it out: once seeded,
Keras on TensorFlow shuffles every epoch into the same order.
"""

import argparse

import fastcnn.keras as keras
from fastcnn.keras import layers, models
from fastcnn.keras.callbacks import CSVLogger
from fastcnn.keras.datasets import cifar10
from fastcnn.keras.utils import to_categorical

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--seed", type=int, help="makes the run repeatable")
parser.add_argument("--log", help="CSV file for loss and accuracy of each epoch")
options = parser.parse_args()

if options.seed is not None:
    keras.utils.set_random_seed(options.seed)

(x_train, y_train), (x_test, y_test) = cifar10.load_data()
x_train, x_test = x_train.astype("float32") / 255, x_test.astype("float32") / 255
y_train, y_test = to_categorical(y_train, 10), to_categorical(y_test, 10)

model = models.Sequential(
    [
        layers.Conv2D(32, (3, 3), activation="relu", input_shape=(32, 32, 3)),
        layers.MaxPooling2D((2, 2)),
        layers.Conv2D(64, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Conv2D(128, (3, 3), activation="relu"),
        layers.MaxPooling2D((2, 2)),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
)
model.summary()
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(
    x_train,
    y_train,
    epochs=options.epochs,
    batch_size=32,
    validation_data=(x_test, y_test),
    callbacks=[CSVLogger(options.log)] if options.log else [],
)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test loss {loss:.4f}, test accuracy {accuracy:.4f}")
