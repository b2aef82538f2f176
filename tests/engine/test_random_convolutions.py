"""Convolutions of random shapes and settings, whose sums are exact, against the reference."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastcnn import graph, ops, reference, runtime

COUNT = 120
#: Longest extent by the number of axes.
LONGEST = {1: 40, 2: 12, 3: 7}


def few_bits(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Multiples of 1/4, so that no sum of products rounds."""
    return np.asarray(rng.integers(-6, 7, shape) / 4, np.float32)


def drawn(op: str, rng: np.random.Generator) -> tuple[list[np.ndarray], dict[str, Any]]:
    rank = int(rng.integers(1, 4))

    def numbers(low: int, high: int) -> tuple[int, ...]:
        return tuple(int(n) for n in rng.integers(low, high, rank))

    groups = int(rng.choice([1, 1, 1, 2, 3]))
    channels = groups * int(rng.choice([1, 2, 3, 8, 17]))
    filters = groups * int(rng.choice([1, 2, 5, 16, 33]))
    pairs = tuple(zip(numbers(0, 4), numbers(0, 4), strict=True))
    settings: dict[str, Any] = {
        "strides": numbers(1, 4),
        "dilation": numbers(1, 3),
        "groups": groups,
        "padding": ("valid", "same", pairs)[int(rng.integers(3))],
        "algorithm": "direct",
    }
    if op == "conv_transpose" and rng.random() < 0.4:
        settings["output_padding"] = tuple(int(rng.integers(0, n)) for n in settings["strides"])
    last = (channels // groups, filters) if op == "conv" else (filters // groups, channels)
    x = few_bits(rng, int(rng.integers(1, 4)), *numbers(1, LONGEST[rank]), channels)
    return [x, few_bits(rng, *numbers(1, 5), *last), few_bits(rng, filters)], settings


@pytest.mark.parametrize("op", ["conv", "conv_transpose"])
def test_outputs_and_gradients_are_exact(op: str, isa: str) -> None:
    rng = np.random.default_rng(5)
    tried = 0
    while tried < COUNT:
        arrays, settings = drawn(op, rng)
        runtime.set_num_threads(int(rng.integers(1, 4)))
        tensors = [graph.placeholder(array.shape) for array in arrays]
        try:
            y = getattr(ops, op)(*tensors, **settings)
        except ValueError as error:
            if "does not fit" not in str(error) and "nothing is left" not in str(error):
                raise
            continue
        tried += 1
        about = (op, [array.shape for array in arrays], settings)
        dy = few_bits(rng, *y.shape)
        weights = graph.placeholder(y.shape)
        f = graph.compile([*tensors, weights], [y, *graph.gradients(y, tensors, weights)])
        got, *slopes = f(*arrays, dy)
        apply = getattr(reference, op)
        np.testing.assert_array_equal(got, apply(*arrays, **settings), err_msg=str(about))
        # It is linear in x and in the kernel: <dy, op(d)> is <gradient, d> for any d.
        for place in (0, 1):
            direction = few_bits(rng, *arrays[place].shape)
            moved = [*arrays[:2]]
            moved[place] = direction
            want = float((apply(*moved, **settings) * dy).sum())
            assert float((slopes[place].astype(np.float64) * direction).sum()) == want, about
        np.testing.assert_array_equal(slopes[2], dy.sum(axis=tuple(range(dy.ndim - 1))))
