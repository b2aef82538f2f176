"""Arithmetic element by element, with NumPy's broadcasting."""

from __future__ import annotations

import math
from typing import Any

from fastcnn.graph.arithmetic import Arithmetic, Operators
from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.public_operation import Operand, apply, operand, operation
from fastcnn.ops.reduction.sums import sum_to_shape

__all__ = [
    "abs",
    "absolute",
    "add",
    "divide",
    "equal",
    "erf",
    "exp",
    "expm1",
    "greater",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "rsqrt",
    "sign",
    "sqrt",
    "square",
    "subtract",
]


class _Unary(Op):
    in_place = (0,)

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return inputs

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        """``dy`` times the derivative at x, where the result is y."""
        raise NotImplementedError

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        return [None if dy is None else self.derivative(node.inputs[0], Tensor(dy.spec, node), dy)]


class Exp(_Unary):
    """``e ** x``."""

    name = "exp"

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        return multiply(dy, y)  # type: ignore[no-any-return]


class Log(_Unary):
    """Natural logarithm."""

    name = "log"

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        return divide(dy, x)  # type: ignore[no-any-return]


class Erf(_Unary):
    """The error function."""

    name = "erf"

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        bell = exp(negative(square(x)))
        return multiply(dy, multiply(bell, 2 / math.sqrt(math.pi)))  # type: ignore[no-any-return]


class Expm1(_Unary):
    """``e ** x - 1``."""

    name = "expm1"

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        return multiply(dy, add(y, 1.0))  # type: ignore[no-any-return]


class Log1p(_Unary):
    """``log(1 + x)``."""

    name = "log1p"

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        return divide(dy, add(x, 1.0))  # type: ignore[no-any-return]


class Sqrt(_Unary):
    """Square root."""

    name = "sqrt"

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        return divide(multiply(dy, 0.5), y)  # type: ignore[no-any-return]


class Rsqrt(_Unary):
    """``1 / sqrt(x)``."""

    name = "rsqrt"

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        return multiply(multiply(dy, -0.5), divide(y, x))  # type: ignore[no-any-return]


class Square(_Unary):
    """``x * x``."""

    name = "square"

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        return multiply(multiply(dy, x), 2.0)  # type: ignore[no-any-return]


class Negative(_Unary):
    """``-x``."""

    name = "negative"

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        return negative(dy)  # type: ignore[no-any-return]


class Absolute(_Unary):
    """Size without sign; its slope at 0 is 0."""

    name = "absolute"

    def derivative(self, x: Tensor, y: Tensor, dy: Tensor) -> Tensor:
        return multiply(dy, subtract(greater(x, 0.0), greater(0.0, x)))  # type: ignore[no-any-return]


class Sign(_Unary):
    """1 above 0, -1 below, 0 at 0."""

    name = "sign"
    non_differentiable = True


