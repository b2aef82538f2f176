"""What many tests share: random numbers, instruction sets, thread counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from fastcnn import _core, runtime


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(params=[name for name in runtime.available_isas() if _core.base_isa(name) == name])
def isa(request: pytest.FixtureRequest) -> Iterator[str]:
    """Runs the test once for every instruction set of this machine that has float32 kernels of
    its own.
    """
    runtime.set_isa(request.param)
    yield request.param
    runtime.set_isa(None)


@pytest.fixture
def thread_counts() -> Iterator[tuple[int, ...]]:
    """Numbers of threads that must make no difference; the default comes back afterwards.

    The smallest work is shared too, which otherwise runs on one thread.
    """
    _core.set_serial_seconds(0)
    yield (1, 2, 3)
    _core.set_serial_seconds(-1)
    runtime.set_num_threads(None)


@pytest.fixture
def line(rng):
    """Points on a plane: what a Dense layer can learn exactly."""
    x = rng.standard_normal((64, 3), np.float32)
    return x, x @ np.array([[1.0], [-2.0], [0.5]], np.float32) + 0.25


@pytest.fixture
def linear():
    """Makes a compiled model of one Dense layer for ``line``."""
    from fastcnn import Input, Sequential, layers

    def make(optimizer="sgd", loss="mse", **settings):
        model = Sequential([Input((3,)), layers.Dense(1)])
        model.compile(optimizer, loss, **settings)
        return model

    return make
