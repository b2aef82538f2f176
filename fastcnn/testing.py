"""Checks for operations and layers: this library's tests use them, and yours may.

An operation in float32 is held to the same function in float64, and the allowed difference is
derived from what the operation does, not chosen:

    >>> import numpy as np
    >>> from fastcnn import reference
    >>> a, b = np.float32([[1, 2]]), np.float32([[3], [-1]])
    >>> assert_within(a @ b, reference.matmul(a, b), error_bound(reference.matmul, a, b, terms=2))

A gradient is held to finite differences of the float64 function:

    >>> numeric_grad(lambda x: reference.sum(reference.square(x)), np.float32([1, -3])).round(6)
    array([ 2., -6.])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["EPSILON", "assert_within", "directional_derivative", "error_bound", "numeric_grad"]

#: Distance from 1 to the next float32: twice the largest relative error of one operation.
EPSILON = float(np.finfo(np.float32).eps)
#: Smallest float32 with full precision. Kernels may take anything smaller for 0.
TINY = float(np.finfo(np.float32).tiny)
LARGEST = float(np.finfo(np.float32).max)


def numeric_grad(
    f: Callable[[NDArray[np.float64]], Any], x: ArrayLike, *, step: float = 1e-4
) -> NDArray[np.float64]:
    """Gradient of a scalar function by central differences, element by element, in float64.

    Args:
        f: Takes an array like ``x``, gives a number. Build it from :mod:`fastcnn.reference`, never
            from a float32 operation, whose rounding would be divided by ``step``.
        x: Where; any shape. Keep twice ``step`` away from kinks such as relu's at 0.
        step: How far to go to either side. The error is about ``step ** 2`` times the third
            derivative.

    Returns:
        ``df/dx`` in float64, shaped like ``x``.
    """
    x = np.array(x, np.float64)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        here = x[i]
        x[i] = here + step
        above = float(f(x))
        x[i] = here - step
        below = float(f(x))
        x[i] = here
        gradient[i] = (above - below) / (2 * step)
    return gradient


def directional_derivative(
    f: Callable[[NDArray[np.float64]], Any],
    x: ArrayLike,
    direction: ArrayLike,
    *,
    step: float = 1e-4,
) -> float:
    """Slope of a scalar function along one direction, by a central difference in float64.

    It equals ``(df/dx * direction).sum()``, so a few random directions check a gradient of any
    size for the price of a few calls, where :func:`numeric_grad` needs two an element.

    Args:
        f: As in :func:`numeric_grad`.
        x: Where; any shape.
        direction: Shaped like ``x``; any length.
        step: How far to go to either side, as a multiple of ``direction``.
    """
    x, offset = np.asarray(x, np.float64), step * np.asarray(direction, np.float64)
    return (float(f(x + offset)) - float(f(x - offset))) / (2 * step)


def error_bound(op: Callable[..., Any], *inputs: ArrayLike, terms: float) -> NDArray[np.float64]:
    """How far a float32 result of sums of products may lie from the exact one.

    Summing ``n`` products in any order errs by at most about ``n`` rounding errors of the sum of
    their sizes. That sum is the operation itself applied to absolute values, which is how this
    works for every operation made of products and additions: matrix products, convolutions,
    averages.

    Args:
        op: The float64 function, from :mod:`fastcnn.reference`; bind its settings with
            :func:`functools.partial`. It must be a sum of products of its inputs, so leave out
            activations, and take ``add`` for ``subtract``.
        inputs: Its inputs; the signs do not matter.
        terms: How many numbers are summed for one element of the result.

    Returns:
        The largest allowed error of each element of the result.
    """
    sizes = op(*(np.abs(np.asarray(x, np.float64)) for x in inputs))
    return np.asarray(terms * (EPSILON * sizes + TINY))


def assert_within(got: ArrayLike, exact: ArrayLike, bound: ArrayLike, *, name: str = "") -> None:
    """Asserts ``abs(got - exact) <= bound`` for each element.

    NaN must stand where NaN stands in ``exact`` and infinities be equal; what is too large for
    float32 in ``exact`` counts as infinite.

    Args:
        got: The result under test.
        exact: The same in float64.
        bound: Largest allowed error; broadcast to the result. Zero asks for equality.
        name: What is compared, for the message.

    Raises:
        AssertionError: Shapes differ, or an element is off; the worst one is named.
    """
    got = np.asarray(got)
    exact = np.asarray(exact, np.float64)
    assert got.shape == exact.shape, f"{name} has shape {got.shape}, expected {exact.shape}"
    exact = np.where(np.abs(exact) > LARGEST, np.copysign(np.inf, exact), exact)
    got = got.astype(np.float64)
    equal = (got == exact) | (np.isnan(got) & np.isnan(exact))
    # Finite against NaN or infinity gives NaN or infinity here, which no bound allows.
    with np.errstate(invalid="ignore"):
        excess = np.where(equal, 0, np.abs(got - exact) - bound)
    wrong = ~(excess <= 0)
    if not wrong.any():
        return
    excess = np.where(wrong, np.nan_to_num(excess, nan=np.inf), -1)
    worst = np.unravel_index(np.argmax(excess), got.shape)
    allowed = np.broadcast_to(bound, got.shape)[worst]
    raise AssertionError(
        f"{name}[{', '.join(map(str, worst))}] is {float(got[worst])!r}, "
        f"expected {float(exact[worst])!r} within {allowed:.3g}; "
        f"{np.count_nonzero(wrong)} of {got.size} elements are off"
    )
