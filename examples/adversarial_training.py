"""Adversarial training (Goodfellow et al., 2014; Madry et al., 2017) with a step of one's own.

    python examples/adversarial_training.py [--epochs 8] [--epsilon 0.1] [--attack-steps 3]

Each step attacks its own batch inside the graph: it moves the images against the model, along the
signs of the loss' gradient, and trains on what comes out. One attack step is FGSM, several are PGD.
Digits come with the package scikit-learn.
"""

import argparse

import numpy as np

import fastcnn
from fastcnn import graph, layers, losses, ops
from fastcnn.datasets import digits

loss_of = losses.SparseCategoricalCrossentropy(from_logits=True)


def make_model():
    return fastcnn.Sequential(
        [
            fastcnn.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(10),
        ]
    )


def attacked(model, x, y, epsilon, steps):
    """Images up to epsilon from x in every pixel, on which the model does worse."""
    worst = x
    size = epsilon if steps == 1 else 2.5 * epsilon / steps
    for _ in range(steps):
        (slope,) = graph.gradients(loss_of(y, model(worst)), [worst])
        sign = ops.subtract(ops.greater(slope, 0.0), ops.greater(0.0, slope))
        moved = ops.add(worst, ops.multiply(sign, size))
        moved = ops.minimum(ops.maximum(moved, ops.subtract(x, epsilon)), ops.add(x, epsilon))
        # Training must not reach back through the attack.
        worst = ops.stop_gradient(ops.minimum(ops.maximum(moved, 0.0), 1.0))
    return worst


def make_step(model, batch, epsilon, attack_steps, optimizer):
    x = graph.placeholder((batch, 8, 8, 1))
    y = graph.placeholder((batch,), "int64")
    with fastcnn.tracing(training=True) as trace:
        loss = loss_of(y, model(attacked(model, x, y, epsilon, attack_steps)))
    return fastcnn.training_step(
        loss,
        model.trainable_weights,
        optimizer,
        inputs=[x, y],
        assignments=trace.assignments,
        step=trace.step,
    )


def accuracies(model, images, labels, epsilon, attack_steps):
    """Shares of images that are recognised, as they are and attacked."""
    x, y = graph.placeholder(images.shape), graph.placeholder(labels.shape, "int64")
    worst = attacked(model, x, y, epsilon, attack_steps)
    function = graph.compile([x, y], [ops.argmax(model(x)), ops.argmax(model(worst))])
    return [float((found == labels).mean()) for found in function(images, labels)]


def main(epochs, epsilon, attack_steps, batch=64, images=None):
    fastcnn.set_random_seed(0)
    (x, y), (x_test, y_test) = digits.load_data(8) if images is None else images
    x, x_test = (np.float32(a) / np.float32(x.max()) for a in (x, x_test))
    y, y_test = np.int64(y), np.int64(y_test)
    results = {}
    for name, strength in (("plain", 0.0), ("adversarial", epsilon)):
        model = make_model()
        step = make_step(model, batch, strength, attack_steps, "adam")
        rng = np.random.default_rng(0)
        for _ in range(epochs):
            order = rng.permutation(len(x))
            for first in range(0, len(x) - batch + 1, batch):
                rows = order[first : first + batch]
                step(x[rows], y[rows])
        results[name] = accuracies(model, x_test, y_test, epsilon, attack_steps)
        clean, robust = results[name]
        print(f"{name:11} training: accuracy {clean:.3f}, attacked {robust:.3f}")
    return results


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--epsilon", type=float, default=0.1, help="largest change of a pixel")
    parser.add_argument("--attack-steps", type=int, default=3, help="1 is FGSM")
    options = parser.parse_args()
    main(options.epochs, options.epsilon, options.attack_steps)
