"""Layers and functions that join several inputs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.layers.base.layer import Layer

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Dot",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]


class _Merge(Layer):
    """Joins inputs element by element; sizes of 1 are repeated.

    Inputs of fewer axes get axes of size 1 behind the batch.
    """

    def build(self, input_shape: Any) -> None:
        """Check that there are several inputs that fit each other."""
        _check_several(self, input_shape)
        rank = max(len(shape) for shape in input_shape)
        if min(len(shape) for shape in input_shape) == 0:
            raise ValueError(
                f"layer {self.name!r}: {type(self).__name__} joins batches, got a scalar among "
                f"shapes {', '.join(str(tuple(shape)) for shape in input_shape)}"
            )
        shapes = [(s[0], *[1] * (rank - len(s)), *s[1:]) for s in input_shape]
        for sizes in zip(*shapes, strict=True):
            if len({size for size in sizes if size not in (1, None)}) > 1:
                raise ValueError(
                    f"layer {self.name!r}: {type(self).__name__} cannot join inputs of shapes "
                    f"{', '.join(str(tuple(shape)) for shape in input_shape)}: along each axis "
                    "sizes must be equal or 1"
                )

    def call(self, x: Any) -> Any:
        """All inputs in one."""
        rank = max(tensor.ndim for tensor in x)
        return self.merged(
            [
                ops.reshape(t, (t.shape[0], *[1] * (rank - t.ndim), *t.shape[1:]))
                if t.ndim < rank
                else t
                for t in x
            ]
        )

    def merged(self, x: list[Any]) -> Any:
        """All inputs, of one rank, in one."""
        raise NotImplementedError


class Add(_Merge):
    """Sum of a list of inputs of one shape; sizes of 1 are broadcast."""

    def merged(self, x: list[Any]) -> Any:
        """``x[0] + x[1] + ...``."""
        return reduce(ops.add, x)


class Subtract(_Merge):
    """Difference of two inputs; sizes of 1 are broadcast."""

    def build(self, input_shape: Any) -> None:
        """Check that there are two inputs."""
        super().build(input_shape)
        _check_two(self, input_shape)

    def merged(self, x: list[Any]) -> Any:
        """``x[0] - x[1]``."""
        return ops.subtract(x[0], x[1])


class Multiply(_Merge):
    """Product of a list of inputs; sizes of 1 are broadcast."""

    def merged(self, x: list[Any]) -> Any:
        """``x[0] * x[1] * ...``."""
        return reduce(ops.multiply, x)


class Average(_Merge):
    """Mean of a list of inputs; sizes of 1 are broadcast."""

    def merged(self, x: list[Any]) -> Any:
        """``(x[0] + x[1] + ...) / len(x)``."""
        return ops.multiply(reduce(ops.add, x), np.float32(1 / len(x)))


class Maximum(_Merge):
    """The largest of a list of inputs, element by element; the first of equal ones learns."""

    def merged(self, x: list[Any]) -> Any:
        """The largest."""
        return reduce(ops.maximum, x)


class Minimum(_Merge):
    """The smallest of a list of inputs, element by element; the first of equal ones learns."""

    def merged(self, x: list[Any]) -> Any:
        """The smallest."""
        return reduce(ops.minimum, x)


class Concatenate(Layer):
    """A list of inputs, one after the other along an axis.

    Args:
        axis: The axis; sizes along all others must agree.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.
    """

    def __init__(
        self,
        axis: int = -1,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.axis = axis

    def build(self, input_shape: Any) -> None:
        """Check that there are several inputs."""
        _check_several(self, input_shape)

    def call(self, x: Any) -> Any:
        """The inputs side by side."""
        return ops.concatenate(list(x), axis=self.axis)


class Dot(Layer):
    """Sums of products of two inputs along an axis of each, example by example.

    Made of a product with broadcasting and a sum, so it is meant for vectors and small matrices.

    Args:
        axes: The axis of both inputs, or one for each; not that of the batch.
        normalize: Whether both are divided by their norm along that axis before: cosines.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, a..., n)`` and ``(batch, n, b...)`` with ``axes=(-1, 1)`` to
        ``(batch, a..., b...)``, and ``(batch, 1)`` for two vectors.

    Raises:
        ValueError: ``axes`` is not an axis, or sizes along the axes differ.
    """

    def __init__(
        self,
        axes: int | Sequence[int],
        normalize: bool = False,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        pair = [axes] * 2 if isinstance(axes, int) else list(axes)
        if len(pair) != 2 or not all(isinstance(axis, int) for axis in pair):
            raise ValueError(f"Dot: axes must be an int or two ints, got {axes!r}")
        self.axes = axes if isinstance(axes, int) else pair
        self.normalize = normalize

    def build(self, input_shape: Any) -> None:
        """Check that there are two inputs that fit."""
        _check_several(self, input_shape)
        _check_two(self, input_shape)
        axes = self._axes(*input_shape)
        sizes = [shape[axis] for shape, axis in zip(input_shape, axes, strict=True)]
        if sizes[0] != sizes[1]:
            raise ValueError(
                f"layer {self.name!r}: Dot with axes={self.axes} sums along sizes {sizes[0]} and "
                f"{sizes[1]} of inputs of shapes {tuple(input_shape[0])} and "
                f"{tuple(input_shape[1])}; they must agree"
            )

    def _axes(self, *shapes: Sequence[int | None]) -> list[int]:
        axes = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        found = []
        for axis, shape in zip(axes, shapes, strict=True):
            if not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
                raise ValueError(
                    f"layer {self.name!r}: Dot cannot sum along axis {axis} of an input of shape "
                    f"{tuple(shape)}: axes go from 1 to {len(shape) - 1}, the batch is none"
                )
            found.append(axis % len(shape))
        return found

    def call(self, x: Any) -> Any:
        """The sums of products."""
        a, b = x
        axis_a, axis_b = self._axes(a.shape, b.shape)
        if self.normalize:
            a, b = _normalized(a, axis_a), _normalized(b, axis_b)
        rest_a = [axis for axis in range(1, a.ndim) if axis != axis_a]
        rest_b = [axis for axis in range(1, b.ndim) if axis != axis_b]
        # Both as (batch, a..., b..., n), with sizes of 1 where they do not reach.
        a = ops.transpose(a, (0, *rest_a, axis_a))
        b = ops.transpose(b, (0, *rest_b, axis_b))
        a = ops.reshape(a, (*a.shape[:-1], *[1] * len(rest_b), a.shape[-1]))
        b = ops.reshape(b, (b.shape[0], *[1] * len(rest_a), *b.shape[1:]))
        y = ops.sum(ops.multiply(a, b), axis=-1)
        return ops.reshape(y, (y.shape[0], 1)) if y.ndim == 1 else y


def _normalized(x: Any, axis: int) -> Any:
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    # As in Keras: the norm counts as 1e-12 at least.
    return ops.divide(x, ops.sqrt(ops.maximum(squares, np.float32(1e-24))))


def _check_several(layer: Layer, input_shape: Any) -> None:
    if not isinstance(input_shape, list | tuple) or not isinstance(input_shape[0], list | tuple):
        raise ValueError(
            f"layer {layer.name!r}: {type(layer).__name__} takes a list of inputs, e.g. "
            f"{type(layer).__name__}()([a, b]); got one input of shape {input_shape}"
        )


def _check_two(layer: Layer, input_shape: Any) -> None:
    if len(input_shape) != 2:
        raise ValueError(
            f"layer {layer.name!r}: {type(layer).__name__} takes two inputs, got {len(input_shape)}"
        )


def add(inputs: Sequence[Any], *, name: str | None = None) -> Any:
    """:class:`Add` of a list of inputs."""
    return Add(name=name)(list(inputs))


def subtract(inputs: Sequence[Any], *, name: str | None = None) -> Any:
    """:class:`Subtract` of two inputs."""
    return Subtract(name=name)(list(inputs))


def multiply(inputs: Sequence[Any], *, name: str | None = None) -> Any:
    """:class:`Multiply` of a list of inputs."""
    return Multiply(name=name)(list(inputs))


def average(inputs: Sequence[Any], *, name: str | None = None) -> Any:
    """:class:`Average` of a list of inputs."""
    return Average(name=name)(list(inputs))


def maximum(inputs: Sequence[Any], *, name: str | None = None) -> Any:
    """:class:`Maximum` of a list of inputs."""
    return Maximum(name=name)(list(inputs))


def minimum(inputs: Sequence[Any], *, name: str | None = None) -> Any:
    """:class:`Minimum` of a list of inputs."""
    return Minimum(name=name)(list(inputs))


def concatenate(inputs: Sequence[Any], axis: int = -1, *, name: str | None = None) -> Any:
    """:class:`Concatenate` of a list of inputs."""
    return Concatenate(axis, name=name)(list(inputs))


def dot(
    inputs: Sequence[Any],
    axes: int | Sequence[int] = -1,
    *,
    normalize: bool = False,
    name: str | None = None,
) -> Any:
    """:class:`Dot` of two inputs."""
    return Dot(axes, normalize, name=name)(list(inputs))
