"""Random labels and scores, and the formulas of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.batches import CLASSES, COUNT


@pytest.fixture
def scores(rng):
    x = rng.random((COUNT, CLASSES), np.float32)
    return x / x.sum(1, keepdims=True)


@pytest.fixture
def labels(rng):
    return rng.integers(0, CLASSES, COUNT)


@pytest.fixture
def weights(rng):
    return rng.random(COUNT).astype(np.float32) + 0.1


@pytest.fixture(params=[False, True], ids=["plain", "weighted"])
def weight(request, weights):
    return weights if request.param else None


@pytest.fixture
def sk():
    """scikit-learn's metrics. Importing them takes seconds, so a test asks for them by name."""
    return pytest.importorskip("sklearn.metrics", reason="needs scikit-learn")
