"""Every operation of :mod:`fastcnn.ops` again, in plain NumPy float64: the specification.

Same names, arguments and shapes, no speed. Tests hold the kernels to these functions, and the
gradients of operations to finite differences of them. Computed values are float64 whatever came
in; operations that only move elements keep the dtype. Arguments are trusted: what is wrong is
reported by :mod:`fastcnn.ops`, not here. Nothing here imports the rest of the package.
"""

from __future__ import annotations

from fastcnn.reference.convolution import conv, conv2d, conv_transpose
from fastcnn.reference.elementwise import (
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
    relu,
    sigmoid,
    sqrt,
    square,
    stop_gradient,
    subtract,
    tanh,
)
from fastcnn.reference.linear import dense, matmul
from fastcnn.reference.loss import (
    binary_crossentropy,
    categorical_crossentropy,
    in_top_k,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
from fastcnn.reference.normalization import batch_normalization, batch_normalization_training
from fastcnn.reference.pooling import average_pool2d, global_average_pool2d, max_pool2d
from fastcnn.reference.random import dropout, fold_seed
from fastcnn.reference.reduction import argmax, log_softmax, mean, softmax, sum
from fastcnn.reference.shaping import (
    broadcast_to,
    cast,
    concatenate,
    flatten,
    one_hot,
    rescale,
    reshape,
    slice,
    transpose,
)

__all__ = [
    "abs",
    "absolute",
    "add",
    "argmax",
    "average_pool2d",
    "batch_normalization",
    "batch_normalization_training",
    "binary_crossentropy",
    "broadcast_to",
    "cast",
    "categorical_crossentropy",
    "concatenate",
    "conv",
    "conv2d",
    "conv_transpose",
    "dense",
    "divide",
    "dropout",
    "equal",
    "exp",
    "flatten",
    "fold_seed",
    "global_average_pool2d",
    "greater",
    "in_top_k",
    "log",
    "log_softmax",
    "matmul",
    "max_pool2d",
    "maximum",
    "mean",
    "mean_squared_error",
    "minimum",
    "multiply",
    "negative",
    "one_hot",
    "relu",
    "rescale",
    "reshape",
    "sigmoid",
    "slice",
    "softmax",
    "sparse_categorical_crossentropy",
    "sqrt",
    "square",
    "stop_gradient",
    "subtract",
    "sum",
    "tanh",
    "transpose",
]
