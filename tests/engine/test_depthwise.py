"""Depthwise convolution of more than the caches hold, and of numbers that are none."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import graph, ops, reference

EPS = np.finfo(np.float32).eps


def gradients(x: np.ndarray, kernel: np.ndarray, dy: np.ndarray, strides: int) -> list[np.ndarray]:
    a, b, slope = (graph.placeholder(each.shape) for each in (x, kernel, dy))
    y = ops.conv2d(a, b, strides=strides, padding="same", groups=x.shape[3])
    return graph.compile([a, b, slope], graph.gradients(y, [a, b], output_gradient=slope))(
        x, kernel, dy
    )


def aligned(shape: tuple[int, ...]) -> np.ndarray:
    """Begins on a cache line, as what a Program places itself does."""
    numbers = int(np.prod(shape))
    memory = np.empty(numbers + 16, np.float32)
    first = -memory.ctypes.data % 64 // 4
    return memory[first : first + numbers].reshape(shape)


def exact_gradients(
    x: np.ndarray, kernel: np.ndarray, dy: np.ndarray, strides: int
) -> tuple[np.ndarray, np.ndarray]:
    """In float64, a tap at a time."""
    size, (height, width) = len(kernel), dy.shape[1:3]
    total = [max((n - 1) * strides + size - extent, 0) for n, extent in
             ((height, x.shape[1]), (width, x.shape[2]))]  # fmt: skip
    pads = [(n // 2, n - n // 2) for n in total]
    padded = np.pad(x.astype(np.float64), [(0, 0), *pads, (0, 0)])
    dx, dkernel = np.zeros_like(padded), np.zeros(kernel.shape)
    for r in range(size):
        for s in range(size):
            place = np.s_[:, r : r + strides * height : strides, s : s + strides * width : strides]
            dx[place] += dy * kernel[r, s, 0].astype(np.float64)
            dkernel[r, s, 0] = (padded[place] * dy).sum((0, 1, 2))
    rows, columns = (slice(p[0], p[0] + n) for p, n in zip(pads, x.shape[1:3], strict=True))
    return dx[:, rows, columns], dkernel


@pytest.mark.parametrize("strides", [1, 2])
def test_far_memory(strides: int, isa: str, rng: np.random.Generator) -> None:
    """Results above 16 MB are written past the caches, and rows are asked for ahead."""
    x = rng.integers(-4, 5, (9, 90 * strides, 84 * strides, 64)).astype(np.float32)
    kernel = rng.integers(-4, 5, (3, 3, 1, 64)).astype(np.float32)
    want = reference.conv2d(x, kernel, strides=strides, padding="same", groups=64)
    a, b, slope = (graph.placeholder(shape) for shape in (x.shape, kernel.shape, want.shape))
    result = ops.conv2d(a, b, strides=strides, padding="same", groups=64)
    y = aligned(want.shape)
    graph.compile([a, b], [result]).run_into([x, kernel], [y])
    # Small integers: nothing rounds.
    np.testing.assert_array_equal(y, want)
    dy = rng.integers(-1, 2, y.shape).astype(np.float32)
    got = [aligned(x.shape), aligned(kernel.shape)]
    slopes = graph.gradients(result, [a, b], output_gradient=slope)
    graph.compile([a, b, slope], slopes).run_into([x, kernel, dy], got)
    for gradient, exact in zip(got, exact_gradients(x, kernel, dy, strides), strict=True):
        np.testing.assert_array_equal(gradient, exact)


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("strides", [1, 2])
def test_infinity_stays_with_its_taps(
    size: int, strides: int, isa: str, rng: np.random.Generator
) -> None:
    """A pixel that a tap does not meet does not touch the tap's gradient, infinite or not."""
    x = rng.standard_normal((1, 6, 7, 17), np.float32)
    kernel = rng.standard_normal((size, size, 1, 17), np.float32)
    y = ops.conv2d(x, kernel, strides=strides, padding="same", groups=17)
    dy = rng.standard_normal(y.shape, np.float32)
    before = gradients(x, kernel, dy, strides)[1]
    x[0, 0, 0] = np.inf
    after = gradients(x, kernel, dy, strides)[1]
    met = exact_gradients(np.isinf(x).astype(np.float32), abs(kernel), abs(dy), strides)[1] > 0
    assert not np.isfinite(after[met]).any()
    np.testing.assert_array_equal(after[~met], before[~met])
