"""A bounded, thread-safe table of compiled functions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from fastcnn import _core
from fastcnn.graph.locks import fork_safe_lock

__all__ = ["CompileCache"]

T = TypeVar("T")


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

    def find(self, key: Hashable) -> T | None:
        """The value of ``key`` if there is one."""
        key = (_core.compile_policy(), key)
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of ``key``, made once. Other threads wait meanwhile."""
        key = (_core.compile_policy(), key)
        with self._lock:
            value = self._values.get(key)
            if value is None:
                value = make()
                self._values[key] = value
                if len(self._values) > self.capacity:
                    self._values.popitem(last=False)
            else:
                self._values.move_to_end(key)
            return value

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._values.clear()

    def __len__(self) -> int:
        return len(self._values)
