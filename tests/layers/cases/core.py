"""Rows of dense layers and of batch normalisation."""

from __future__ import annotations

from typing import Any

from layers.cases.row import Config, Rng, Row, batch, pick

__all__ = ["CORE"]

CHOICES = (None, "relu", "sigmoid", "tanh")


def penalty(rng: Rng) -> Any:
    """A regularizer, as a name or a configuration that both libraries read; often none."""
    return pick(
        rng,
        None,
        None,
        "l2",
        {"class_name": "L1", "config": {"l1": 0.1}},
        {"class_name": "L1L2", "config": {"l1": 0.02, "l2": 0.3}},
    )


def dense(rng: Rng) -> Config:
    arguments = {
        "units": int(rng.integers(1, 7)),
        "activation": pick(rng, *CHOICES),
        "use_bias": pick(rng, True, False),
        "kernel_regularizer": penalty(rng),
        "bias_regularizer": penalty(rng),
        "activity_regularizer": penalty(rng),
    }
    return Config(arguments, batch(rng, pick(rng, 2, 2, 3, 4)))


def batch_normalization(rng: Rng) -> Config:
    arguments = {
        "momentum": pick(rng, 0.9, 0.5),
        "epsilon": pick(rng, 1e-3, 0.1),
        "center": pick(rng, True, False),
        "scale": pick(rng, True, False),
    }
    return Config(arguments, batch(rng, pick(rng, 2, 3, 4), 2))


def layer_normalization(rng: Rng) -> Config:
    shape = batch(rng, pick(rng, 2, 3, 4), 2)
    axis = pick(rng, -1, 1, list(range(1, len(shape))))
    arguments = {
        "axis": axis,
        "epsilon": pick(rng, 1e-3, 0.1),
        "center": pick(rng, True, False),
        "scale": pick(rng, True, False),
    }
    return Config(arguments, shape)


def group_normalization(rng: Rng) -> Config:
    groups, each = int(rng.integers(1, 4)), int(rng.integers(2, 4))
    axis = pick(rng, -1, -1, 1)
    inner = batch(rng, pick(rng, 1, 2, 3), 2)
    channels = (groups * each,)
    shape = (2, *channels, *inner) if axis == 1 else (2, *inner, *channels)
    arguments = {
        "groups": groups,
        "axis": axis,
        "epsilon": pick(rng, 1e-3, 0.1),
        "center": pick(rng, True, False),
        "scale": pick(rng, True, False),
    }
    return Config(arguments, shape)


def rms_normalization(rng: Rng) -> Config:
    return Config({"axis": pick(rng, -1, 1)}, batch(rng, pick(rng, 2, 3), 2))


def unit_normalization(rng: Rng) -> Config:
    rank = pick(rng, 2, 3)
    return Config({"axis": pick(rng, -1, 1, list(range(1, rank)))}, batch(rng, rank, 2))


CORE = [
    Row("Dense", dense, count=10),
    Row("BatchNormalization", batch_normalization, training=(False, True), tolerance=1e-4),
    Row("LayerNormalization", layer_normalization, 10, tolerance=1e-4),
    Row("GroupNormalization", group_normalization, 10, tolerance=1e-4),
    Row("RMSNormalization", rms_normalization, 5, tolerance=1e-4),
    Row("UnitNormalization", unit_normalization, 5, tolerance=1e-4),
]
