"""Layers that rearrange values without changing them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastcnn import ops
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import channels_last, positive_int

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]


class Flatten(Layer):
    """Each example as one row.

    Args:
        data_format: ``"channels_last"``, the only one.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, ...)`` to ``(batch, features)``.
    """

    def __init__(
        self,
        data_format: str | None = None,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.data_format = channels_last(data_format, "Flatten")

    def call(self, x: Any) -> Any:
        """Rows."""
        return ops.flatten(x)


class Reshape(Layer):
    """Each example in another shape.

    Args:
        target_shape: Shape of one example; one size may be -1 and is worked out.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, ...)`` to ``(batch, *target_shape)``.

    Raises:
        ValueError: More than one -1, another negative size, or numbers of elements that differ.
    """

    def __init__(
        self,
        target_shape: Sequence[int],
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        sizes = tuple(int(size) for size in target_shape)
        if any(size < -1 for size in sizes) or sizes.count(-1) > 1:
            raise ValueError(
                f"Reshape: target_shape needs sizes of at least 0 and at most one -1, got {sizes}"
            )
        self.target_shape = sizes

    def call(self, x: Any) -> Any:
        """The same values in the new shape."""
        elements = math.prod(x.shape[1:])
        known = math.prod(size for size in self.target_shape if size != -1)
        if -1 not in self.target_shape:
            fits = known == elements
        else:
            fits = known > 0 and elements % known == 0
        if not fits:
            raise ValueError(
                f"layer {self.name!r}: examples of shape {tuple(x.shape[1:])} have {elements} "
                f"elements and do not fit target_shape {self.target_shape}"
            )
        # Worked out here, not by the operation: an empty batch leaves -1 undetermined there.
        sizes = (elements // known if size == -1 else size for size in self.target_shape)
        return ops.reshape(x, (x.shape[0], *sizes))


class Permute(Layer):
    """Axes of each example in another order.

    Args:
        dims: The old number of each axis, counted from 1, because the batch stays the first.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Raises:
        ValueError: ``dims`` does not name each axis once.
    """

    def __init__(
        self,
        dims: Sequence[int],
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.dims = tuple(int(axis) for axis in dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"Permute: dims must name each axis from 1 to {len(self.dims)} once (0 is the "
                f"batch and stays), got {self.dims}"
            )

    def call(self, x: Any) -> Any:
        """The same values, reordered."""
        if x.ndim != len(self.dims) + 1:
            raise ValueError(
                f"layer {self.name!r}: Permute with dims={self.dims} takes inputs of rank "
                f"{len(self.dims) + 1}, got shape {tuple(x.shape)}"
            )
        return ops.transpose(x, (0, *self.dims))


class RepeatVector(Layer):
    """Each vector several times, one after the other.

    Args:
        n: How often.
        name: See :class:`Layer`.
        trainable: See :class:`Layer`.
        input_shape: See :class:`Layer`.

    Shape:
        ``(batch, features)`` to ``(batch, n, features)``.
    """

    def __init__(
        self,
        n: int,
        *,
        name: str | None = None,
        trainable: bool = True,
        input_shape: Sequence[int | None] | None = None,
    ) -> None:
        super().__init__(name=name, trainable=trainable, input_shape=input_shape)
        self.n = positive_int(n, "n", "RepeatVector")

    def call(self, x: Any) -> Any:
        """The repeated vectors."""
        if x.ndim != 2:
            raise ValueError(
                f"layer {self.name!r}: RepeatVector takes vectors (batch, features), got shape "
                f"{tuple(x.shape)}"
            )
        batch, features = x.shape
        return ops.broadcast_to(ops.reshape(x, (batch, 1, features)), (batch, self.n, features))
