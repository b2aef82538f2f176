"""Values with an open batch, and what is recorded about them."""

from __future__ import annotations

import contextlib
import time

import numpy as np
import pytest

from fastcnn import Input, layers, ops


def test_operations_and_operators_keep_the_batch_open():
    x = Input((4, 4, 3))
    y = ops.relu(x) * 2.0 + 1.0 - x / 2.0
    assert y.shape == (None, 4, 4, 3)
    assert ops.flatten(y).shape == (None, 48)
    assert ops.sum(y).shape == ()
    assert (-y).dtype == np.float32
    assert (np.ones(3, np.float32) * x).shape == (None, 4, 4, 3)


def test_open_image_sizes():
    x = Input((None, None, 3))
    y = layers.MaxPooling2D()(layers.Conv2D(8, 3)(x))
    assert y.shape == (None, None, None, 8)
    assert layers.GlobalAveragePooling2D()(y).shape == (None, 8)
    with pytest.raises(ValueError, match="known last axis"):
        layers.Dense(2)(layers.Flatten()(y))


def test_no_numbers_no_truth():
    x = Input((2,))
    with pytest.raises(TypeError, match="has no numbers"):
        np.asarray(x)
    with pytest.raises(TypeError, match="no truth value"):
        bool(x)


@pytest.mark.parametrize("shape", ["32", 32, (3.5,), (True,)])
def test_shapes_are_sequences_of_integers(shape):
    with pytest.raises(TypeError):
        Input(shape)


def test_input_and_output_of_a_layer():
    x = Input((4,))
    layer = layers.Dense(2)
    with pytest.raises(AttributeError, match="no single output"):
        _ = layer.output
    y = layer(x)
    assert layer.input is x
    assert layer.output is y


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ops.resize(x, (1 << 53, 1)),
        lambda x: ops.resize(x, (1 << 20, 1)),
        lambda x: ops.max_pool(x, 2, strides=1, padding="same"),
        lambda x: ops.average_pool(x, 3, padding=1),
        lambda x: ops.rms_normalization(ops.pad(x, ((0, 0), (0, 0), (0, 0), (0, 1 << 38))), [1.0]),
        layers.LayerNormalization(axis=(1, 2, 3), center=False, scale=False),
        layers.RMSNormalization(axis=-2),
    ],
)
@pytest.mark.parametrize("shape", [(1 << 36, 2, 2), (2, 1 << 36, 2)])
def test_shapes_are_found_without_work_in_proportion_to_them(call, shape):
    start = time.process_time()
    with contextlib.suppress(ValueError):
        call(Input(shape))
    assert time.process_time() - start < 1
