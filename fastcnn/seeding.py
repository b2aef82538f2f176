"""Where seeds come from: one global seed, and numbers derived from it by counting."""

from __future__ import annotations

import itertools
import random
import secrets

import numpy as np

from fastcnn.messages import brief

__all__ = ["mix", "next_seed", "set_random_seed"]

_MASK64 = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15

#: The global seed and the numbers of what is drawn from it. Without a lock, since each step is
#: atomic: one that another thread holds at a fork stays closed.
_stream: tuple[int, itertools.count[int]] | None = None


def mix(seed: int, index: int) -> int:
    """Number ``index`` of the stream of ``seed``, in ``[0, 2**63)`` (splitmix64).

    A pure function of both arguments, so what is random in step 1,000 does not depend on the
    steps before it: training continues bit for bit after a restart.
    """
    z = (seed + (index + 1) * _GOLDEN) & _MASK64
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK64
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK64
    return (z ^ (z >> 31)) >> 1


def set_random_seed(seed: int) -> None:
    """Make everything drawn from now on reproducible: weights, dropout and shuffling.

    As in Keras, this also seeds Python's ``random`` and NumPy's global generator.

    Args:
        seed: Integer in ``[0, 2**32)``.

    Raises:
        ValueError: ``seed`` is not such an integer.
    """
    global _stream
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(
            f"set_random_seed: seed must be an integer from 0 to 2**32 - 1, got {brief(seed)}"
        )
    _stream = (seed, itertools.count(1))
    random.seed(seed)
    np.random.seed(seed)


def next_seed() -> int:
    """A fresh seed: the next of the global stream, or a random one while no seed is set."""
    stream = _stream
    if stream is None:
        return secrets.randbits(63)
    seed, numbers = stream
    return mix(seed, next(numbers))
