"""A bounded, thread-safe table of compiled functions."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from fastcnn import _core
from fastcnn.graph.locks import fork_safe_lock

__all__ = ["CompileCache"]

T = TypeVar("T")


class _Future(Generic[T]):
    """A value that one thread makes and others may wait for."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._maker = (os.getpid(), threading.get_ident())
        self._value: T | None = None
        self._error: BaseException | None = None

    def make(self, make: Callable[[], T]) -> T:
        """Makes the value, here."""
        try:
            self._value = make()
        except BaseException as error:
            self._error = error
            raise
        finally:
            self._done.set()
        return self._value

    def wait(self, make: Callable[[], T]) -> T:
        """The value when it is there. Made here, for this caller alone, by the maker's own thread,
        which would wait for itself, and in a forked child, which has no maker.
        """
        if self._maker[0] != os.getpid() or self._maker[1] == threading.get_ident():
            return make()
        self._done.wait()
        if self._error is None:
            assert self._value is not None
            return self._value
        # An interrupt was meant for the thread that made it.
        if not isinstance(self._error, Exception):
            return make()
        raise self._error


class CompileCache(Generic[T]):
    """Keeps the ``capacity`` compiled functions that were used last.

    A program meets few shapes again and again, and now and then very many once: the bound keeps
    memory flat, since each compiled function owns the buffers of its shape.

    The instruction set and the policy of ``algorithm="auto"`` are part of every key, so that
    :func:`fastcnn.runtime.set_isa` and :func:`fastcnn.runtime.set_winograd` reach whatever is
    called next, and what was compiled before is found again when they are set back.
    """

    def __init__(self, capacity: int = 16) -> None:
        self.capacity = capacity
        self._lock = fork_safe_lock()
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._futures: dict[Hashable, _Future[T]] = {}

    def find(self, key: Hashable) -> T | None:
        """The value of ``key`` if there is one."""
        key = (_core.compile_policy(), key)
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of ``key``, made once: other threads that ask for it wait meanwhile, and only
        they.

        Raises:
            Whatever ``make`` raises, in each thread that waits for it.
        """
        key = (_core.compile_policy(), key)
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
                return value
            future = self._futures.get(key)
            if makes := future is None:
                future = self._futures[key] = _Future()
        assert future is not None
        if not makes:
            return future.wait(make)
        try:
            value = future.make(make)
        finally:
            with self._lock:
                self._futures.pop(key, None)
                if value is not None:
                    self._values[key] = value
                    if len(self._values) > self.capacity:
                        self._values.popitem(last=False)
        return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()

    def __len__(self) -> int:
        return len(self._values)
