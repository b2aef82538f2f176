"""The smallest task, and a model for it."""

import numpy as np
import pytest

from fastcnn import Input, Sequential, layers


@pytest.fixture
def line(rng):
    """Points on a plane: what a Dense layer can learn exactly."""
    x = rng.standard_normal((64, 3), np.float32)
    return x, x @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 0.25


@pytest.fixture
def linear():
    """Makes a compiled model of one Dense layer for ``line``."""

    def make(optimizer="sgd", loss="mse", **settings):
        model = Sequential([Input((3,)), layers.Dense(1)])
        model.compile(optimizer, loss, **settings)
        return model

    return make
