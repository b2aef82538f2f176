"""How operations are applied: one public function serves arrays, Tensors and models."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

import numpy as np
import numpy.typing as npt

from fastcnn import _core
from fastcnn.graph.aligned_array import CONTIGUOUS_AND_ALIGNED
from fastcnn.graph.compile_cache import CompileCache
from fastcnn.graph.function import Function, compile
from fastcnn.graph.tensor import Node, Op, SymbolicTensor, Tensor, placeholder
from fastcnn.graph.trace_mode import is_inferring, is_recording
from fastcnn.graph.variable import Variable, constant
from fastcnn.messages import REFUSALS, refuse
from fastcnn.ops.common.array_parameters import ArrayParameters, Labels, Operand, Seed

__all__ = [
    "PUBLIC",
    "Array",
    "Labels",
    "Operand",
    "Seed",
    "apply",
    "check_size",
    "image_operand",
    "operand",
    "operation",
]

P = ParamSpec("P")
R = TypeVar("R")

Array = npt.NDArray[Any]

#: What values in a graph can be.
DTYPES = tuple(_core.dtypes())
#: Limits of the core (``csrc/base/shape.h``), checked here in terms of the operation.
MAX_RANK = 8
MAX_ELEMENTS = 1 << 40
#: Public operations by name: the closed registry that model files refer to.
PUBLIC: dict[str, Callable[..., Any]] = {}


def apply(op: Op, *inputs: Tensor, **attrs: Any) -> tuple[Tensor, ...]:
    """Adds a node; returns its outputs.

    Raises:
        TypeError, ValueError: What ``op.infer`` refuses, or a result that is too large.
    """
    specs = op.infer(*(tensor.spec for tensor in inputs), **attrs)
    for spec in specs:
        check_size(op.name, spec.shape)
    return Node(op, inputs, attrs, outputs=len(specs)).tensors(*specs)


def check_size(op: str, shape: tuple[int, ...]) -> None:
    """Refuse the shape of a result beyond the limits of the core."""
    if len(shape) > MAX_RANK:
        raise ValueError(f"{op}: the result would have rank {len(shape)}, at most {MAX_RANK} works")
    # Without zeros, because strides are products of some of the sizes.
    if math.prod(size for size in shape if size > 0) > MAX_ELEMENTS:
        raise ValueError(
            f"{op}: the result would have shape {shape}, more than {MAX_ELEMENTS} elements"
        )


def operand(
    op: str, name: str, value: Any, *, rank: int | None = None, dtype: str | None = "float32"
) -> Tensor:
    """A checked argument of an operation as a Tensor.

    Args:
        op: Name of the operation, for messages.
        name: Name of the argument, for messages.
        value: Tensor, Variable, array, or numbers (which become float32).
        rank: Required number of axes; None for any.
        dtype: Required dtype; None for any.

    Raises:
        TypeError: Another dtype, or no array at all.
        ValueError: Another rank.
    """
    if isinstance(value, Variable):
        value = value.tensor
    if not isinstance(value, Tensor):
        try:
            # NumPy would read None as NaN and "1" as 1.
            if value is None or isinstance(value, str | bytes):
                raise TypeError
            value = constant(value)
        except (TypeError, ValueError) as error:
            raise TypeError(
                f"{op}: {name} must be an array, a Tensor or numbers, got {type(value).__name__}"
            ) from error
    assert isinstance(value, Tensor)
    if dtype is None and value.spec.dtype not in DTYPES:
        raise TypeError(
            f"{op}: {name} must have one of the dtypes {', '.join(DTYPES)}, got "
            f"{value.spec.dtype}; cast it with .astype('float32')"
        )
    if dtype is not None and value.spec.dtype != dtype:
        raise TypeError(
            f"{op}: {name} must be {dtype}, got {value.spec.dtype}; cast it with "
            f".astype('{dtype}') or ops.cast"
        )
    if value.ndim > MAX_RANK:
        raise ValueError(f"{op}: {name} has rank {value.ndim}, at most {MAX_RANK} works")
    if rank is not None and value.ndim != rank:
        raise ValueError(f"{op}: {name} must have rank {rank}, got shape {value.shape}")
    return value


#: The Functions behind eager calls, and whether each returns several results.
_cache: CompileCache[tuple[Function, bool]] = CompileCache(256)


#: Bytes that an operation on constants may need where only shapes are asked for.
_MOST_INFERRED = 1 << 24

#: Settings that make a key as they are, beside their type.
_SETTINGS = frozenset({int, bool, str, type(None)})


def _plain_key(
    function: Callable[..., Any],
    operands: ArrayParameters,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> tuple[Any, list[Array]] | None:
    """Key and arrays of a call with nothing but plain arrays and simple settings, as most are; None
    for any other, and for symbolic values.
    """
    arrays: list[Array] = []
    key: list[Any] = [function, *kwargs]
    for place, value in enumerate((*args, *kwargs.values())):
        kind = type(value)
        if kind is np.ndarray:
            dtype = value.dtype
            if (
                value.flags.num & CONTIGUOUS_AND_ALIGNED != CONTIGUOUS_AND_ALIGNED
                or not dtype.isnative
            ):
                return None
            arrays.append(value)
            key += (value.shape, dtype.char)
            continue
        # Numbers are no part of a key where they stand for an array.
        if value is not None and operands.has(place, args, kwargs):
            return None
        if kind not in _SETTINGS:
            numbers = kind is tuple and all(type(item) is int for item in value)
            # 0.0 and -0.0 are equal as keys, so zeros go the long way.
            if not numbers and not (kind is float and value):
                return None
        key += (kind, value)
    return tuple(key), arrays


def _contains(arguments: Sequence[Any], kinds: tuple[type, ...]) -> Any:
    """The first argument of one of these kinds, also inside a list of arguments."""
    for value in arguments:
        if isinstance(value, kinds):
            return value
        if isinstance(value, list | tuple):
            found = _contains(value, kinds)
            if found is not None:
                return found
    return None


class _Arrays:
    """Takes the arrays out of a call's arguments, so that the rest can be a cache key."""

    def __init__(self) -> None:
        self.arrays: list[Array] = []

    def key(self, value: Any) -> Any:
        if isinstance(value, Variable):
            value = value.numpy()
        if isinstance(value, np.ndarray):
            # One rule for any layout: what is not contiguous is copied.
            flags = value.flags
            if not (flags.c_contiguous and flags.aligned and value.dtype.isnative):
                value = np.array(value, value.dtype.newbyteorder("="), order="C")
            self.arrays.append(value)
            return (np.ndarray, value.shape, value.dtype.char)
        if isinstance(value, list | tuple):
            return (type(value), *(self.key(item) for item in value))
        # 1, 1.0 and True are equal keys but not equal settings; nor are 0.0 and -0.0.
        sign = math.copysign(1.0, value) if isinstance(value, float) else 1.0
        return (type(value), value, sign)

    @staticmethod
    def symbolic(value: Any, placeholders: list[Tensor]) -> Any:
        """The argument with a placeholder for each array, in the same order."""
        if isinstance(value, np.ndarray | Variable):
            placeholders.append(placeholder(value.shape, value.dtype))
            return placeholders[-1]
        if isinstance(value, list | tuple):
            return [_Arrays.symbolic(item, placeholders) for item in value]
        return value


