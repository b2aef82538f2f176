"""Activations that other operators can apply in their epilogue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastcnn.graph.tensor import Node, Op, Spec, Tensor
from fastcnn.ops.common.public_operation import Operand, apply, operand, operation

__all__ = [
    "relu",
    "relu6",
    "sigmoid",
    "tanh",
]


#: What convolutions and products can be asked to compute before they store a result: what has a
#: gradient that needs nothing but the result.
ACTIVATIONS = ("relu", "relu6", "sigmoid", "tanh")


class SameShape(Op):
    """An operation whose output has the type of its inputs."""

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        """The type of the first input."""
        return inputs[:1]


class _Activation(SameShape):
    in_place = (0,)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        dy = grads[0]
        return [None if dy is None else activation_grad(self.name, Tensor(dy.spec, node), dy)]


class Relu(_Activation):
    """``max(x, 0)``."""

    name = "relu"
    epilogue_activation = "relu"


class Relu6(_Activation):
    """``min(max(x, 0), 6)``."""

    name = "relu6"
    epilogue_activation = "relu6"


class Sigmoid(_Activation):
    """``1 / (1 + exp(-x))``."""

    name = "sigmoid"
    epilogue_activation = "sigmoid"


class Tanh(_Activation):
    """Hyperbolic tangent."""

    name = "tanh"
    epilogue_activation = "tanh"


class ReluGrad(SameShape):
    """``dy`` where y is above 0; inputs y, dy."""

    name = "relu_grad"
    in_place = (1,)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        ddx = grads[0]
        return [None, None if ddx is None else activation_grad("relu", node.inputs[0], ddx)]


class Relu6Grad(SameShape):
    """``dy`` where y is between 0 and 6; inputs y, dy."""

    name = "relu6_grad"
    in_place = (1,)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        ddx = grads[0]
        return [None, None if ddx is None else activation_grad("relu6", node.inputs[0], ddx)]


class SigmoidGrad(SameShape):
    """``dy * y * (1 - y)``; inputs y, dy."""

    name = "sigmoid_grad"
    in_place = (1,)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None]
        y, dy = node.inputs
        return [g * dy * (1.0 - 2.0 * y), activation_grad("sigmoid", y, g)]


class TanhGrad(SameShape):
    """``dy * (1 - y * y)``; inputs y, dy."""

    name = "tanh_grad"
    in_place = (1,)

    def gradient(self, node: Node, *grads: Tensor | None) -> list[Tensor | None]:
        g = grads[0]
        if g is None:
            return [None, None]
        y, dy = node.inputs
        return [g * dy * (-2.0 * y), activation_grad("tanh", y, g)]


_GRADIENTS: dict[str, Op] = {
    "relu": ReluGrad(),
    "relu6": Relu6Grad(),
    "sigmoid": SigmoidGrad(),
    "tanh": TanhGrad(),
}


class Silu(SameShape):
    """``x * sigmoid(x)``."""

    name = "silu"
    in_place = (0,)
    epilogue_activation = "silu"


class HardSilu(SameShape):
    """``x * min(max(x / 6 + 1 / 2, 0), 1)``."""

    name = "hard_silu"
    in_place = (0,)
    epilogue_activation = "hard_silu"


class Gelu(SameShape):
    """``x * (1 + erf(x / sqrt(2))) / 2``."""

    name = "gelu"
    in_place = (0,)
    epilogue_activation = "gelu"


def check_activation(op: str, activation: str | None, allowed: Iterable[str]) -> str:
    """The activation's name, ``"none"`` for None.

    Raises:
        ValueError: Not one of ``allowed``.
    """
    if activation is None:
        return "none"
    names = tuple(allowed)
    if activation not in names:
        raise ValueError(
            f"{op}: activation must be None or one of {', '.join(names)}, got {activation!r}"
        )
    return activation


def activation_grad(name: str, y: Tensor, dy: Tensor) -> Tensor:
    """Gradient of an activation's input from its output y; dy itself for ``"none"``."""
    return dy if name == "none" else apply(_GRADIENTS[name], y, dy)[0]


@operation
def relu(x: Operand) -> Any:
    """``max(x, 0)``; NaN stays NaN. The gradient at 0 is 0. Layer: ReLU.

    Args:
        x: Any shape, float32; array or Tensor.
    """
    return apply(Relu(), operand("relu", "x", x))[0]


@operation
def relu6(x: Operand) -> Any:
    """``min(max(x, 0), 6)``; NaN stays NaN. The gradient at 0 and 6 is 0.

    Args:
        x: Any shape, float32; array or Tensor.
    """
    return apply(Relu6(), operand("relu6", "x", x))[0]


@operation
def sigmoid(x: Operand) -> Any:
    """``1 / (1 + exp(-x))``.

    Args:
        x: Any shape, float32; array or Tensor.
    """
    return apply(Sigmoid(), operand("sigmoid", "x", x))[0]


@operation
def tanh(x: Operand) -> Any:
    """Hyperbolic tangent.

    Args:
        x: Any shape, float32; array or Tensor.
    """
    return apply(Tanh(), operand("tanh", "x", x))[0]
