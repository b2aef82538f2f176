"""What is it and how large is it? A model with two inputs and two outputs, as in Keras.

    python examples/two_inputs_two_outputs.py [--samples 4000] [--epochs 10] [--seed 0]

A camera sees a disc, a square or a cross from some distance; the model is told the distance and
the brightness of the lamp, and says which it is and how large it is. The images are drawn. Only
the imports say which package runs: replace ``fastcnn.keras`` by ``keras`` for the other one. With
``--seed`` NumPy draws the weights and batches come in order, so that both packages go the same way.
"""

import argparse
import csv

import numpy as np

import fastcnn.keras as keras
from fastcnn.keras import layers

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--samples", type=int, default=4000)
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--batch-size", type=int, default=32)
parser.add_argument("--seed", type=int, help="draws weights with NumPy and does not shuffle")
parser.add_argument("--log", help="CSV file for the logs of each step")
options = parser.parse_args()

KINDS = ["disc", "square", "cross"]


def draw(count, rng):
    """Images ``(count, 32, 32, 1)``, settings ``(count, 2)``, kinds ``(count,)``, sizes."""
    kinds = rng.integers(0, len(KINDS), count)
    sizes = rng.uniform(0.4, 1, count)
    distances = rng.uniform(1, 2, count)
    lamps = rng.uniform(0.5, 1, count)
    centres = rng.uniform(11, 21, (count, 2))
    row, column = np.mgrid[:32, :32]
    images = np.empty((count, 32, 32, 1), np.float32)
    for image, kind, size, distance, lamp, (top, left) in zip(
        images, kinds, sizes, distances, lamps, centres
    ):
        radius = 10 * size / distance
        down, right = abs(row - top), abs(column - left)
        inside = [
            down**2 + right**2 < radius**2,
            np.maximum(down, right) < radius,
            (np.minimum(down, right) < radius / 3) & (np.maximum(down, right) < radius),
        ][kind]
        image[..., 0] = lamp * inside + rng.normal(0, 0.05, inside.shape)
    settings = np.stack([distances, lamps], axis=1).astype("float32")
    return images, settings, kinds, sizes.astype("float32")[:, None]


images, settings, kinds, sizes = draw(options.samples, np.random.default_rng(1))

image = keras.Input(shape=(32, 32, 1), name="image")
camera = keras.Input(shape=(2,), name="camera")
x = layers.Conv2D(16, 3, activation="relu")(image)
x = layers.MaxPooling2D()(x)
x = layers.SeparableConv2D(32, 3, activation="relu")(x)
x = layers.MaxPooling2D()(x)
x = layers.Conv2D(32, 3, activation="relu")(x)
x = layers.Flatten()(x)
x = layers.Concatenate()([x, layers.Dense(8, activation="relu")(camera)])
x = layers.Dense(64, activation="relu")(x)
kind = layers.Dense(len(KINDS), activation="softmax", name="kind")(x)
size = layers.Dense(1, name="size")(x)
model = keras.Model(inputs=[image, camera], outputs={"kind": kind, "size": size})
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
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=1e-3),
    loss={"kind": "sparse_categorical_crossentropy", "size": "mean_squared_error"},
    loss_weights={"kind": 1.0, "size": 5.0},
    metrics={"kind": ["accuracy"], "size": ["mean_absolute_error"]},
)
model.fit(
    {"image": images, "camera": settings},
    {"kind": kinds, "size": sizes},
    batch_size=options.batch_size,
    epochs=options.epochs,
    validation_split=0.2,
    shuffle=options.seed is None,
    callbacks=[
        keras.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: steps.append(logs))
    ],
)

images, settings, kinds, sizes = draw(200, np.random.default_rng(2))
results = model.evaluate(
    {"image": images, "camera": settings},
    {"kind": kinds, "size": sizes},
    verbose=0,
    return_dict=True,
)
print(", ".join(f"{name} {value:.4f}" for name, value in sorted(results.items())))
found = model.predict({"image": images[:3], "camera": settings[:3]}, verbose=0)
for row in range(3):
    print(
        f"a {KINDS[kinds[row]]} of {sizes[row, 0]:.2f} looks like "
        f"a {KINDS[found['kind'][row].argmax()]} of {found['size'][row, 0]:.2f}"
    )

if options.log:
    with open(options.log, "w", newline="") as file:
        writer = csv.DictWriter(file, sorted(steps[0]))
        writer.writeheader()
        writer.writerows(steps)
