"""A small residual network on CIFAR-10 with the functional API, as a Keras user writes it.

    python examples/resnet_functional.py [--data cifar10 | drawn] [--epochs 20] [--seed 0]

Only the imports say which package runs: replace ``fastcnn.keras`` by ``keras`` for the other one.
``--data drawn`` needs no download. With ``--seed`` NumPy draws the weights and batches come in
order, so that both packages go the same way.
"""

import argparse
import csv

import numpy as np

import fastcnn.keras as keras
from fastcnn.keras import layers

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--data", default="cifar10", choices=["cifar10", "drawn"])
parser.add_argument("--blocks", type=int, default=3, help="residual blocks of each size")
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--batch-size", type=int, default=64)
parser.add_argument("--rate", type=float, default=0.1, help="learning rate at the start")
parser.add_argument("--seed", type=int, help="draws weights with NumPy and does not shuffle")
parser.add_argument("--log", help="CSV file for the logs of each step")
options = parser.parse_args()


def drawn(count, rng):
    """Gratings of ten directions and frequencies in changing colours, in place of photographs."""
    labels = rng.integers(0, 10, (count, 1))
    angle = labels[:, :, None] * np.pi / 10
    row, column = np.mgrid[:32, :32]
    phase = np.cos(angle) * row + np.sin(angle) * column + rng.uniform(0, 6, (count, 1, 1))
    colour = rng.uniform(0.3, 1, (count, 1, 1, 3))
    images = 100 * (1 + np.sin(phase * (0.5 + labels[:, :, None] / 20)))[..., None] * colour
    return (images + rng.uniform(0, 50, images.shape)).astype(np.uint8), labels


def normalized(x, filters, size, strides=1):
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
    return layers.BatchNormalization()(x)


def residual_block(x, filters, strides):
    shortcut = x
    y = layers.ReLU()(normalized(x, filters, 3, strides))
    y = normalized(y, filters, 3)
    if strides != 1 or x.shape[-1] != filters:
        shortcut = normalized(x, filters, 1, strides)
    return layers.Activation("relu")(layers.Add()([shortcut, y]))


if options.data == "cifar10":
    (x_train, y_train), (x_test, y_test) = keras.datasets.cifar10.load_data()
else:
    numbers = np.random.default_rng(1)
    (x_train, y_train), (x_test, y_test) = drawn(320, numbers), drawn(64, numbers)

inputs = keras.Input(shape=(32, 32, 3))
x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
x = layers.ReLU()(normalized(x, 16, 3))
for stage, filters in enumerate((16, 32, 64)):
    for block in range(options.blocks):
        x = residual_block(x, filters, strides=2 if stage and not block else 1)
x = layers.GlobalAveragePooling2D()(x)
outputs = layers.Dense(10)(x)
model = keras.Model(inputs, outputs, name="small_resnet")
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
    optimizer=keras.optimizers.SGD(learning_rate=options.rate, momentum=0.9, nesterov=True),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
model.fit(
    x_train,
    y_train,
    batch_size=options.batch_size,
    epochs=options.epochs,
    validation_data=(x_test, y_test),
    shuffle=options.seed is None,
    callbacks=[
        keras.callbacks.LearningRateScheduler(
            lambda epoch, rate: rate * (0.1 if epoch in (options.epochs // 2,) else 1)
        ),
        keras.callbacks.LambdaCallback(on_train_batch_end=lambda step, logs: steps.append(logs)),
    ],
)
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"test loss {loss:.4f}, test accuracy {accuracy:.4f}")

if options.log:
    with open(options.log, "w", newline="") as file:
        writer = csv.DictWriter(file, sorted(steps[0]))
        writer.writeheader()
        writer.writerows(steps)
