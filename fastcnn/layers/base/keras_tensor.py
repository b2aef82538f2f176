"""The model graph: calls of layers and operations on values whose batch size is open.

It says what a model *is*. For each batch of concrete shapes a Program is made from it by running
the same calls on graph Tensors.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fastcnn import graph
from fastcnn.graph import SymbolicTensor, Tensor
from fastcnn.graph.trace_mode import current_origin, inferring, nested_origin, origin
from fastcnn.layers.base.protocols import LayerLike
from fastcnn.layers.base.trace_context import tracing
from fastcnn.messages import brief
from fastcnn.tree import flatten, map_structure

__all__ = [
    "Call",
    "KerasTensor",
    "Shape",
    "call_budget",
    "checked_shape",
    "infer",
    "record",
    "run_call",
]

Shape = tuple[int | None, ...]

# Stand-ins for open dimensions: every shape is worked out with each, and a dimension that
# comes out different is open too. Two batches; two images that deep networks still fit into.
_BATCHES = (2, 3)
_EXTENTS = (224, 256)

_names = itertools.count()
_local = threading.local()


class Call:
    """One use of a layer or an operation in a model graph.

    Attributes:
        function: The layer, or the public function of :mod:`fastcnn.ops`.
        args: Positional arguments, with KerasTensors among them.
        kwargs: Keyword arguments.
        outputs: What came out: a KerasTensor or a structure of them.
    """

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        self.function = function
        self.args = args
        self.kwargs = kwargs
        self.outputs: Any = None

    @property
    def name(self) -> str:
        """Name of the layer or operation."""
        return _name_of(self.function)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The KerasTensors among the arguments."""
        leaves = flatten([self.args, self.kwargs])
        return [leaf for leaf in leaves if isinstance(leaf, KerasTensor)]


class KerasTensor(SymbolicTensor):
    """A value in a model graph: a shape with open dimensions and a dtype, no numbers.

    Args:
        shape: Sizes; ``None`` where any size will do.
        dtype: Name of a NumPy dtype.
        name: For messages and summaries.
    """

    # An array on the left leaves operators to us instead of looping over elements.
    __array_ufunc__ = None

    def __init__(
        self, shape: Sequence[int | None], dtype: DTypeLike = "float32", name: str | None = None
    ) -> None:
        self._shape = checked_shape(shape)
        self._dtype = np.dtype(dtype)
        self.name = name or f"keras_tensor_{next(_names)}"
        self.call: Call | None = None
        #: The input layer that this is the value of, if any.
        self.origin: LayerLike | None = None

    @property
    def shape(self) -> Shape:
        """Sizes, ``None`` where open."""
        return self._shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """NumPy dtype of the values."""
        return self._dtype

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return len(self._shape)

    def record(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Add a call of an operation to the model graph; returns its symbolic outputs."""
        return record(function, args, kwargs)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self._shape}, dtype={self._dtype.name}, name={self.name}>"

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(
            f"{self!r} has no numbers: it is part of a model's description. Apply layers or "
            "fastcnn.ops to it, or call a model on an array"
        )

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no truth value: its numbers are known only in a run")


def checked_shape(shape: Sequence[int | None]) -> Shape:
    """``shape`` as a tuple of Python ints and None.

    Raises:
        TypeError: It is not a sequence of integers and None.
        ValueError: A negative size.
    """
    if isinstance(shape, str) or not isinstance(shape, Sequence):
        raise TypeError(f"a shape is a tuple such as (32, 32, 3), got {brief(shape)}")
    sizes: list[int | None] = []
    for size in shape:
        if size is not None and (isinstance(size, bool) or not isinstance(size, int | np.integer)):
            raise TypeError(
                f"shape {brief(tuple(shape))}: {brief(size)} is neither an integer nor None"
            )
        if size is not None and size < 0:
            raise ValueError(
                f"shape {brief(tuple(shape))}: {brief(size)} is negative; use None for any size"
            )
        sizes.append(None if size is None else int(size))
    return tuple(sizes)


def record(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Add ``function(*args, **kwargs)`` to the model graph.

    Returns:
        KerasTensors in the structure that the function returns.
    """
    call = Call(function, args, kwargs)
    call.outputs = infer(function, args, kwargs)
    for output in flatten(call.outputs):
        output.call = call
    return call.outputs


@contextmanager
def call_budget(calls: int) -> Iterator[None]:
    """Allow only so many calls of layers and operations inside the block.

    Raises:
        ValueError: From the call that is one too many.
    """
    before = getattr(_local, "budget", None)
    _local.budget = calls
    try:
        yield
    finally:
        _local.budget = before


def run_call(call: Call, values: dict[int, Any]) -> None:
    """Run ``call`` on the values of its inputs, kept by ``id``, and add those of its outputs."""

    def value_of(leaf: Any) -> Any:
        return values[id(leaf)] if isinstance(leaf, KerasTensor) else leaf

    budget = getattr(_local, "budget", None)
    if budget is not None:
        if budget < 1:
            raise ValueError("the model makes more calls of layers and operations than are allowed")
        _local.budget = budget - 1
    args, kwargs = map_structure(value_of, call.args), map_structure(value_of, call.kwargs)
    # A layer adds its name by itself.
    operation = isinstance(call.function, FunctionType)
    with origin(nested_origin(call.name) if operation else current_origin()):
        results = call.function(*args, **kwargs)
    for output, result in zip(flatten(call.outputs), flatten(results), strict=True):
        values[id(output)] = result


def infer(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """KerasTensors in place of what ``function(*args, **kwargs)`` would return.

    Nothing is computed: the function runs on graph placeholders of two sizes.

    Raises:
        TypeError: The function returns something else than Tensors.
    """
    first, second = (_traced(function, args, kwargs, variant) for variant in (0, 1))
    others = iter(flatten(second))

    def open_where_different(tensor: Any) -> KerasTensor:
        other = next(others)
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"{_name_of(function)} must return Tensors made with fastcnn.ops, got "
                f"{type(tensor).__name__}"
            )
        sizes = zip(tensor.shape, other.shape, strict=True)
        return KerasTensor([a if a == b else None for a, b in sizes], tensor.dtype)

    return map_structure(open_where_different, first)


def _traced(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], variant: int
) -> Any:
    stand_ins: dict[int, Tensor] = {}

    def stand_in(leaf: Any) -> Any:
        if not isinstance(leaf, KerasTensor):
            return leaf
        if id(leaf) not in stand_ins:
            sizes = [
                size if size is not None else (_EXTENTS if axis else _BATCHES)[variant]
                for axis, size in enumerate(leaf.shape)
            ]
            stand_ins[id(leaf)] = graph.placeholder(tuple(sizes), leaf.dtype, name=leaf.name)
        return stand_ins[id(leaf)]

    with inferring(), tracing(training=False):
        return function(*map_structure(stand_in, args), **map_structure(stand_in, kwargs))


def _name_of(function: Callable[..., Any]) -> str:
    name = getattr(function, "name", None) or getattr(function, "__name__", None)
    return str(name or type(function).__name__)
