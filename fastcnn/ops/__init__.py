"""Operations: the same functions for arrays, Tensors and models under construction.

Called with arrays they run at once; called with a :class:`fastcnn.graph.Tensor` they add to its
graph. Each has a float64 twin of the same name in :mod:`fastcnn.reference`.
"""

from fastcnn.ops.activation import log_softmax, relu, sigmoid, softmax, tanh
from fastcnn.ops.convolution import conv2d
from fastcnn.ops.elementwise import (
    abs,
    absolute,
    add,
    divide,
    equal,
    exp,
    greater,
    log,
    maximum,
    minimum,
    multiply,
    negative,
    sqrt,
    square,
    subtract,
)
from fastcnn.ops.linear import dense, matmul
from fastcnn.ops.op import PUBLIC
from fastcnn.ops.reduction import broadcast_to, mean, sum
from fastcnn.ops.shaping import concatenate, flatten, reshape, slice, stop_gradient, transpose

__all__ = [
    "PUBLIC",
    "abs",
    "absolute",
    "add",
    "broadcast_to",
    "concatenate",
    "conv2d",
    "dense",
    "divide",
    "equal",
    "exp",
    "flatten",
    "greater",
    "log",
    "log_softmax",
    "matmul",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negative",
    "relu",
    "reshape",
    "sigmoid",
    "slice",
    "softmax",
    "sqrt",
    "square",
    "stop_gradient",
    "subtract",
    "sum",
    "tanh",
    "transpose",
]
