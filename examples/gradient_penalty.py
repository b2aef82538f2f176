"""A critic with a gradient penalty (WGAN-GP: Gulrajani et al., 2017): gradients of gradients.

    python examples/gradient_penalty.py [--steps 300] [--penalty 10]

A critic learns to tell digits from noise; the difference of its means estimates the earth mover's
distance, if its slope along the image is 1 everywhere between the two. The penalty holds it there:
the loss depends on the gradient of the output by the input, and training differentiates that again.
Digits come with the package scikit-learn.
"""

import argparse

import numpy as np

import fastcnn
from fastcnn import graph, layers, ops, optimizers
from fastcnn.datasets import digits


def make_critic():
    return fastcnn.Sequential(
        [
            fastcnn.Input((8, 8, 1)),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(32, 3, strides=2, padding="same", activation="tanh"),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )


def slopes(critic, x):
    """Norm of the gradient of the critic's output by each image."""
    (slope,) = graph.gradients(ops.sum(critic(x)), [x])
    return ops.sqrt(ops.add(ops.sum(ops.square(slope), axis=(1, 2, 3)), 1e-12))


def make_step(critic, batch, penalty, optimizer):
    real, fake = (graph.placeholder((batch, 8, 8, 1)) for _ in range(2))
    share = graph.placeholder((batch, 1, 1, 1))
    distance = ops.subtract(ops.mean(critic(real)), ops.mean(critic(fake)))
    between = ops.add(ops.multiply(real, share), ops.multiply(fake, ops.subtract(1.0, share)))
    slope = slopes(critic, between)
    deviation = ops.mean(ops.square(ops.subtract(slope, 1.0)))
    loss = ops.subtract(ops.multiply(deviation, penalty), distance)
    return fastcnn.training_step(
        loss,
        critic.trainable_weights,
        optimizer,
        inputs=[real, fake, share],
        outputs=[distance, ops.mean(slope)],
    )


def main(steps, penalty, batch=64, images=None):
    fastcnn.set_random_seed(0)
    (x, _), _ = digits.load_data(8) if images is None else images
    x = np.float32(x) / np.float32(x.max())
    critic = make_critic()
    step = make_step(critic, batch, penalty, optimizers.Adam(1e-3, beta_1=0.5))
    rng = np.random.default_rng(0)
    history = []
    for number in range(steps):
        real = x[rng.integers(0, len(x), batch)]
        fake = rng.random(real.shape, np.float32)
        loss, distance, slope = step(real, fake, rng.random((batch, 1, 1, 1), np.float32))
        history.append((float(loss), float(distance), float(slope)))
        if (number + 1) % max(1, steps // 5) == 0:
            print(f"step {number + 1}: distance {distance:.3f}, mean slope {slope:.3f}")
    return history


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--penalty", type=float, default=10.0)
    options = parser.parse_args()
    main(options.steps, options.penalty)
