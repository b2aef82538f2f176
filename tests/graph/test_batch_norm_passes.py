"""Batch normalisation in training with the ReLU and the sum around it, forward and backward."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, ops
from fastcnn.ops.normalization import training_fusion
from fastcnn.runtime import num_threads, set_num_threads

FUSED = ["fuse_batch_norm", "gate_batch_norm_gradient", "recompute_normalized"]


def steps(f: graph.Function) -> list[str]:
    return [step.node.op.name for step in f._steps if step.node.op]


def variable(rng: np.random.Generator, *shape: int) -> fastcnn.Variable:
    return fastcnn.Variable(rng.standard_normal(shape, np.float32))


def relu(x: Any) -> Any:
    return ops.relu(x)


def unchanged(x: Any) -> Any:
    return x


class Net:
    """Two normalised convolutions of one image, with or without a shortcut, and all gradients."""

    def __init__(
        self, rng: np.random.Generator, channels: int, activation: Any, shortcut: bool
    ) -> None:
        self.value = rng.standard_normal((3, 6, 7, channels), np.float32)
        self.x = graph.placeholder(self.value.shape)
        kernels = [variable(rng, 3, 3, channels, channels) for _ in range(2)]
        gammas, betas = ([variable(rng, channels) for _ in range(2)] for _ in range(2))
        self.variables = [*kernels, *gammas, *betas]
        y = self.x
        statistics = []
        for index in range(2):
            z = ops.conv2d(y, kernels[index], padding="same")
            z, *both = ops.batch_normalization_training(z, gammas[index], betas[index])
            statistics += both
            if index == 1 and shortcut:
                z = z + self.x
            y = activation(z)
        weights = rng.standard_normal(y.shape).astype(np.float32)
        loss = ops.sum(y * weights)
        self.outputs = [y, *statistics, *graph.gradients(loss, [self.x, *self.variables])]

    def compile(self, without: Any = ()) -> graph.Function:
        return graph.compile([self.x], self.outputs, without=without)


@pytest.mark.parametrize("shortcut", [False, True])
@pytest.mark.parametrize("channels", [3, 16, 70])
@pytest.mark.parametrize("activation", [unchanged, relu, ops.relu6])
def test_the_same_numbers(
    activation: Any,
    channels: int,
    shortcut: bool,
    isa: str,
    thread_counts: tuple[int, ...],
    monkeypatch: pytest.MonkeyPatch,
    rng: np.random.Generator,
) -> None:
    monkeypatch.setattr(training_fusion, "_RECOMPUTED_BYTES", 0)
    net = Net(rng, channels, activation, shortcut)
    fused, plain = net.compile(), net.compile(FUSED)
    want = plain(net.value)
    before = num_threads()
    try:
        for threads in thread_counts:
            set_num_threads(threads)
            got = fused(net.value)
            if threads == thread_counts[0]:
                first = got
            for a, b in zip(got, first, strict=True):
                np.testing.assert_array_equal(a, b)
    finally:
        set_num_threads(before)
    for a, b in zip(first, want, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * np.abs(b).max())


def test_which_steps_there_are(monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator) -> None:
    net = Net(rng, 16, relu, True)
    fused, plain = steps(net.compile()), steps(net.compile(FUSED))
    assert plain.count("relu") + plain.count("fused_elementwise") >= 3
    assert "add" not in fused[: fused.index("batch_normalization_sums")]
    assert "relu" not in fused
    # The gradient of the sum goes to the shortcut as well, so it is made; the other one is not.
    assert "relu_grad" not in " ".join(fused) or fused.count("relu_grad") == 1
    # So small a result is kept.
    assert "batch_normalization" not in fused
    monkeypatch.setattr(training_fusion, "_RECOMPUTED_BYTES", 0)
    again = steps(net.compile())
    assert again.count("batch_normalization") == 1
    assert again.index("batch_normalization") > again.index("batch_normalization_sums")


def test_results_that_others_read_stay(rng: np.random.Generator) -> None:
    """The result before the activation is wanted, or the activation is none that the pass knows."""
    value = rng.standard_normal((4, 5, 8), np.float32)
    x = graph.placeholder(value.shape)
    gamma, beta = variable(rng, 8), variable(rng, 8)
    y = ops.batch_normalization_training(x, gamma, beta)[0]
    f = graph.compile([x], [y, ops.relu(y)])
    before, after = f(value)
    assert steps(f) == ["batch_normalization_training", "relu"]
    np.testing.assert_array_equal(after, np.maximum(before, 0))
    assert steps(graph.compile([x], [ops.tanh(y)]))[-1] == "tanh"
    row = variable(rng, 8)
    assert steps(graph.compile([x], [y + row.tensor]))[-1] == "add"
    assert steps(graph.compile([x], [y + y]))[-1] == "add"


def test_a_shortcut_that_depends_on_the_statistics(rng: np.random.Generator) -> None:
    value = rng.standard_normal((4, 5, 8), np.float32)
    x = graph.placeholder(value.shape)
    y, mean, _ = ops.batch_normalization_training(x, variable(rng, 8), variable(rng, 8))
    other = ops.exp(x) * mean
    f = graph.compile([x], [ops.relu(y + other)])
    plain = graph.compile([x], [ops.relu(y + other)], without=["fuse_batch_norm"])
    np.testing.assert_allclose(f(value)[0], plain(value)[0], rtol=1e-5)


def test_known_statistics_take_residual_and_activation_too(rng: np.random.Generator) -> None:
    value = rng.standard_normal((4, 5, 8), np.float32)
    x = graph.placeholder(value.shape)
    numbers = [variable(rng, 8) for _ in range(3)]
    variance = fastcnn.Variable(rng.uniform(0.5, 2, 8).astype(np.float32))
    y = ops.batch_normalization(ops.exp(x), *numbers, variance) + x
    for activation in (relu, ops.relu6):
        f = graph.compile([x], [activation(y)])
        assert steps(f) == ["exp", "batch_normalization"]
        plain = graph.compile([x], [activation(y)], without=["fuse_residual", "fuse_activation"])
        np.testing.assert_allclose(f(value)[0], plain(value)[0], rtol=1e-5, atol=1e-6)
