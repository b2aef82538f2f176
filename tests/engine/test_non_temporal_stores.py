"""What is larger than the caches is written past them: the answers stay the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastcnn import graph, ops
from fastcnn.graph.aligned_array import empty

# 16 MB and a little, so that the last work item is short.
ROWS, COLUMNS = 2053, 2049


@pytest.fixture(scope="module")
def image() -> np.ndarray:
    return np.arange(ROWS * COLUMNS, dtype=np.float32).reshape(ROWS, COLUMNS)


CASES: dict[str, tuple[Callable[[Any], Any], Callable[[np.ndarray], np.ndarray]]] = {
    "copy": (ops.stop_gradient, lambda x: x),
    "transpose": (lambda x: ops.transpose(x, (1, 0)), lambda x: x.T),
    "transpose-on-lines": (
        lambda x: ops.transpose(np.ascontiguousarray(x[:2048, :2048]), (1, 0)),
        lambda x: x[:2048, :2048].T,
    ),
    "concatenate": (lambda x: ops.concatenate([x, x]), lambda x: np.concatenate([x, x], -1)),
    "concatenate-on-lines": (
        lambda x: ops.concatenate([x.reshape(-1, 1)[: 1 << 22].reshape(-1, 32)] * 2),
        lambda x: np.tile(x.reshape(-1)[: 1 << 22].reshape(-1, 32), (1, 2)),
    ),
    "broadcast": (
        lambda x: ops.broadcast_to(x[0], (ROWS, COLUMNS)),
        lambda x: np.broadcast_to(x[0], (ROWS, COLUMNS)),
    ),
    "relu": (lambda x: ops.relu(x - 9), lambda x: np.maximum(x - 9, 0)),
    "add": (lambda x: ops.add(x, x), lambda x: x + x),
    "subtract-row": (lambda x: ops.subtract(x, x[1]), lambda x: x - x[1]),
    "multiply-column": (lambda x: ops.multiply(x[:, :1], x), lambda x: x[:, :1] * x),
    "short-rows": (
        lambda x: ops.add(x.reshape(-1)[: 1 << 22].reshape(-1, 32), x[0, :32]),
        lambda x: x.reshape(-1)[: 1 << 22].reshape(-1, 32) + x[0, :32],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_large(name: str, image: np.ndarray, isa: str) -> None:
    ours, reference = CASES[name]
    np.testing.assert_array_equal(ours(image), reference(image))


@pytest.mark.parametrize("offset", [0, 1, 15])
def test_result_beside_a_line(offset: int, image: np.ndarray, isa: str) -> None:
    memory = empty((image.size + 16,), np.float32)
    y = memory[offset : offset + image.size].reshape(image.shape)
    x = graph.placeholder(image.shape)
    graph.compile([x], [ops.negative(x)]).run_into([image], [y])
    np.testing.assert_array_equal(y, -image)


@pytest.mark.parametrize("channels", [64, 48])
def test_batch_normalization_by_parts(channels: int, isa: str, rng: np.random.Generator) -> None:
    x = rng.standard_normal(((4 << 20) // channels + 99, channels), np.float32)
    numbers = [rng.uniform(0.5, 2, channels).astype(np.float32) for _ in range(4)]
    parts = [ops.batch_normalization(part, *numbers) for part in np.array_split(x, 3)]
    np.testing.assert_array_equal(ops.batch_normalization(x, *numbers), np.concatenate(parts))


def test_batch_normalization_gradient_of_repeated_rows(isa: str, rng: np.random.Generator) -> None:
    # Mean 0, variance 1 and few bits: nothing rounds differently for twice as many rows.
    half = rng.choice(np.array([-1, 1], np.float32), (1 << 15, 64))
    small = np.concatenate([half, -half])
    dy = rng.integers(-4, 4, small.shape).astype(np.float32)
    gamma, beta = np.full(64, 1.5, np.float32), np.zeros(64, np.float32)

    def gradient(x: np.ndarray, dy: np.ndarray) -> np.ndarray:
        given = [graph.placeholder(a.shape) for a in (x, gamma, beta, dy)]
        y = ops.batch_normalization_training(*given[:3], epsilon=0.5)[0]
        dx = graph.gradients(ops.sum(y * given[3]), [given[0]])
        return np.asarray(graph.compile(given, dx)(x, gamma, beta, dy)[0])

    np.testing.assert_array_equal(
        gradient(np.concatenate([small, small]), np.concatenate([dy, dy])),
        np.tile(gradient(small, dy), (2, 1)),
    )


@pytest.mark.parametrize("shape", [(30, 30, 20), (7, 33 * 80)])
def test_group_normalization_gradient_of_cut_examples(
    shape: tuple[int, ...], isa: str, rng: np.random.Generator
) -> None:
    # Twenty examples are taken whole, two are cut into blocks. Mean 0 and variance 1 are known.
    half = rng.choice(np.array([-1, 1], np.float32), (20, *shape))
    x = np.concatenate([half, -half], axis=1)
    dy = rng.integers(-4, 4, x.shape).astype(np.float32)
    gamma, beta = rng.choice([1, 2], shape[-1]).astype(np.float32), np.zeros(shape[-1], np.float32)

    def gradient(x: np.ndarray, dy: np.ndarray) -> list[np.ndarray]:
        given = [graph.placeholder(a.shape) for a in (x, gamma, beta, dy)]
        y = ops.group_normalization(*given[:3], groups=5, epsilon=0.5)
        found = graph.gradients(ops.sum(y * given[3]), given[:3])
        return [np.asarray(a) for a in graph.compile(given, found)(x, gamma, beta, dy)]

    whole, cut = gradient(x, dy)[0], gradient(x[:2], dy[:2])
    np.testing.assert_allclose(cut[0], whole[:2], rtol=0, atol=4e-6)
    axes = tuple(range(x.ndim - 1))
    dgamma = np.sum(np.float64(x[:2]) * dy[:2], axis=axes) / np.sqrt(1.5)
    np.testing.assert_allclose(cut[1], dgamma, rtol=1e-6, atol=1e-3)
    np.testing.assert_array_equal(cut[2], dy[:2].sum(axis=axes))
