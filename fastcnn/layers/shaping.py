"""Layers that rearrange values without changing them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from fastcnn import ops
from fastcnn.layers.arguments import channels_last
from fastcnn.layers.layer import Layer

__all__ = ["Flatten", "Reshape"]


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
