"""What is larger than the caches is written past them: the answers stay the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastcnn import ops

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
}


@pytest.mark.parametrize("name", CASES)
def test_large(name: str, image: np.ndarray, isa: str) -> None:
    ours, reference = CASES[name]
    np.testing.assert_array_equal(ours(image), reference(image))
