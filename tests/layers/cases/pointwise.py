"""Rows of activations, and of layers that act in training or on nothing."""

from __future__ import annotations

import numpy as np

from layers.cases.row import Config, Rng, Row, Shape, batch, pick

__all__ = ["POINTWISE"]

NAMES = [
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
    "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6",
    "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus",
    "sparse_sigmoid", "squareplus", "swish", "tanh", "tanh_shrink",
]  # fmt: skip


def wide(rng: Rng, shape: Shape) -> np.ndarray:
    """Values on both sides of every kink."""
    return np.asarray(rng.standard_normal(shape) * 3, np.float32)


def activation(name: str) -> Row:
    return Row(
        "Activation",
        lambda rng: Config({"activation": name}, batch(rng, pick(rng, 2, 3, 4))),
        1,
        values=wide,
        label=name,
    )


def relu(rng: Rng) -> Config:
    arguments = {
        "max_value": pick(rng, None, 1.5, 6.0),
        "negative_slope": pick(rng, 0.0, 0.1, 0.5),
        "threshold": pick(rng, 0.0, 0.4),
    }
    return Config(arguments, batch(rng, pick(rng, 2, 3, 4)))


def leaky(rng: Rng) -> Config:
    return Config({"negative_slope": pick(rng, 0.0, 0.1, 0.3)}, batch(rng, pick(rng, 2, 4)))


def prelu(rng: Rng) -> Config:
    rank = pick(rng, 2, 3, 4)
    shared = pick(rng, None, None if rank == 2 else list(range(1, rank - 1)))
    return Config({"shared_axes": shared}, batch(rng, rank))


def elu(rng: Rng) -> Config:
    return Config({"alpha": pick(rng, 1.0, 0.5, 2.0)}, batch(rng, pick(rng, 2, 4)))


def softmax(rng: Rng) -> Config:
    return Config({"axis": pick(rng, -1, 1, 2)}, batch(rng, 3, 2))


def shape_only(rng: Rng) -> Config:
    return Config({}, batch(rng, pick(rng, 2, 3, 4)))


def penalised(rng: Rng) -> Config:
    return Config({"l1": pick(rng, 0.0, 0.1), "l2": pick(rng, 0.0, 0.3)}, batch(rng, 3))


def silent(rng: Rng) -> Config:
    """Outside of training these do nothing."""
    return Config({"rate": pick(rng, 0.0, 0.3)}, batch(rng, 3))


POINTWISE = [
    *map(activation, NAMES),
    Row("ReLU", relu, values=wide),
    Row("LeakyReLU", leaky, 3, values=wide),
    Row("PReLU", prelu, 6, values=wide),
    Row("ELU", elu, 3, values=wide),
    Row("Softmax", softmax, 5),
    Row("Identity", shape_only, 2, training=(False, True)),
    Row("ActivityRegularization", penalised, 5, training=(False, True)),
    Row("Dropout", silent, 2),
    Row("GaussianDropout", silent, 2),
    Row("AlphaDropout", silent, 2),
    Row("SpatialDropout1D", silent, 2),
]
