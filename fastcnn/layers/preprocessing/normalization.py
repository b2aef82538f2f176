"""Inputs brought to mean 0 and variance 1 by statistics of the data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.graph.array_like import as_array, is_array_like
from fastcnn.graph.variable import Variable
from fastcnn.layers.base.layer import Layer

__all__ = ["Normalization"]

#: As in Keras: no deviation counts as less.
_SMALLEST = np.float32(1e-7)


class Normalization(Layer):
    """``(x - mean) / sqrt(variance)`` with statistics that are given, or found by :meth:`adapt`.

    Args:
        axis: The axis or axes that have statistics of their own; ``None`` for one mean and
            variance of all numbers.
        mean: The mean, if it is known: a number or one for each place along ``axis``.
        variance: The variance, if it is known.
        invert: Whether to turn normalised values back instead.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: Only one of ``mean`` and ``variance``, or shapes that differ.

    Example:
        >>> layer = Normalization()
        >>> layer.adapt(np.float32([[0, 10], [2, 30]]))
        >>> layer(np.float32([[2, 10]]))
        array([[ 1., -1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        if (mean is None) != (variance is None):
            raise ValueError(
                "Normalization: mean and variance are given together or not at all, got "
                f"mean={mean} and variance={variance}"
            )
        if mean is not None and np.shape(mean) != np.shape(variance):
            raise ValueError(
                f"Normalization: mean has shape {np.shape(mean)} and variance "
                f"{np.shape(variance)}; they must be equal"
            )
        self.axis = list(axis) if isinstance(axis, Sequence) else axis
        self.mean = mean
        self.variance = variance
        self.invert = invert
        self._statistics: tuple[Variable, Variable, Variable] | None = None

    def _kept(self, shape: Sequence[int | None]) -> tuple[int, ...]:
        """The axes with statistics of their own."""
        axes = self.axis if isinstance(self.axis, list) else [self.axis]
        found = []
        for axis in axes:
            if axis is None:
                continue
            if not -len(shape) <= axis < len(shape):
                raise ValueError(
                    f"layer {self.name!r}: Normalization has axis={self.axis}, but an input of "
                    f"shape {tuple(shape)} has axes 0 to {len(shape) - 1}"
                )
            if shape[axis] is None:
                raise ValueError(
                    f"layer {self.name!r}: Normalization needs a known size along axis {axis}, "
                    f"got shape {tuple(shape)}"
                )
            found.append(axis % len(shape))
        return tuple(sorted(found))

    def build(self, input_shape: Any) -> None:
        """Make ``mean``, ``variance`` and ``count``, unless the statistics are given."""
        kept = self._kept(input_shape)
        sizes = tuple(input_shape[axis] for axis in kept)
        if self.mean is not None:
            if np.ndim(self.mean) > len(kept):
                raise ValueError(
                    f"layer {self.name!r}: mean has shape {np.shape(self.mean)}, but axis="
                    f"{self.axis} keeps sizes {sizes}"
                )
            return
        self._statistics = (
            self.add_weight(sizes, "zeros", trainable=False, name="mean"),
            self.add_weight(sizes, "ones", trainable=False, name="variance"),
            self.add_weight((), "zeros", dtype="int32", trainable=False, name="count"),
        )

    def adapt(self, data: Any) -> None:
        """Find mean and variance of data, in float64 and in one pass.

        Args:
            data: An array, or an iterable of batches: arrays, or tuples that begin with one.

        Raises:
            ValueError: The statistics were given, there is no data, or shapes differ.
        """
        if self.mean is not None:
            raise ValueError(
                f"layer {self.name!r}: mean and variance were given, so there is nothing to adapt"
            )
        batches: Iterable[Any] = [data] if is_array_like(data) else data
        count, mean, squares = 0, np.zeros(()), np.zeros(())
        kept: tuple[int, ...] | None = None
        for batch in batches:
            array = as_array(batch[0] if isinstance(batch, tuple) else batch)
            x = np.asarray(array, np.float64)
            if kept is None:
                kept = self._kept(x.shape)
                self._ensure_built(x)
            others = tuple(axis for axis in range(x.ndim) if axis not in kept)
            sizes = tuple(x.shape[axis] for axis in kept)
            if self._statistics is None or sizes != self._statistics[0].shape:
                raise ValueError(
                    f"layer {self.name!r}: adapt() got data of shape {x.shape}, the layer keeps "
                    f"statistics of shape {self._statistics and self._statistics[0].shape}"
                )
            number = x.size // max(1, int(np.prod(sizes)))
            if number == 0:
                continue
            # Parts are joined by Chan's rule, so nothing cancels.
            apart = x.mean(axis=others) - mean
            total = count + number
            squares = squares + x.var(axis=others) * number + apart**2 * (count * number / total)
            mean = mean + apart * (number / total)
            count = total
        if count == 0 or self._statistics is None:
            raise ValueError(f"layer {self.name!r}: adapt() got no data")
        for variable, value in zip(
            self._statistics, (mean, squares / count, np.int32(count)), strict=True
        ):
            variable.assign(np.asarray(value, variable.dtype))

    def _given(self, value: Any, x: Any) -> Any:
        """A number for each place along the kept axes, in a shape that broadcasts with ``x``."""
        kept = self._kept(x.shape)
        if isinstance(value, Variable):
            return ops.reshape(value.tensor, [n if i in kept else 1 for i, n in enumerate(x.shape)])
        array = np.asarray(value, np.float32)
        sizes = [1] * x.ndim
        for size, axis in zip(array.shape, kept[len(kept) - array.ndim :], strict=True):
            sizes[axis] = size
        return array.reshape(sizes)

    def call(self, x: Any) -> Any:
        """The normalised values, or with ``invert`` the original ones."""
        mean, variance = self._statistics[:2] if self._statistics else (self.mean, self.variance)
        mean = self._given(mean, x)
        deviation = ops.maximum(ops.sqrt(self._given(variance, x)), _SMALLEST)
        if self.invert:
            return ops.add(ops.multiply(x, deviation), mean)
        return ops.divide(ops.subtract(x, mean), deviation)