def _run(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """An eager call of any kind: a cached Program for these types and settings."""
    taken = _Arrays()
    key: Any = (
        function,
        tuple(taken.key(value) for value in args),
        tuple((name, taken.key(value)) for name, value in kwargs.items()),
    )
    try:
        hash(key)
    except TypeError:
        # Something that cannot be a key is not an argument either: the operation says which.
        function(*args, **kwargs)
        raise

    return _run_cached(key, taken.arrays, function, args, kwargs)


def _run_cached(
    key: Any,
    arrays: list[Array],
    function: Callable[..., Any],
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> Any:
    found = _cache.find(key)
    if found is None:

        def make() -> tuple[Function, bool]:
            inputs: list[Tensor] = []
            symbolic_args = [_Arrays.symbolic(value, inputs) for value in args]
            symbolic_kwargs = {k: _Arrays.symbolic(value, inputs) for k, value in kwargs.items()}
            result = function(*symbolic_args, **symbolic_kwargs)
            several = isinstance(result, tuple)
            return compile(inputs, result if several else [result]), several

        found = _cache.get(key, make)
    compiled, several = found
    if is_inferring() and compiled.bytes > _MOST_INFERRED:
        return function(*args, **kwargs)  # as part of the graph, which will not run
    outputs = compiled(*arrays)
    return outputs if several else outputs[0]


def operation(function: Callable[P, R]) -> Callable[P, R]:
    """Makes a public operation of a function that builds graph.

    Called with arrays it runs at once and returns arrays; called with a Tensor it adds to the
    graph and returns Tensors; called with a model's symbolic value it is recorded there. Variables
    count as arrays, but as Tensors inside a layer's ``call`` and a :func:`fastcnn.tracing` block,
    where the value of this moment would be a constant that learns nothing.
    """
    operands = ArrayParameters(function)

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> Any:
        try:
            plain = _plain_key(function, operands, args, kwargs)
            if plain is not None and plain[1]:
                return _run_cached(*plain, function, args, kwargs)
            arguments = (*args, *kwargs.values())
            symbolic = _contains(arguments, (SymbolicTensor,))
            if symbolic is not None:
                return symbolic.record(call, args, kwargs)
            symbols = (Tensor, Variable) if is_recording() else (Tensor,)
            if _contains(arguments, symbols) is not None:
                return function(*args, **kwargs)
            return _run(function, *operands.as_arrays(args, kwargs))
        except REFUSALS as error:
            # A wrapper around this would cost a tenth of the time of a small call.
            refuse(error, function, args)
            raise

    PUBLIC[function.__name__] = call
    return call


def image_operand(op: str, x: Operand, rank: int | None = None) -> Tensor:
    """A float32 operand with one to three axes between batch and channels."""
    found = operand(op, "x", x, rank=rank)
    if not 3 <= found.ndim <= 5:
        raise ValueError(
            f"{op}: x must have rank 3, 4 or 5: (batch, 1 to 3 axes, channels), got shape "
            f"{found.shape}"
        )
    return found
