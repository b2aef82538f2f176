"""A machine whose limits are round numbers."""

import pytest

from fastcnn.bench.limits_table import KINDS, Limits

KB, MB = 1 << 10, 1 << 20


@pytest.fixture
def limits():
    """32 KB, 1 MB and 16 MB of cache; a thousandth of the rate in memory for each level down."""
    speed = {
        16 * KB: 400.0,
        32 * KB: 400.0,
        MB: 200.0,
        16 * MB: 100.0,
        32 * MB: 10.0,
        128 * MB: 10.0,
    }
    slow = dict.fromkeys(speed, 20.0)
    return Limits(
        1,
        {"float32": 100.0},
        {kind: slow if kind.startswith("stream") else speed for kind in KINDS},
        [32 * KB, MB, 32 * MB],
    )
