"""Transpositions move towards the outputs and cancel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, ops

TO_LAST, TO_FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


def steps(f: graph.Function) -> list[str]:
    return [step.node.op.name for step in f._steps if step.node.op]


def conv(x: Any, rng: np.random.Generator, filters: int) -> Any:
    """A convolution of images that have their channels first."""
    last = ops.transpose(x, TO_LAST)
    kernel = fastcnn.Variable(rng.standard_normal((3, 3, last.shape[3], filters), np.float32))
    return ops.transpose(ops.conv2d(last, kernel, padding="same"), TO_FIRST)


def test_a_network_with_channels_first(rng: np.random.Generator) -> None:
    """Bias, ReLU, a block with a shortcut, concatenation, padding and cropping."""
    x = graph.placeholder((2, 3, 8, 9))
    value = rng.standard_normal(x.shape, np.float32)
    bias = fastcnn.Variable(rng.standard_normal((1, 6, 1, 1), np.float32))
    y = ops.relu(conv(x, rng, 6) + bias.tensor)
    y = ops.relu(conv(ops.relu(conv(y, rng, 6)), rng, 6) + y)
    y = ops.concatenate([y, conv(y, rng, 2)], axis=1)
    y = ops.pad(y, ((0, 0), (0, 0), (1, 1), (2, 0)))
    y = ops.slice(y, (0, 1, 0, 1), (-1, 6, -1, -1))
    y = conv(y * 2.0, rng, 4)
    f = graph.compile([x], [y])
    plain = graph.compile([x], [y], without=["cancel_transposes"])
    assert steps(plain).count("transpose") == 10
    # Of the image, and of the result.
    assert steps(f).count("transpose") == 2
    np.testing.assert_allclose(f(value)[0], plain(value)[0], rtol=1e-4, atol=1e-4)


CASES: dict[str, tuple[Callable[[Any], Any], int]] = {
    "there and back": (lambda x: ops.transpose(ops.transpose(x, (1, 2, 0)), (2, 0, 1)), 0),
    "two are one": (lambda x: ops.transpose(ops.transpose(x, (1, 2, 0)), (1, 2, 0)), 1),
    "a number": (lambda x: ops.transpose(ops.transpose(x, (1, 0, 2)) * 3.0, (1, 0, 2)), 0),
    "a number for each row": (
        lambda x: ops.transpose(
            ops.transpose(x, (1, 0, 2)) + np.arange(3, dtype=np.float32).reshape(3, 1, 1), (1, 0, 2)
        ),
        0,
    ),
    "numbers that would have to move": (
        lambda x: ops.transpose(
            ops.transpose(x, (1, 0, 2)) + np.arange(6, dtype=np.float32).reshape(3, 2, 1),
            (1, 0, 2),
        ),
        2,
    ),
    "axes of size 1": (lambda x: ops.transpose(ops.reshape(x, (24, 1, 1)), (1, 2, 0)), 0),
    "two orders": (
        lambda x: (
            ops.transpose(ops.reshape(x, (3, 2, 4)), (1, 0, 2))
            + ops.transpose(ops.reshape(x, (4, 3, 2)), (2, 1, 0))
        ),
        2,
    ),
    "a reduction stays": (lambda x: ops.sum(ops.transpose(x, (2, 0, 1)), axis=0), 1),
}


@pytest.mark.parametrize("case", CASES)
def test_cases(case: str, rng: np.random.Generator) -> None:
    make, left = CASES[case]
    x = graph.placeholder((2, 3, 4))
    value = rng.standard_normal((2, 3, 4), np.float32)
    y = make(x)
    f = graph.compile([x], [y])
    plain = graph.compile([x], [y], without=["cancel_transposes"])
    np.testing.assert_array_equal(f(value)[0], plain(value)[0])
    assert steps(f).count("transpose") == left


def test_equal_sizes_are_not_confused(rng: np.random.Generator) -> None:
    x = graph.placeholder((5, 5, 5))
    value = rng.standard_normal((5, 5, 5), np.float32)
    more = rng.standard_normal((5, 5, 1)).astype(np.float32)
    y = ops.transpose(x, (1, 0, 2)) + more
    (got,) = graph.compile([x], [y])(value)
    np.testing.assert_allclose(got, value.transpose(1, 0, 2) + more, rtol=1e-6)
