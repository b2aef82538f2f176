"""Variables: the named mutable arrays that a model learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcnn import _core
from fastcnn.graph.arithmetic import Arithmetic
from fastcnn.graph.array_like import as_array, as_operand
from fastcnn.graph.tensor import Node, Spec, Tensor
from fastcnn.graph.trace_mode import is_recording
from fastcnn.messages import bounded

__all__ = ["Variable", "assign_all", "constant", "values_of"]


class Variable(Arithmetic):
    """A named mutable array that owns its storage.

    Reading copies and writing goes through :meth:`assign`, so a program that runs in another
    thread always sees the value of a finished step. Arithmetic operators are those of
    :mod:`fastcnn.ops`: inside a layer's ``call`` and a :func:`fastcnn.tracing` block they add to
    the graph, elsewhere they return arrays.

    Args:
        value: The first value; copied. Python numbers and lists become float32.
        name: For messages and files.
        trainable: Whether training may change it.
    """

    # An array on the left leaves operators to us, but NumPy's functions still take the value.
    __array_priority__ = 1000

    @bounded
    def __init__(
        self, value: npt.ArrayLike, *, name: str = "variable", trainable: bool = True
    ) -> None:
        keeps_dtype = isinstance(value, np.ndarray | np.generic)
        array = value if keeps_dtype else np.asarray(as_array(value), "float32")
        # ascontiguousarray would turn a scalar into a vector.
        self.core = _core.Variable(np.asarray(array, order="C"))
        self.name = name
        self.trainable = trainable
        #: What makes a penalty of this variable for the loss of a model, and what its new values
        #: are brought to after an update; see :mod:`fastcnn.regularizers` and ``constraints``.
        self.regularizer: Callable[[Any], Any] | None = None
        self.constraint: Callable[[Any], Any] | None = None
        self.shape: tuple[int, ...] = self.core.shape
        #: The graph's view of this variable: the value at the start of a run.
        self.tensor: Tensor = Node(None, variable=self, name=name).tensors(
            Spec(self.shape, self.core.dtype)
        )[0]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its NumPy dtype."""
        return np.dtype(self.core.dtype)

    @property
    def version(self) -> int:
        """Raised by every write."""
        return self.core.version

    def numpy(self) -> npt.NDArray[Any]:
        """A copy of the value."""
        return self.core.numpy()

    def assign(self, value: npt.ArrayLike) -> None:
        """Replaces the value.

        Args:
            value: Same shape; cast to the variable's dtype where no kind changes
                (float64 to float32, not float to int).

        Raises:
            ValueError: Another shape.
            TypeError: A dtype of another kind.
        """
        self.core.assign(_assignable(self, value))

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        if copy is False:
            raise ValueError("a Variable can only be copied to an array; leave copy unset")
        if is_recording():
            raise TypeError(
                f"{self.name}: NumPy would take the value of this moment, which a compiled program "
                "keeps as a constant that learns nothing; use the function of fastcnn.ops, or "
                "say variable.numpy() where the constant is meant"
            )
        value = self.numpy()
        return value if dtype is None else value.astype(dtype)

    def __reduce__(self) -> tuple[Any, ...]:
        own = {k: v for k, v in vars(self).items() if k not in ("core", "shape", "tensor")}
        return type(self), (self.numpy(),), own

    def __repr__(self) -> str:
        return f"<Variable {self.name!r} {self.shape} {self.dtype}>"


def values_of(variables: Sequence[Variable]) -> list[npt.NDArray[Any]]:
    """Copies of the values of several variables at one moment: a program that writes them, in
    another thread, has finished its step or not begun it.
    """
    return _core.read_variables([variable.core for variable in variables])


def assign_all(variables: Sequence[Variable], values: Sequence[npt.ArrayLike]) -> None:
    """Replaces the values of several variables at once: a program that reads them, in another
    thread, sees all of the old values or all of the new ones.

    Raises:
        ValueError, TypeError: As :meth:`Variable.assign`; nothing has been changed then.
    """
    arrays = [_assignable(v, value) for v, value in zip(variables, values, strict=True)]
    _core.assign_variables([variable.core for variable in variables], arrays)


def _assignable(variable: Variable, value: npt.ArrayLike) -> npt.NDArray[Any]:
    """A value as :meth:`Variable.assign` takes it."""
    array = as_array(value)
    name, dtype = variable.name, variable.dtype
    if array.shape != variable.shape:
        raise ValueError(f"{name}: value must have shape {variable.shape}, got {array.shape}")
    if not np.can_cast(array.dtype, dtype, "same_kind"):
        raise TypeError(f"{name}: cannot assign {array.dtype} to a {dtype} variable")
    return np.asarray(array, dtype, order="C")


def constant(value: npt.ArrayLike) -> Tensor:
    """A value known now. Python numbers and lists become float32, arrays keep their dtype."""
    value = as_operand(value)
    array = value if isinstance(value, np.ndarray | np.generic) else np.asarray(value, np.float32)
    return Variable(np.asarray(array), name="constant", trainable=False).tensor
