"""Penalties on weights and outputs, by Keras' names: what they return is added to the loss."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.config import Configurable, Registry
from fastcnn.graph.float32_setting import checked_float32

__all__ = ["L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "get"]

#: Squares of norms below this count as this, so that a row of zeros stays one.
_SMALLEST_SQUARE = 1e-24


class Regularizer(Configurable):
    """Makes a scalar of a weight or an output: ``regularizer(x)``.

    One of one's own defines ``__call__`` with ``fastcnn.ops``:

    Example:
        >>> class Mean(Regularizer):
        ...     def __call__(self, x):
        ...         return ops.mean(x)
        >>> Mean()(np.float32([1, 3]))
        array(2., dtype=float32)
    """

    def __call__(self, x: Any) -> Any:
        """The penalty, a scalar."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(x)")


class L1L2(Regularizer):
    """``l1 * sum(abs(x)) + l2 * sum(x * x)``.

    Args:
        l1: Factor of the sizes; at least 0.
        l2: Factor of the squares; at least 0.

    Raises:
        ValueError: A factor that is negative or not finite.
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor("L1L2", "l1", 0.0 if l1 is None else l1)
        self.l2 = _factor("L1L2", "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        """The penalty, a scalar."""
        if not self.l1:
            return _squares(x, self.l2)
        sizes = _sizes(x, self.l1)
        return ops.add(sizes, _squares(x, self.l2)) if self.l2 else sizes


class L1(Regularizer):
    """``l1 * sum(abs(x))``; the gradient at 0 is 0.

    Args:
        l1: Factor; at least 0.

    Raises:
        ValueError: A factor that is negative or not finite.
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Any:
        """The penalty, a scalar."""
        return _sizes(x, self.l1)


class L2(Regularizer):
    """``l2 * sum(x * x)``.

    Args:
        l2: Factor; at least 0.

    Raises:
        ValueError: A factor that is negative or not finite.
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Any:
        """The penalty, a scalar."""
        return _squares(x, self.l2)


class OrthogonalRegularizer(Regularizer):
    """``factor`` times the mean size of the cosine between two rows (or columns) of a matrix.

    Args:
        factor: At least 0.
        mode: ``"rows"`` or ``"columns"``.

    Raises:
        ValueError: Another mode, a factor that is negative or not finite, or, when called,
            something else than a matrix.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor("OrthogonalRegularizer", "factor", factor)
        if mode not in ("rows", "columns"):
            raise ValueError(
                f"OrthogonalRegularizer: mode must be 'rows' or 'columns', got {mode!r}"
            )
        self.mode = mode

    def __call__(self, inputs: Any) -> Any:
        """The penalty, a scalar."""
        if not hasattr(inputs, "shape"):
            inputs = np.asarray(inputs, np.float32)
        if len(inputs.shape) != 2:
            raise ValueError(
                f"OrthogonalRegularizer takes a matrix, got shape {tuple(inputs.shape)}; it suits "
                "the kernel of Dense, not that of a convolution"
            )
        rows = self.mode == "rows"
        squares = ops.sum(ops.square(inputs), axis=1 if rows else 0, keepdims=True)
        unit = ops.divide(inputs, ops.sqrt(ops.maximum(squares, _SMALLEST_SQUARE)))
        cosines = ops.matmul(unit, unit, transpose_a=not rows, transpose_b=rows)
        count = int(inputs.shape[0 if rows else 1])
        pairs = count * (count - 1) / 2
        others = 1 - np.eye(count, dtype=np.float32)
        share = np.float32(0.5 * self.factor / pairs) if pairs else np.float32(np.nan)
        return ops.multiply(ops.sum(ops.absolute(ops.multiply(cosines, others))), share)


def _factor(owner: str, name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValueError(f"{owner}: {name} must be a number of at least 0, got {value!r}")
    if not (value >= 0 and math.isfinite(value)):
        raise ValueError(f"{owner}: {name} must be a finite number of at least 0, got {value!r}")
    return checked_float32(owner, name, value)


def _sizes(x: Any, factor: float) -> Any:
    return ops.multiply(ops.sum(ops.absolute(x)), np.float32(factor))


def _squares(x: Any, factor: float) -> Any:
    return ops.multiply(ops.sum(ops.square(x)), np.float32(factor))


_TABLE: dict[str, Any] = {
    **{c.__name__: c for c in (L1, L1L2, L2, OrthogonalRegularizer)},
    "l1": L1,
    "l1_l2": L1L2,
    "l2": L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
}
_REGISTRY = Registry("regularizer", Regularizer, _TABLE)


def get(identifier: Any) -> Callable[[Any], Any] | None:
    """The regularizer that a name, a configuration or a callable stands for; ``None`` is none.

    Raises:
        ValueError: An unknown name; the text lists the known ones.
    """
    return None if identifier is None else _REGISTRY.get(identifier)
