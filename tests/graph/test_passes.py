"""Every pass changes the plan and not the answer, and can be left out by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, ops
from fastcnn.graph.passes import PASSES, pipeline


def steps(f: graph.Function, *arrays: np.ndarray) -> list[str]:
    return [step.op for step in f.instructions]


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
    assert steps(fused, value) == ["conv"]
    assert steps(plain, value) == ["conv", activation]
    np.testing.assert_array_equal(fused(value)[0], plain(value)[0])


def test_one_convolution_for_images_of_any_rank(rng: np.random.Generator) -> None:
    """What ops.conv is on an image ops.conv2d is: the same operators, passes included."""
    x, kernel, value = convolution(rng)

    def pooled(conv: Any, pool: Any) -> graph.Function:
        y = pool(ops.relu(conv(x, kernel)), 2)
        return graph.compile([x], [y, *graph.gradients(ops.sum(y * y), [kernel])])

    general = pooled(ops.conv, ops.max_pool)
    flat = pooled(ops.conv2d, ops.max_pool2d)
    assert steps(general, value) == steps(flat, value)
    assert "conv2d_max_pool" in steps(general, value)
    for got, want in zip(general(value), flat(value), strict=True):
        np.testing.assert_array_equal(got, want)
    assert steps(graph.compile([x], [ops.relu(ops.conv(x, kernel))]), value) == ["conv"]


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
    gated = graph.compile([x], grads, without=["fuse_max_pool", "fuse_elementwise"])
    others = ["fuse_max_pool", "gate_pooled_gradient", "fuse_elementwise"]
    plain = graph.compile([x], grads, without=others)
    assert steps(gated, value).index("relu_grad") < steps(gated, value).index("max_pool_grad")
    assert steps(plain, value).index("relu_grad") > steps(plain, value).index("max_pool_grad")
    np.testing.assert_array_equal(gated(value)[0], plain(value)[0])


EXTENTS = [(10, 10), (9, 11), (4, 5)]  # of the image before pooling: 8x8, 7x9, 2x3


@pytest.mark.parametrize("activation", [None, "relu"])
@pytest.mark.parametrize("extent", EXTENTS)
@pytest.mark.parametrize("filters", [3, 16, 24, 40])
@pytest.mark.parametrize("algorithm", ["direct", "winograd_2x2", "winograd_4x4"])
def test_fuse_max_pool(
    algorithm: str,
    extent: tuple[int, int],
    filters: int,
    activation: str | None,
    isa: str,
    rng: np.random.Generator,
) -> None:
    """Few values, so that windows hold equals, and a NaN: the same bits with and without."""
    x = graph.placeholder((3, *extent, 2))
    value = rng.integers(-1, 2, (3, *extent, 2)).astype(np.float32)
    value[1, 2, 3, 0] = np.nan
    kernel = fastcnn.Variable(rng.integers(-1, 2, (3, 3, 2, filters)).astype(np.float32))
    bias = fastcnn.Variable(rng.integers(-1, 2, filters).astype(np.float32))
    z = ops.conv2d(x, kernel, bias, activation=activation, algorithm=algorithm)
    y = ops.max_pool2d(z, 2)
    weights = rng.integers(-3, 4, y.shape).astype(np.float32)
    grads = graph.gradients(ops.sum(y * weights), [x, kernel, bias])
    with_edges = graph.compile([x], [y, *grads])
    plain = graph.compile([x], [y, *grads], without=["fuse_max_pool"])
    assert "conv2d_max_pool" in steps(with_edges, value)
    assert not {"conv", "max_pool", "max_pool_grad"} & set(steps(with_edges, value))
    for got, want in zip(with_edges(value), plain(value), strict=True):
        np.testing.assert_array_equal(got, want)
    inference = graph.compile([x], [y])
    assert steps(inference, value) == ["conv2d_max_pool"]
    np.testing.assert_array_equal(inference(value)[0], plain(value)[0])


def test_fused_pooling_of_strided_dilated_groups(isa: str, rng: np.random.Generator) -> None:
    x = graph.placeholder((2, 23, 21, 6))
    value = rng.standard_normal((2, 23, 21, 6), np.float32)
    kernel = fastcnn.Variable(rng.standard_normal((3, 2, 3, 8), np.float32))
    y = ops.max_pool2d(ops.conv2d(x, kernel, strides=(2, 1), dilation=2, groups=2), 2)
    grads = graph.gradients(ops.sum(y * y), [x, kernel])
    fused = graph.compile([x], [y, *grads])
    plain = graph.compile([x], [y, *grads], without=["fuse_max_pool"])
    assert "conv2d_max_pool" in steps(fused, value)
    for got, want in zip(fused(value), plain(value), strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda z: [ops.max_pool2d(z, 2), z], id="image-wanted"),
        pytest.param(lambda z: [ops.max_pool2d(z, 2), ops.sum(z)], id="image-read"),
        pytest.param(lambda z: [ops.max_pool2d(z, 3)], id="3x3"),
        pytest.param(lambda z: [ops.max_pool2d(z, 2, strides=1)], id="overlapping"),
        pytest.param(lambda z: [ops.max_pool2d(z, 2, padding=1)], id="padded"),
        pytest.param(lambda z: [ops.average_pool2d(z, 2)], id="average"),
    ],
)
def test_other_pooling_stays(build: Any, rng: np.random.Generator) -> None:
    x, kernel, value = convolution(rng)
    f = graph.compile([x], build(ops.conv2d(x, kernel)))
    assert "conv2d_max_pool" not in steps(f, value)


def test_unknown_pass_is_an_error() -> None:
    x = graph.placeholder((2,))
    with pytest.raises(
        ValueError, match="no pass is called 'magic'; there are " + ", ".join(PASSES)
    ):
        graph.compile([x], [x], without=["magic"])


def test_a_pass_that_nobody_registered_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph that is compiled without it would be slower, and nobody would know why."""
    monkeypatch.delitem(pipeline._registered, "fuse_max_pool")
    x = graph.placeholder((3,))
    with pytest.raises(RuntimeError, match=r"fuse_max_pool.*import fastcnn\.ops"):
        graph.compile([x], [ops.relu(x)])
    graph.compile([x], [ops.relu(x)], without=["fuse_max_pool"])
