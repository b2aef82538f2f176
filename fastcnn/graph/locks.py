"""Locks that a forked child finds open."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet

__all__ = ["fork_safe_lock"]

_all: WeakSet[threading.RLock] = WeakSet()


def fork_safe_lock() -> threading.RLock:
    """A new reentrant lock, open in a forked child unless the forking thread holds it.

    A child has only the thread that forked; what any other was inside of would stay closed for
    ever. What the lock guards may then be half done.
    """
    lock = threading.RLock()
    _all.add(lock)
    return lock


def _open_all() -> None:
    for lock in _all:
        if lock.acquire(blocking=False):
            lock.release()
        else:
            lock._at_fork_reinit()  # type: ignore[attr-defined]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_open_all)
