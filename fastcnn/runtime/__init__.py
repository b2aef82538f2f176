"""What runs and why: instruction set, threads, and where each choice came from; and what this
machine can do at best.
"""

from fastcnn.runtime.measuring import bandwidth, caches, limits, peak
from fastcnn.runtime.memory import ArenaUse, arena_use, release_arenas
from fastcnn.runtime.settings import (
    available_isas,
    describe,
    info,
    isa,
    num_threads,
    set_isa,
    set_num_threads,
    set_winograd,
    winograd,
)

__all__ = [
    "ArenaUse",
    "arena_use",
    "available_isas",
    "bandwidth",
    "caches",
    "describe",
    "info",
    "isa",
    "limits",
    "num_threads",
    "peak",
    "release_arenas",
    "set_isa",
    "set_num_threads",
    "set_winograd",
    "winograd",
]
