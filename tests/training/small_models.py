"""Small tasks, and pairs of models with equal weights."""

from __future__ import annotations

import numpy as np

from fastcnn import Input, Sequential, layers, optimizers


def pair(make):
    """Two models with equal weights."""
    first, second = make(), make()
    second.set_weights(first.get_weights())
    second.shuffle_seed = first.shuffle_seed
    return first, second


def assert_same_weights(a, b, **tolerance):
    for x, y in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(x, y, **({"rtol": 0, "atol": 0} | tolerance))


def images(count=24):
    generator = np.random.default_rng(1)
    return generator.integers(0, 256, (count, 6, 6, 3), np.uint8), generator.integers(0, 4, count)


def classifier(loss="sparse_categorical_crossentropy", **settings):
    model = Sequential(
        [
            Input((6, 6, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(optimizers.SGD(0.1), loss, **({"metrics": ["accuracy"]} | settings))
    return model
