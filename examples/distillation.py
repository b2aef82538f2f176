"""A small model learns from a large one (Hinton et al., 2015): two models in one training step.

    python examples/distillation.py [--epochs 10] [--temperature 4]

The student sees few labels, but on every image what the teacher thinks of all classes. Both models
run in one call into C++; ``ops.stop_gradient`` keeps the teacher as it is. Digits come with the
package scikit-learn.
"""

import argparse

import numpy as np

import fastcnn
from fastcnn import graph, layers, losses, ops, optimizers
from fastcnn.datasets import digits

loss_of = losses.SparseCategoricalCrossentropy(from_logits=True)


def make_teacher():
    return fastcnn.Sequential(
        [
            fastcnn.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(64, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10),
        ]
    )


def make_student():
    return fastcnn.Sequential(
        [
            fastcnn.Input((8, 8, 1)),
            layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def make_step(teacher, student, batch, temperature, share, optimizer):
    """A step on images of which the first half have labels.

    ``share`` of the loss is the cross-entropy of softened teacher and student, times the squared
    temperature, which keeps the size of its gradient; the rest is that of the labels.
    """
    x = graph.placeholder((batch, 8, 8, 1))
    y = graph.placeholder((batch // 2,), "int64")
    thought = ops.stop_gradient(ops.softmax(ops.divide(teacher(x, training=False), temperature)))
    logits = student(x, training=True)
    soft = ops.categorical_crossentropy(thought, ops.divide(logits, temperature), from_logits=True)
    hard = loss_of(y, ops.slice(logits, (0, 0), (batch // 2, 10)))
    loss = ops.multiply(ops.mean(soft), share * temperature**2)
    loss = ops.add(loss, ops.multiply(hard, 1 - share))
    return fastcnn.training_step(loss, student.trainable_weights, optimizer, inputs=[x, y])


def accuracy(model, images, labels):
    return float((model.predict(images, verbose=0).argmax(-1) == labels).mean())


def main(epochs, temperature, batch=64, labelled=100, images=None):
    fastcnn.set_random_seed(0)
    (x, y), (x_test, y_test) = digits.load_data(8) if images is None else images
    x, x_test = (np.float32(a) / np.float32(x.max()) for a in (x, x_test))
    y, y_test = np.int64(y), np.int64(y_test)
    teacher = make_teacher()
    teacher.compile("adam", loss_of)
    teacher.fit(x, y, epochs=epochs, verbose=0)
    results = {"teacher": accuracy(teacher, x_test, y_test)}
    for name, share in (("student alone", 0.0), ("student taught", 0.9)):
        student = make_student()
        step = make_step(teacher, student, batch, temperature, share, optimizers.Adam(0.01))
        rng = np.random.default_rng(0)
        for _ in range(epochs * (len(x) // batch)):
            known = rng.integers(0, labelled, batch // 2)
            rows = np.concatenate([known, rng.integers(0, len(x), batch - batch // 2)])
            step(x[rows], y[known])
        results[name] = accuracy(student, x_test, y_test)
    for name, value in results.items():
        print(f"{name:14} accuracy {value:.3f}")
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--temperature", type=float, default=4.0)
    options = parser.parse_args()
    main(options.epochs, options.temperature)
