"""Where a model begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from fastcnn.config import refuse
from fastcnn.layers.base.keras_tensor import KerasTensor, checked_shape
from fastcnn.layers.base.layer import Layer
from fastcnn.layers.base.validation import known_dtype

__all__ = ["Input", "InputLayer"]


class InputLayer(Layer):
    """The input of a model as an entry of ``model.layers``; :func:`Input` makes the value itself.

    Args:
        shape: Shape of one example, ``None`` where open.
        batch_size: Number of examples, if it is fixed.
        dtype: NumPy dtype the model computes with; uint8 images may be fed to a float32 input.
        sparse: Not supported: ``None`` only.
        ragged: Not supported: ``None`` only.
        batch_shape: ``(batch_size, *shape)``, instead of those two.
        input_tensor: Not supported: ``None`` only.
        optional: Not supported: ``False`` only.
        name: Name of the input.
    """

    _not_configured = frozenset({"sparse", "ragged", "batch_shape", "input_tensor", "optional"})

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: DTypeLike | None = None,
        sparse: None = None,
        ragged: None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: None = None,
        optional: bool = False,
        name: str | None = None,
    ) -> None:
        refuse("Input", sparse=sparse or None, ragged=ragged or None, tensor=input_tensor)
        refuse("Input", optional=optional or None)
        if batch_shape is not None:
            if shape is not None or batch_size is not None:
                raise ValueError("Input: give either batch_shape, or shape and batch_size")
            batch_size, *shape = checked_shape(batch_shape)
        if shape is None:
            raise ValueError("Input: shape is missing; give the shape of one example: (32, 32, 3)")
        super().__init__(name=name)
        self.shape = checked_shape(shape)
        self.batch_size = batch_size
        self.dtype = np.dtype(dtype or "float32").name
        self.built = True
        self.tensor = KerasTensor((batch_size, *self.shape), self.dtype, name=self.name)
        self.tensor.origin = self

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> InputLayer:
        """Make the input that ``get_config`` described.

        Raises:
            ValueError: A dtype that no operation takes.
        """
        if config.get("dtype") is not None:
            known_dtype(config["dtype"])
        return super().from_config(config)

    def call(self, x: Any) -> Any:
        """``x`` itself."""
        return x


def Input(  # noqa: N802
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: DTypeLike | None = None,
    sparse: None = None,
    ragged: None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: None = None,
    optional: bool = False,
) -> KerasTensor:
    """The symbolic input of a model.

    Args:
        shape: Shape of one example, without the batch: ``(32, 32, 3)``; ``None`` where open.
        batch_size: Number of examples, if it is fixed.
        dtype: NumPy dtype. Defaults to float32. Arrays of any other real dtype are cast to it.
        sparse: Not supported: ``None`` only.
        ragged: Not supported: ``None`` only.
        batch_shape: ``(batch_size, *shape)``, instead of those two.
        name: Name of the input, by which a dict of arrays is matched.
        tensor: Not supported: ``None`` only.
        optional: Not supported: ``False`` only.

    Returns:
        A KerasTensor of shape ``(batch_size, *shape)``.

    Example:
        >>> Input((32, 32, 3)).shape
        (None, 32, 32, 3)
    """
    return InputLayer(
        shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name
    ).tensor
