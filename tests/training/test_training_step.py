"""training_step: steps of one's own."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, layers, losses, ops, optimizers


def test_a_step_of_two_models(rng):
    """A student follows a teacher, which gets no gradient though it is listed."""
    x = graph.placeholder((16, 3))
    teacher, student = layers.Dense(2), layers.Dense(2)
    target = ops.stop_gradient(teacher(x))
    loss = losses.MeanSquaredError()(target, student(x))
    variables = [*teacher.trainable_weights, *student.trainable_weights]
    step = fastcnn.training_step(loss, variables, optimizers.SGD(0.3), inputs=[x], outputs=[target])
    before = teacher.get_weights()
    data = rng.standard_normal((16, 3), np.float32)
    values = [float(step(data)[0]) for _ in range(100)]
    assert values[-1] < 1e-3 < values[0]
    np.testing.assert_array_equal(teacher.get_weights()[0], before[0])


def test_steps_refuse_what_makes_no_sense():
    x = graph.placeholder((4, 2))
    layer = layers.Dense(1)
    y = layer(x)
    with pytest.raises(ValueError, match="must be a scalar Tensor.*ops.mean"):
        fastcnn.training_step(y, layer.trainable_weights, "sgd", inputs=[x])
    with pytest.raises(ValueError, match="nothing to train"):
        fastcnn.training_step(ops.mean(y), [], "sgd", inputs=[x])
    with pytest.raises(ValueError, match="not among the inputs"):
        fastcnn.training_step(ops.mean(y), layer.trainable_weights, "sgd", inputs=[])
