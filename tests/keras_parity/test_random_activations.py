"""Activation functions of random arguments compute what Keras 3's do, forward and backward."""

from __future__ import annotations

import os
import zlib

import numpy as np
import pytest

import fastcnn.keras as ours
from fastcnn import graph

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
pytestmark = pytest.mark.filterwarnings("ignore")

try:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import keras
        import tensorflow as tf
except ImportError:
    keras = None
    pytestmark = [
        pytestmark,
        pytest.mark.skip(reason="Keras 3 with TensorFlow is not installed"),
    ]

NAMES = sorted(set(ours.activations.__all__) - {"deserialize", "get", "serialize", "sparsemax"})
#: What is drawn for the arguments after x, in Keras' order.
ARGUMENTS = {
    "celu": lambda rng: [rng.uniform(0.2, 3)],
    "elu": lambda rng: [rng.uniform(0.2, 3)],
    "gelu": lambda rng: [bool(rng.integers(2))],
    "glu": lambda rng: [int(rng.integers(-3, 3))],
    "hard_shrink": lambda rng: [rng.uniform(0.1, 2)],
    "leaky_relu": lambda rng: [rng.uniform(0, 0.9)],
    "log_softmax": lambda rng: [int(rng.integers(-3, 3))],
    "relu": lambda rng: [rng.choice([0.0, 0.3]), rng.choice([2.5, 6.0]), rng.choice([0.0, 0.7])],
    "soft_shrink": lambda rng: [rng.uniform(0.1, 2)],
    "softmax": lambda rng: [int(rng.integers(-3, 3))],
    "sparsemax": lambda rng: [-1],
    "squareplus": lambda rng: [rng.uniform(0.5, 6)],
    "threshold": lambda rng: [rng.uniform(-1, 1), rng.uniform(-1, 1)],
}


@pytest.mark.parametrize("index", range(5))
@pytest.mark.parametrize("name", NAMES)
def test_same_as_keras(name, index):
    rng = np.random.default_rng(zlib.crc32(f"{name}/{index}".encode()))
    x = rng.normal(0, rng.choice([1.0, 4.0]), (4, 6, 8)).astype(np.float32)
    dy = rng.integers(-8, 9, x.shape).astype(np.float32) / 4
    drawn = ARGUMENTS.get(name, lambda rng: [])(rng)
    arguments = [float(a) if isinstance(a, float) else a for a in drawn]
    with tf.GradientTape() as tape:
        tape.watch(theirs := tf.constant(x))
        want = getattr(keras.activations, name)(theirs, *arguments)
        dy = dy[tuple(slice(size) for size in want.shape)]
        total = tf.reduce_sum(want * dy)
    slope = tape.gradient(total, theirs)

    placeholder = graph.placeholder(x.shape)
    y = getattr(ours.activations, name)(placeholder, *arguments)
    wanted = graph.gradients(y, [placeholder], graph.constant(np.ascontiguousarray(dy)))
    got, mine = graph.compile([placeholder], [y, *wanted])(x)
    for a, b in ((got, np.asarray(want)), (mine, np.asarray(slope))):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=2e-5 * max(1, abs(b).max()))
    eager = getattr(ours.activations, name)(x, *arguments)
    np.testing.assert_array_equal(eager, got)


def test_drawn_for_all_that_have_arguments():
    """A name that comes with arguments gets a row."""
    assert set(ARGUMENTS) - set(NAMES) <= {"sparsemax"}
