"""The memory that calls compute in."""

from __future__ import annotations

from typing import NamedTuple

from fastcnn import _core

__all__ = ["ArenaUse", "arena_use", "release_arenas"]


class ArenaUse(NamedTuple):
    """Bytes of arenas: the memory for what a call computes between its inputs and its results."""

    #: Held by calls that are running.
    in_use: int
    #: Kept for the next call.
    idle: int


def arena_use() -> ArenaUse:
    """How much memory all calls of this process compute in.

    All models, functions and threads share it: a call borrows an arena and gives it back. Arenas
    that no call has wanted for ten seconds go back to the system when another call ends.
    """
    return ArenaUse(*_core.arena_use())


def release_arenas() -> None:
    """Gives the idle arenas back to the system now; the next call asks for new memory."""
    _core.trim_arenas()
