"""Activations beside ReLU, sigmoid and tanh: formulas of elementwise operations.

Each is an expression that becomes one pass over memory, and so is its gradient, which is written
down here as an expression of the input and of dy alone: nothing between them has to be kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn.graph.float32_setting import checked_float32
from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.axes import axis_of
from fastcnn.ops.common.public_operation import Operand, apply, operand, operation
from fastcnn.ops.elementwise.activation import Gelu, HardSilu, Silu, relu, sigmoid, tanh
from fastcnn.ops.elementwise.arithmetic import (
    absolute,
    add,
    divide,
    erf,
    exp,
    expm1,
    greater,
    log1p,
    maximum,
    minimum,
    multiply,
    negative,
    sqrt,
    square,
    subtract,
)
from fastcnn.ops.movement.shaping import slice

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "mish",
    "selu",
    "silu",
    "soft_shrink",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "squareplus",
    "tanh_shrink",
    "threshold",
]

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


class CustomGradient(Op):
    """The first input, whose gradient goes to the second by a formula of its own."""

    name = "custom_gradient"
    view = True
    custom_gradient = True

    def __init__(self, derivative: Callable[[Tensor], Any]) -> None:
        self.derivative = derivative

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs[:1]

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        return [None, None if dy is None else multiply(dy, self.derivative(node.inputs[1]))]


def _pointwise(
    op: str, x: Operand, value: Callable[[Tensor], Any], derivative: Callable[[Tensor], Any]
) -> Any:
    x = operand(op, "x", x)
    return apply(CustomGradient(derivative), value(x), x)[0]


def _number(op: str, name: str, value: Any, *, above: float = -math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise TypeError(f"{op}: {name} must be a number, got {value!r}")
    if not value > above and above != -math.inf:
        raise ValueError(f"{op}: {name} must be above {above:g}, got {value!r}")
    return checked_float32(op, name, value, divides=above == 0)


def _below(x: Any) -> Any:
    """1 where x is not above 0, else 0."""
    return subtract(1.0, greater(x, 0.0))


def _clip(x: Any, low: float, high: float) -> Any:
    return minimum(maximum(x, np.float32(low)), np.float32(high))


def _between(x: Any, low: float, high: float) -> Any:
    """1 where x lies between two numbers, else 0."""
    return multiply(greater(x, np.float32(low)), greater(np.float32(high), x))


@operation
def leaky_relu(x: Operand, negative_slope: float = 0.2) -> Any:
    """``x`` above 0, ``negative_slope * x`` elsewhere. Layer: LeakyReLU.

    Args:
        x: Any shape, float32; array or Tensor.
        negative_slope: Any finite number.
    """
    factor = _number("leaky_relu", "negative_slope", negative_slope)
    return _pointwise(
        "leaky_relu",
        x,
        lambda x: add(relu(x), multiply(minimum(x, 0.0), factor)),
        lambda x: add(greater(x, 0.0), multiply(_below(x), factor)),
    )


@operation
def elu(x: Operand, alpha: float = 1.0) -> Any:
    """``x`` above 0, ``alpha * (exp(x) - 1)`` elsewhere (Clevert et al., 2015). Layer: ELU.

    Args:
        x: Any shape, float32; array or Tensor.
        alpha: Any finite number.
    """
    factor = _number("elu", "alpha", alpha)
    return _exponential_unit("elu", x, 1.0, factor, 1.0)


@operation
def selu(x: Operand) -> Any:
    """ELU with the scale and alpha that keep mean 0 and variance 1 (Klambauer et al., 2017).

    Args:
        x: Any shape, float32; array or Tensor.
    """
    return _exponential_unit("selu", x, SELU_SCALE, SELU_SCALE * SELU_ALPHA, 1.0)


@operation
def celu(x: Operand, alpha: float = 1.0) -> Any:
    """``x`` above 0, ``alpha * (exp(x / alpha) - 1)`` elsewhere (Barron, 2017).

    Args:
        x: Any shape, float32; array or Tensor.
        alpha: A number above 0.
    """
    alpha = _number("celu", "alpha", alpha, above=0)
    inverse = checked_float32("celu", "1 / alpha", 1 / alpha, divides=True)
    return _exponential_unit("celu", x, 1.0, alpha, inverse)


def _exponential_unit(op: str, x: Operand, scale: float, factor: float, inner: float) -> Any:
    """``scale * x`` above 0, ``factor * (exp(inner * x) - 1)`` elsewhere."""

    def scaled(value: Any, by: float) -> Any:
        return value if by == 1 else multiply(value, np.float32(by))

    def low(x: Any) -> Any:
        return scaled(minimum(x, 0.0), inner)

    return _pointwise(
        op,
        x,
        lambda x: add(scaled(relu(x), scale), scaled(expm1(low(x)), factor)),
        lambda x: add(
            scaled(greater(x, 0.0), scale),
            multiply(_below(x), scaled(exp(low(x)), factor * inner)),
        ),
    )


@operation
def gelu(x: Operand, approximate: bool = True) -> Any:
    """``x`` times the share of the normal distribution below it (Hendrycks and Gimpel, 2016).

    Args:
        x: Any shape, float32; array or Tensor.
        approximate: Whether to use ``0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))``, as
            ``keras.ops.gelu`` does; the activation of that name does not.
    """
    outer = np.float32(math.sqrt(2 / math.pi))

    def curve(x: Any) -> Any:
        return tanh(multiply(add(x, multiply(multiply(square(x), x), 0.044715)), outer))

    def rough_slope(x: Any) -> Any:
        t = curve(x)
        # Beyond 16 the slope is 0 or 1, and nothing overflows on the way.
        x = _clip(x, -16, 16)
        inner = add(multiply(square(x), np.float32(3 * 0.044715)), 1.0)
        steep = multiply(multiply(multiply(x, subtract(1.0, square(t))), inner), outer)
        return multiply(add(add(t, 1.0), steep), 0.5)

    def share(x: Any) -> Any:
        return multiply(add(erf(multiply(x, np.float32(math.sqrt(0.5)))), 1.0), 0.5)

    def derivative(x: Any) -> Any:
        x = _clip(x, -16, 16)
        density = multiply(exp(multiply(square(x), -0.5)), np.float32(1 / math.sqrt(2 * math.pi)))
        return add(share(x), multiply(x, density))

    def kept(x: Any) -> Any:
        # Where the share is next to nothing its rounding error must not be multiplied by more.
        return maximum(x, -16.0)

    if approximate:
        return _pointwise(
            "gelu", x, lambda x: multiply(multiply(kept(x), 0.5), add(curve(x), 1.0)), rough_slope
        )
    return _pointwise("gelu", x, lambda x: apply(Gelu(), x)[0], derivative)


@operation
def silu(x: Operand) -> Any:
    """``x * sigmoid(x)``, also called swish. ``x``: any shape, float32."""

    def derivative(x: Any) -> Any:
        s = sigmoid(x)
        # Beyond 100 the slope is 0 or 1; infinity times 0 would be no number.
        return multiply(s, add(multiply(_clip(x, -100, 100), subtract(1.0, s)), 1.0))

    return _pointwise("silu", x, lambda x: apply(Silu(), x)[0], derivative)


def _softplus(x: Any) -> Any:
    """``log(1 + exp(x))`` where no exponential overflows."""
    return add(relu(x), log1p(exp(negative(absolute(x)))))


@operation
def softplus(x: Operand) -> Any:
    """``log(1 + exp(x))``, without overflow. ``x``: any shape, float32."""
    return _pointwise("softplus", x, _softplus, sigmoid)


@operation
def log_sigmoid(x: Operand) -> Any:
    """Logarithm of the sigmoid, without leaving the logarithm. ``x``: any shape, float32."""
    return _pointwise(
        "log_sigmoid", x, lambda x: negative(_softplus(negative(x))), lambda x: sigmoid(negative(x))
    )


@operation
def softsign(x: Operand) -> Any:
    """``x / (1 + abs(x))``. ``x``: any shape, float32."""
    return _pointwise(
        "softsign",
        x,
        lambda x: divide(x, add(absolute(x), 1.0)),
        lambda x: divide(1.0, square(add(absolute(x), 1.0))),
    )


@operation
def mish(x: Operand) -> Any:
    """``x * tanh(softplus(x))`` (Misra, 2019). ``x``: any shape, float32."""

    def derivative(x: Any) -> Any:
        t = tanh(_softplus(x))
        # Beyond 100 the slope is 0 or 1; infinity times 0 would be no number.
        steep = multiply(_clip(x, -100, 100), subtract(1.0, square(t)))
        return add(t, multiply(steep, sigmoid(x)))

    return _pointwise(
        "mish", x, lambda x: multiply(maximum(x, -100.0), tanh(_softplus(x))), derivative
    )


@operation
def hard_sigmoid(x: Operand) -> Any:
    """``min(max(x / 6 + 1 / 2, 0), 1)``. ``x``: any shape, float32."""
    return _pointwise("hard_sigmoid", x, _hard_sigmoid, _hard_sigmoid_derivative)


def _hard_sigmoid(x: Any) -> Any:
    return _clip(add(multiply(x, np.float32(1 / 6)), 0.5), 0, 1)


def _hard_sigmoid_derivative(x: Any) -> Any:
    return multiply(_between(x, -3, 3), np.float32(1 / 6))


@operation
def hard_silu(x: Operand) -> Any:
    """``x * hard_sigmoid(x)``, also called hard swish. ``x``: any shape, float32."""
    return _pointwise(
        "hard_silu",
        x,
        lambda x: apply(HardSilu(), x)[0],
        lambda x: add(_hard_sigmoid(x), multiply(_clip(x, -3, 3), _hard_sigmoid_derivative(x))),
    )


@operation
def hard_tanh(x: Operand) -> Any:
    """``min(max(x, -1), 1)``; the gradient at -1 and 1 is 0. ``x``: any shape, float32."""
    return _pointwise("hard_tanh", x, lambda x: _clip(x, -1, 1), lambda x: _between(x, -1, 1))


@operation
def hard_shrink(x: Operand, threshold: float = 0.5) -> Any:
    """``x`` where its size is above a threshold, else 0.

    Args:
        x: Any shape, float32; array or Tensor.
        threshold: Any finite number.
    """
    limit = _number("hard_shrink", "threshold", threshold)

    def outside(x: Any) -> Any:
        return greater(absolute(x), limit)

    return _pointwise("hard_shrink", x, lambda x: multiply(x, outside(x)), outside)


@operation
def soft_shrink(x: Operand, threshold: float = 0.5) -> Any:
    """``x`` moved towards 0 by a threshold, and 0 where that would cross it.

    Args:
        x: Any shape, float32; array or Tensor.
        threshold: Any finite number.
    """
    limit = _number("soft_shrink", "threshold", threshold)
    return _pointwise(
        "soft_shrink",
        x,
        lambda x: add(maximum(subtract(x, limit), 0.0), minimum(add(x, limit), 0.0)),
        lambda x: add(greater(x, limit), greater(-limit, x)),
    )


@operation
def tanh_shrink(x: Operand) -> Any:
    """``x - tanh(x)``. ``x``: any shape, float32."""
    return _pointwise("tanh_shrink", x, lambda x: subtract(x, tanh(x)), lambda x: square(tanh(x)))


@operation
def threshold(x: Operand, threshold: float, default_value: float) -> Any:
    """``x`` where it is above a threshold, elsewhere a number; NaN stays NaN.

    Args:
        x: Any shape, float32; array or Tensor.
        threshold: Any finite number.
        default_value: Any finite number.
    """
    limit = _number("threshold", "threshold", threshold)
    other = _number("threshold", "default_value", default_value)

    def passed(x: Any) -> Any:
        return greater(x, limit)

    def value(x: Any) -> Any:
        # What is not above the limit becomes it first, so that infinity leaves no NaN behind.
        chosen = multiply(maximum(x, limit), passed(x))
        return add(chosen, multiply(subtract(1.0, passed(x)), other))

    return _pointwise("threshold", x, value, passed)


@operation
def sparse_plus(x: Operand) -> Any:
    """0 up to -1, ``x`` from 1 on, ``(x + 1)^2 / 4`` between. ``x``: any shape, float32."""
    return _pointwise(
        "sparse_plus",
        x,
        lambda x: add(
            multiply(square(add(_clip(x, -1, 1), 1.0)), 0.25), maximum(subtract(x, 1.0), 0.0)
        ),
        _sparse_sigmoid,
    )


def _sparse_sigmoid(x: Any) -> Any:
    return multiply(add(_clip(x, -1, 1), 1.0), 0.5)


@operation
def sparse_sigmoid(x: Operand) -> Any:
    """0 up to -1, 1 from 1 on, ``(x + 1) / 2`` between. ``x``: any shape, float32."""
    return _pointwise(
        "sparse_sigmoid", x, _sparse_sigmoid, lambda x: multiply(_between(x, -1, 1), 0.5)
    )


@operation
def squareplus(x: Operand, b: float = 4) -> Any:
    """``(x + sqrt(x^2 + b)) / 2``, a smooth ReLU without exponentials (Barron, 2021).

    Args:
        x: Any shape, float32; array or Tensor.
        b: A number above 0.
    """
    width = _number("squareplus", "b", b, above=0)

    def root(x: Any) -> Any:
        """``sqrt(x^2 + b)``, whose square may overflow or vanish."""
        size, floor = absolute(x), math.sqrt(width)
        larger = maximum(size, floor)
        ratio = divide(minimum(size, floor), larger)
        return multiply(larger, sqrt(add(square(ratio), 1.0)))

    def value(x: Any) -> Any:
        # What lies above ReLU, (root - |x|) / 2, in a form in which nothing cancels.
        half = add(multiply(root(x), 0.5), multiply(absolute(x), 0.5))
        return add(relu(x), divide(width / 4, half))

    def derivative(x: Any) -> Any:
        # At infinity as at the largest number.
        x = _clip(x, -1e38, 1e38)
        return divide(value(x), root(x))

    return _pointwise("squareplus", x, value, derivative)


@operation
def glu(x: Operand, axis: int = -1) -> Any:
    """The first half times the sigmoid of the second (Dauphin et al., 2017).

    Args:
        x: Rank 1 or more, float32; array or Tensor.
        axis: Along which it is cut in half; negative counts from the end.

    Raises:
        ValueError: No such axis, or its size is odd.
    """
    x = operand("glu", "x", x)
    where = axis_of("glu", axis, x.ndim)
    half, odd = divmod(x.shape[where], 2)
    if odd:
        raise ValueError(
            f"glu: the size of axis {where} must be even to be cut in half, got shape {x.shape}"
        )
    size = (*x.shape[:where], half, *x.shape[where + 1 :])
    first, second = (
        slice(x, tuple(start if i == where else 0 for i in range(x.ndim)), size)
        for start in (0, half)
    )
    return multiply(first, sigmoid(second))
