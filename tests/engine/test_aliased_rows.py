"""Image rows whose distances share places in L1 are copied first: the answer is the same."""

from __future__ import annotations

import numpy as np
import pytest

from fastcnn import ops, reference

EPS = np.finfo(np.float32).eps


@pytest.mark.parametrize(
    ("image", "kernel", "strides"),
    [
        pytest.param((2, 5, 5, 512), (3, 3, 512, 40), 2, id="stride-2"),
        pytest.param((1, 4, 4, 1024), (3, 3, 1024, 21), 1, id="1024-channels"),
        pytest.param((3, 4, 4, 1024), (1, 1, 1024, 70), 1, id="1x1"),
        pytest.param((1, 9, 9, 256), (1, 1, 256, 70), 2, id="1x1-stride-2"),
        pytest.param((1, 3, 9, 2048), (2, 3, 2048, 5), 1, id="depth-blocks"),
    ],
)
def test_matches_reference(
    image: tuple[int, ...],
    kernel: tuple[int, ...],
    strides: int,
    isa: str,
    rng: np.random.Generator,
) -> None:
    x = rng.standard_normal(image, np.float32)
    k = rng.standard_normal(kernel, np.float32)
    got = ops.conv2d(x, k, strides=strides, padding="same")
    want = reference.conv2d(x, k, strides=strides, padding="same")
    sizes = reference.conv2d(abs(x), abs(k), strides=strides, padding="same")
    # Summing n products in any order errs by at most about n * eps * (sum of their sizes).
    assert (abs(got - want) <= np.prod(kernel[:3]) * EPS * sizes).all()
    # A bound that a dropped or doubled row would pass is none.
    np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-2)
