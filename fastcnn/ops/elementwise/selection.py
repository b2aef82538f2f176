"""Selection: numbers that are left out cannot reach a result, whatever they are."""

from __future__ import annotations

from typing import Any

from fastcnn.ops.common.public_operation import Operand, operand, operation
from fastcnn.ops.elementwise.arithmetic import add, broadcast_shape, equal, masked

__all__ = ["where"]


@operation
def where(condition: Operand, a: Operand, b: Operand | None = None) -> Any:
    """``a`` where a condition is not 0, ``b`` elsewhere.

    Selected numbers alone count: a NaN or an infinity among the others changes neither the result
    nor a gradient, as it would in a product with a mask.

    Args:
        condition: float32, as :func:`greater` and :func:`equal` return it; array or Tensor.
        a: float32 array, Tensor or number; the shapes of all operands broadcast as in NumPy.
        b: The same. Defaults to 0.

    Returns:
        float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Shapes that do not broadcast.

    Example:
        >>> import numpy as np
        >>> x = np.array([1.0, np.nan, np.inf], np.float32)
        >>> where(equal(x, x), x, -1)
        array([ 1., -1., inf], dtype=float32)
    """
    condition, a = operand("where", "condition", condition), operand("where", "a", a)
    shape = broadcast_shape("where", condition.shape, a.shape)
    chosen = masked(a, condition)
    if b is None:
        return chosen
    b = operand("where", "b", b)
    broadcast_shape("where", shape, b.shape)
    return add(chosen, masked(b, equal(condition, 0.0)))
