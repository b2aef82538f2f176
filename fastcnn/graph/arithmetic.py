"""Arithmetic operators of what stands for numbers: Tensors, Variables, values of model graphs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = ["Arithmetic", "Operators"]

Binary = Callable[[Any, Any], Any]


@dataclass(frozen=True)
class Operators:
    """The operations that operators stand for."""

    add: Binary
    subtract: Binary
    multiply: Binary
    divide: Binary
    negative: Callable[[Any], Any]


class Arithmetic:
    """Gives a class ``+ - * /``, the sign, and ``x[...]``."""

    __slots__ = ()

    #: For all classes at once. Operations live a floor above: fastcnn.ops sets this.
    operators: ClassVar[Operators]
    item: ClassVar[staticmethod[[Any, Any], Any]]

    def __getitem__(self, index: Any) -> Any:
        return self.item(self, index)

    def __iter__(self) -> Any:
        # Python would count up an index until there is an error, for open sizes for ever.
        raise TypeError(
            f"{type(self).__name__} cannot be iterated over; take its parts by x[0], x[1], ..."
        )

    def __add__(self, other: Any) -> Any:
        return self.operators.add(self, other)

    def __radd__(self, other: Any) -> Any:
        return self.operators.add(other, self)

    def __sub__(self, other: Any) -> Any:
        return self.operators.subtract(self, other)

    def __rsub__(self, other: Any) -> Any:
        return self.operators.subtract(other, self)

    def __mul__(self, other: Any) -> Any:
        return self.operators.multiply(self, other)

    def __rmul__(self, other: Any) -> Any:
        return self.operators.multiply(other, self)

    def __truediv__(self, other: Any) -> Any:
        return self.operators.divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return self.operators.divide(other, self)

    def __neg__(self) -> Any:
        return self.operators.negative(self)
