"""Layers called on arrays: compiled once per shape, then run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastcnn import graph
from fastcnn.graph import Tensor
from fastcnn.graph.aligned_array import CONTIGUOUS_AND_ALIGNED
from fastcnn.graph.array_like import as_array
from fastcnn.graph.compile_cache import CompileCache
from fastcnn.layers.base.protocols import LayerLike
from fastcnn.layers.base.trace_context import tracing
from fastcnn.layers.base.tracking import LayerTracker
from fastcnn.tree import flatten, map_structure

__all__ = ["EagerFunctions", "graph_array"]

Array = NDArray[Any]

_FLOAT32 = np.dtype(np.float32)


def graph_array(value: Any, *, keep_uint8: bool) -> Array:
    """``value`` as an array that a graph takes: contiguous float32, or uint8 if that is kept.

    Raises:
        TypeError: The values are not real numbers.
    """
    array = as_array(value)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"expected real numbers, got an array of dtype {array.dtype}")
    dtype = array.dtype if keep_uint8 and array.dtype == np.uint8 else np.dtype(np.float32)
    return np.ascontiguousarray(array, dtype).reshape(array.shape)


class _EagerFunction:
    """A compiled call and the structure of what it returns."""

    def __init__(self, layer: LayerLike, x: Any, training: bool) -> None:
        inputs = map_structure(lambda a: graph.placeholder(a.shape, a.dtype), x)
        with tracing(training) as trace:
            self.outputs = layer(inputs, training=training)
        for output in flatten(self.outputs):
            if not isinstance(output, Tensor):
                raise TypeError(
                    f"{layer.name} must return Tensors made with fastcnn.ops, got "
                    f"{type(output).__name__}"
                )
        steps = [] if trace.step is None else [trace.step]
        self.is_random = bool(steps)
        self.is_single = isinstance(self.outputs, Tensor)
        self.function = graph.compile(
            [*flatten(inputs), *steps], flatten(self.outputs), trace.assignments
        )

    def __call__(self, arrays: list[Array], calls: Iterator[int]) -> Any:
        steps = [np.asarray(next(calls), np.int64)] if self.is_random else []
        found = self.function(*arrays, *steps)
        if self.is_single:
            return found[0]
        results = iter(found)
        return map_structure(lambda _: next(results), self.outputs)


class EagerFunctions:
    """The compiled calls of one layer; a few shapes, the ones used last."""

    def __init__(self) -> None:
        self._cache: CompileCache[_EagerFunction] = CompileCache(8)
        self._calls = itertools.count()
        self._tracker = LayerTracker()

    def run(self, layer: LayerLike, x: Any, training: bool) -> Any:
        """Outputs of ``layer`` for arrays ``x``, as arrays.

        Args:
            layer: The layer.
            x: Arrays in the structure that it takes.
            training: Whether it behaves as in training.
        """
        # Arrays that need nothing done to them have the shortest way.
        if (
            type(x) is np.ndarray
            and x.dtype == _FLOAT32
            and x.flags.num & CONTIGUOUS_AND_ALIGNED == CONTIGUOUS_AND_ALIGNED
        ):
            structure: Any = x.shape
            arrays = [x]
            if layer.built:
                if not training and (program := layer.prediction_program(x)) is not None:
                    return program(x)
                function = self._cache.find((training, self._state(layer, training), structure))
                if function is not None:
                    return function(arrays, self._calls)
        else:
            x, arrays, structure = self._converted(layer, x)
            if not arrays:
                raise ValueError(f"layer {layer.name!r}: it was called on no array at all")

        def make() -> _EagerFunction:
            return _EagerFunction(layer, x, training)

        # The first trace makes the weights, which are part of the key.
        made = None if layer.built else make()
        key = (training, self._state(layer, training), structure)
        return self._cache.get(key, lambda: made or make())(arrays, self._calls)

    def _state(self, layer: LayerLike, training: bool) -> Any:
        parts = self._tracker
        return parts.training(layer) if training else parts.structure(layer)

    @staticmethod
    def _converted(layer: LayerLike, x: Any) -> tuple[Any, list[Array], str]:
        """Arrays as a graph takes them, in their structure and as a list, and a key of both."""
        x = map_structure(lambda a: graph_array(a, keep_uint8=layer.takes_uint8), x)
        return x, flatten(x), repr(map_structure(lambda a: (a.shape, a.dtype.char), x))
