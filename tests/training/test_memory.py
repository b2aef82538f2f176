"""Memory stays flat, however often and in whatever shapes a model is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from sanitizers import unless_sanitized

# Resident MiB by which a warm process may grow. What is kept for one shape takes about 1 MiB: if
# nothing were forgotten, 150 shapes would take over 150; those that are kept differ by less.
BOUND = 24

SCRIPT = """
import resource
import sys
import numpy as np
from fastcnn import Input, Sequential, layers, ops

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize() / 2**20

model = Sequential([
    Input((None, None, 3)),
    layers.Conv2D(16, 3, activation="relu"),
    layers.MaxPooling2D(),
    layers.Conv2D(32, 3, activation="relu"),
    layers.GlobalAveragePooling2D(),
    layers.Dense(10),
])
rng = np.random.default_rng(0)
kernel = rng.standard_normal((3, 3, 3, 8), np.float32)

def images(shape):
    return rng.standard_normal((2, *shape, 3), np.float32)

def same_shape():
    model.predict(images((48, 48)), verbose=0)

def other_shapes():
    model.predict(images(rng.integers(64, 160, 2)), verbose=0)

def other_shapes_called():
    model(images(rng.integers(64, 160, 2)))

def other_shapes_of_an_operation():
    ops.conv2d(images(rng.integers(64, 160, 2)), kernel)

use, warm, times = globals()[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])
for _ in range(warm):
    use()
before = resident()
for _ in range(times):
    use()
print(resident() - before)
"""


@unless_sanitized("what is freed is kept for a while, to find its use")
@pytest.mark.parametrize(
    ("use", "warm", "times"),
    [
        ("same_shape", 20, 400),
        ("other_shapes", 50, 150),
        ("other_shapes_called", 50, 150),
        ("other_shapes_of_an_operation", 100, 200),
    ],
)
def test_memory_stays_flat(use: str, warm: int, times: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, use, str(warm), str(times)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert float(done.stdout) < BOUND, f"{use}: {times} uses took {done.stdout.strip()} MiB more"
