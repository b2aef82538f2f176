"""Operations that only passes make: several operations of the graph in one step."""

from __future__ import annotations

from typing import Any

from fastcnn.graph.tensor import Op, Spec

__all__ = ["Chain", "Conv2DMaxPool", "MaxPool2DArgmaxGrad"]


class Chain(Op):
    """Elementwise operations in a row; their intermediate results stay in registers.

    ``ops`` names them with spaces between, ``operands`` has two numbers for each: input k as k,
    the result of operation k as ``-1 - k``. ``shape`` is that of the last result, the output.
    """

    name = "chain"
    # Memory is reused only where it has the output's size, and then a group of vectors is
    # read before it is written.
    in_place = tuple(range(64))

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        """Type of the output."""
        return (Spec(tuple(attrs["shape"])),)


class Conv2DMaxPool(Op):
    """Convolution and 2 x 2 max-pooling: what is pooled away is never stored.

    Inputs and attributes are conv2d's, ``output`` the extent before pooling; with ``argmax`` a
    second output says which pixel of its window each number comes from.
    """

    name = "conv2d_max_pool"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        """Types of the pooled image, and of the pixels chosen."""
        height, width = attrs["output"]
        shape = (inputs[0].shape[0], height // 2, width // 2, inputs[1].shape[3])
        return (Spec(shape), Spec(shape, "uint8"))[: 2 if attrs["argmax"] else 1]


class MaxPool2DArgmaxGrad(Op):
    """Gradient of 2 x 2 max-pooling from argmax and dy; ``shape`` is that of the image."""

    name = "max_pool2d_argmax_grad"

    def infer(self, *inputs: Spec, **attrs: Any) -> tuple[Spec, ...]:
        """Type of the image's gradient."""
        return (Spec(tuple(attrs["shape"])),)
