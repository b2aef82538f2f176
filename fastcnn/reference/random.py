"""Counter-based randomness: element ``i`` depends on the seed and ``i`` only."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastcnn.reference.elementwise import Float64, float64

__all__ = [
    "dropout",
    "fold_seed",
    "random_normal",
]

LOW_32 = np.uint64(0xFFFFFFFF)
THIRTY_TWO = np.uint64(32)
MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
KEY_STEPS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
ROUNDS = 10


def philox(seed: int, count: int) -> NDArray[np.uint32]:
    """The first ``count`` numbers of Philox4x32-10 (Salmon et al., SC 2011) under a 64-bit seed.

    The key is (low, high) half of the seed. A block of four numbers has the counter
    (low, high half of the block's index, 0, 0).
    """
    block: NDArray[np.unsignedinteger[Any]] = np.arange(-(-count // 4), dtype=np.uint64)
    zero = np.zeros_like(block)
    c0, c1, c2, c3 = block & LOW_32, block >> THIRTY_TWO, zero, zero
    key = np.uint64(seed % 2**64)
    k0, k1 = key & LOW_32, key >> THIRTY_TWO
    for _ in range(ROUNDS):
        # Factors below 2**32, so that the products are exact in 64 bits.
        first, second = MULTIPLIERS[0] * c0, MULTIPLIERS[1] * c2
        c0, c1, c2, c3 = (
            (second >> THIRTY_TWO) ^ c1 ^ k0,
            second & LOW_32,
            (first >> THIRTY_TWO) ^ c3 ^ k1,
            first & LOW_32,
        )
        k0, k1 = (k0 + KEY_STEPS[0]) & LOW_32, (k1 + KEY_STEPS[1]) & LOW_32
    return np.stack([c0, c1, c2, c3], axis=-1).reshape(-1)[:count].astype(np.uint32)


def dropout(x: ArrayLike, rate: float, seed: ArrayLike) -> Float64:
    """Element ``i`` times ``1 / (1 - rate)`` if its random number is at least ``rate * 2**32``.

    The others become 0, also if they were NaN or infinite. A negative ``seed`` counts modulo
    ``2**64``, as int64 and uint64 of the same bits.
    """
    x = float64(x)
    kept = philox(int(np.asarray(seed)), x.size).reshape(x.shape) >= rate * 2.0**32
    return np.where(kept, x / (1 - rate), 0)


def random_normal(shape: Sequence[int], seed: ArrayLike) -> Float64:
    """Element ``i`` is the quantile of the normal distribution for number ``i`` of the stream.

    Its lowest bit is the sign; bits 1 to 30, plus a half, divided by ``2**30`` are the share of
    both tails, of which Newton's method finds the edge.
    """
    words = philox(int(np.asarray(seed)), math.prod(shape))
    tails = ((words >> 1 & 0x3FFFFFFF) + 0.5) / 2.0**30
    sizes = np.sqrt(-2 * np.log(tails / 2))  # too large, from where Newton's steps cannot cross
    complement = np.vectorize(math.erfc, otypes=[np.float64])
    for _ in range(60):
        density = np.sqrt(2 / np.pi) * np.exp(-sizes * sizes / 2)
        # In logarithms, which are nearly straight in the tail.
        now = complement(sizes / np.sqrt(2))
        sizes = sizes + (np.log(now) - np.log(tails)) * now / density
    return float64(np.where(words & 1, -sizes, sizes)).reshape(tuple(shape))


def fold_seed(seed: ArrayLike, numbers: Sequence[ArrayLike]) -> NDArray[np.int64]:
    """A seed in ``[0, 2**63)``: for each number ``n`` in turn, number ``n`` of the seed's stream.

    The stream is that of splitmix64 (Steele, Lea and Flood, OOPSLA 2014), without its lowest bit.
    """
    z = int(np.asarray(seed))
    for number in numbers:
        z = (z + (int(np.asarray(number)) + 1) * 0x9E3779B97F4A7C15) % 2**64
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        z = (z ^ (z >> 31)) >> 1
    return np.array(z, np.int64)
