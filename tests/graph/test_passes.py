"""Every pass changes the plan and not the answer, and can be left out by name."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, ops
from fastcnn.graph.passes import PASSES


def steps(f: graph.Function, *arrays: np.ndarray) -> list[str]:
    return [name for name, _, _ in f.profile(*arrays, runs=1)]


def convolution(rng: np.random.Generator) -> tuple[graph.Tensor, fastcnn.Variable, np.ndarray]:
    x = graph.placeholder((2, 10, 10, 3))
    kernel = fastcnn.Variable(rng.standard_normal((3, 3, 3, 8)).astype(np.float32))
    return x, kernel, rng.standard_normal((2, 10, 10, 3)).astype(np.float32)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh"])
def test_fuse_activation(activation: str, rng: np.random.Generator) -> None:
    x, kernel, value = convolution(rng)
    y = getattr(ops, activation)(ops.conv2d(x, kernel))
    fused = graph.compile([x], [y])
    plain = graph.compile([x], [y], without=["fuse_activation"])
    assert steps(fused, value) == ["conv2d"]
    assert steps(plain, value) == ["conv2d", activation]
    np.testing.assert_array_equal(fused(value)[0], plain(value)[0])


def test_an_activation_beside_other_readers_stays(rng: np.random.Generator) -> None:
    x, kernel, value = convolution(rng)
    z = ops.conv2d(x, kernel)
    f = graph.compile([x], [ops.relu(z), z])
    assert "relu" in steps(f, value)
    y, before = f(value)
    np.testing.assert_array_equal(y, np.maximum(before, 0))


def test_gate_pooled_gradient(rng: np.random.Generator) -> None:
    x, kernel, value = convolution(rng)
    y = ops.max_pool2d(ops.conv2d(x, kernel, activation="relu"), 2)
    grads = graph.gradients(ops.sum(y * y), [kernel])
    gated = graph.compile([x], grads)
    plain = graph.compile([x], grads, without=["gate_pooled_gradient"])
    assert steps(gated, value).index("relu_grad") < steps(gated, value).index("max_pool2d_grad")
    assert steps(plain, value).index("relu_grad") > steps(plain, value).index("max_pool2d_grad")
    np.testing.assert_array_equal(gated(value)[0], plain(value)[0])


def test_unknown_pass_is_an_error() -> None:
    x = graph.placeholder((2,))
    with pytest.raises(
        ValueError, match="no pass is called 'magic'; there are " + ", ".join(PASSES)
    ):
        graph.compile([x], [x], without=["magic"])