class _Binary(Op):
    # Memory is reused only where it has the output's size, and then elements keep their places.
    in_place = (0, 1)

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        return (Spec(broadcast_shape(self.name, inputs[0].shape, inputs[1].shape)),)

    def derivatives(
        self, a: Tensor, b: Tensor, y: Tensor, dy: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        """``dy`` times the derivative for each operand, in the output's shape."""
        return None, None

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        if dy is None:
            return [None, None]
        a, b = node.inputs
        derivatives = self.derivatives(a, b, Tensor(dy.spec, node), dy)
        return [
            None if derivative is None else sum_to_shape(derivative, x.shape)
            for derivative, x in zip(derivatives, (a, b), strict=True)
        ]


class Add(_Binary):
    """``a + b``."""

    name = "add"

    def derivatives(self, a: Tensor, b: Tensor, y: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
        return dy, dy


class Subtract(_Binary):
    """``a - b``."""

    name = "subtract"

    def derivatives(self, a: Tensor, b: Tensor, y: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
        return dy, negative(dy)


class Multiply(_Binary):
    """``a * b``."""

    name = "multiply"

    def derivatives(self, a: Tensor, b: Tensor, y: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
        return multiply(dy, b), multiply(dy, a)


class Divide(_Binary):
    """``a / b``."""

    name = "divide"

    def derivatives(self, a: Tensor, b: Tensor, y: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
        da = divide(dy, b)
        return da, negative(multiply(da, y))


class Maximum(_Binary):
    """The larger one; where both are equal ``a`` gets the gradient."""

    name = "maximum"

    def derivatives(self, a: Tensor, b: Tensor, y: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
        from_b = greater(b, a)
        return masked(dy, subtract(1.0, from_b)), masked(dy, from_b)


class Minimum(_Binary):
    """The smaller one; where both are equal ``a`` gets the gradient."""

    name = "minimum"

    def derivatives(self, a: Tensor, b: Tensor, y: Tensor, dy: Tensor) -> tuple[Tensor, Tensor]:
        from_b = greater(a, b)
        return masked(dy, subtract(1.0, from_b)), masked(dy, from_b)


class Masked(_Binary):
    """``a`` where ``b`` is not 0, else 0, also in place of a NaN or an infinity."""

    name = "masked"

    def derivatives(self, a: Tensor, b: Tensor, y: Tensor, dy: Tensor) -> tuple[Tensor, None]:
        """Nothing passes where nothing was kept."""
        return masked(dy, b), None


class Greater(_Binary):
    """1 where ``a > b``, else 0."""

    name = "greater"
    non_differentiable = True


class Equal(_Binary):
    """1 where ``a == b``, else 0."""

    name = "equal"
    non_differentiable = True


def broadcast_shape(op: str, a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """Shape of the result by NumPy's rules.

    Raises:
        ValueError: The shapes do not fit each other.
    """
    rank = max(len(a), len(b))
    sizes: list[int] = []
    for x, y in zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True):
        if x != y and 1 not in (x, y):
            raise ValueError(
                f"{op}: shapes {a} and {b} do not broadcast: counted from the last, each axis "
                "must be equal or 1"
            )
        sizes.append(y if x == 1 else x)
    return tuple(sizes)


def masked(x: Tensor, mask: Tensor) -> Tensor:
    """``x`` where a mask is not 0, else 0; the shapes broadcast."""
    return apply(Masked(), x, mask)[0]


def _unary(op: _Unary, x: Operand) -> Any:
    return apply(op, operand(op.name, "x", x))[0]


def _binary(op: _Binary, a: Operand, b: Operand) -> Any:
    return apply(op, operand(op.name, "a", a), operand(op.name, "b", b))[0]


def _comparison(op: _Binary, a: Operand, b: Operand) -> Any:
    tensors = [operand(op.name, name, x, dtype=None) for name, x in (("a", a), ("b", b))]
    dtypes = {tensor.spec.dtype for tensor in tensors}
    if dtypes not in ({"float32"}, {"int64"}):
        raise TypeError(
            f"{op.name}: a and b must both be float32 or both int64, got "
            f"{tensors[0].spec.dtype} and {tensors[1].spec.dtype}; use ops.cast"
        )
    return apply(op, *tensors)[0]


@operation
def exp(x: Operand) -> Any:
    """``e ** x``; infinity on overflow. ``x``: any shape, float32."""
    return _unary(Exp(), x)


@operation
def log(x: Operand) -> Any:
    """Natural logarithm; -inf at 0, NaN below. ``x``: any shape, float32."""
    return _unary(Log(), x)


@operation
def erf(x: Operand) -> Any:
    """The error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t^2)`` from 0 to x.

    It errs by 3 units in the last place at most. ``x``: any shape, float32.
    """
    return _unary(Erf(), x)


@operation
def expm1(x: Operand) -> Any:
    """``e ** x - 1``, exact near 0 too. ``x``: any shape, float32."""
    return _unary(Expm1(), x)


@operation
def log1p(x: Operand) -> Any:
    """``log(1 + x)``, exact near 0 too; -inf at -1, NaN below. ``x``: any shape, float32."""
    return _unary(Log1p(), x)


@operation
def sqrt(x: Operand) -> Any:
    """Square root; NaN below 0. ``x``: any shape, float32."""
    return _unary(Sqrt(), x)


@operation
def rsqrt(x: Operand) -> Any:
    """``1 / sqrt(x)``; infinity at 0, NaN below. ``x``: any shape, float32."""
    return _unary(Rsqrt(), x)


@operation
def square(x: Operand) -> Any:
    """``x * x``. ``x``: any shape, float32."""
    return _unary(Square(), x)


@operation
def negative(x: Operand) -> Any:
    """``-x``. ``x``: any shape, float32."""
    return _unary(Negative(), x)


@operation
def absolute(x: Operand) -> Any:
    """Size without sign; the gradient at 0 is 0. ``x``: any shape, float32."""
    return _unary(Absolute(), x)


abs = absolute


@operation
def sign(x: Operand) -> Any:
    """1 above 0, -1 below, 0 at 0; NaN stays NaN. No gradient. ``x``: any shape, float32."""
    return _unary(Sign(), x)


@operation
def add(a: Operand, b: Operand) -> Any:
    """``a + b``. Layer: Add.

    Args:
        a: float32 array, Tensor or number.
        b: The same; the two shapes broadcast as in NumPy.

    Returns:
        float32: an array for arrays, else a Tensor.

    Raises:
        TypeError: An operand is not float32.
        ValueError: Shapes that do not broadcast.
    """
    return _binary(Add(), a, b)


@operation
def subtract(a: Operand, b: Operand) -> Any:
    """``a - b``. Operands as for :func:`add`."""
    return _binary(Subtract(), a, b)


@operation
def multiply(a: Operand, b: Operand) -> Any:
    """``a * b``. Operands as for :func:`add`."""
    return _binary(Multiply(), a, b)


@operation
def divide(a: Operand, b: Operand) -> Any:
    """``a / b``; infinity or NaN where b is 0. Operands as for :func:`add`."""
    return _binary(Divide(), a, b)


@operation
def maximum(a: Operand, b: Operand) -> Any:
    """The larger one; NaN if either is. Equal ones pass the gradient to ``a``.

    Operands as for :func:`add`.
    """
    return _binary(Maximum(), a, b)


@operation
def minimum(a: Operand, b: Operand) -> Any:
    """The smaller one; NaN if either is. Equal ones pass the gradient to ``a``.

    Operands as for :func:`add`.
    """
    return _binary(Minimum(), a, b)


@operation
def greater(a: Operand, b: Operand) -> Any:
    """1.0 where ``a > b``, else 0.0. No gradient.

    Args:
        a: float32 or int64 array or Tensor.
        b: The same, of the same dtype; the two shapes broadcast as in NumPy.

    Raises:
        TypeError: Other dtypes.
        ValueError: Shapes that do not broadcast.
    """
    return _comparison(Greater(), a, b)


@operation
def equal(a: Operand, b: Operand) -> Any:
    """1.0 where ``a == b``, else 0.0. No gradient. Operands as for :func:`greater`."""
    return _comparison(Equal(), a, b)


Arithmetic.operators = Operators(add, subtract, multiply, divide, negative)
