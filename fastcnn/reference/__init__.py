"""Every operation of :mod:`fastcnn.ops` again, in plain NumPy float64: the specification.

Same names, arguments and shapes, no speed. Tests hold the kernels to these functions, and the
gradients of operations to finite differences of them. Computed values are float64 whatever came
in; operations that only move elements keep the dtype. Arguments are trusted: what is wrong is
reported by :mod:`fastcnn.ops`, not here. Nothing here imports the rest of the package.
"""

from __future__ import annotations

import warnings
from typing import Any

from fastcnn.reference.activations import (
    celu,
    elu,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    mish,
    relu6,
    selu,
    silu,
    soft_shrink,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    squareplus,
    tanh_shrink,
    threshold,
)
from fastcnn.reference.convolution import conv, conv2d, conv_transpose
from fastcnn.reference.elementwise import (
    abs,
    absolute,
    add,
    divide,
    equal,
    erf,
    exp,
    expm1,
    greater,
    log,
    log1p,
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
from fastcnn.reference.loss import (
    binary_crossentropy,
    categorical_crossentropy,
    log_softmax,
    mean_squared_error,
    softmax,
    sparse_categorical_crossentropy,
    sparsemax,
)
from fastcnn.reference.movement import (
    broadcast_to,
    cast,
    concatenate,
    flatten,
    one_hot,
    pad,
    rescale,
    reshape,
    resize,
    slice,
    transpose,
)
from fastcnn.reference.normalization import (
    batch_normalization,
    batch_normalization_training,
    group_normalization,
    layer_normalization,
    rms_normalization,
)
from fastcnn.reference.pooling import (
    adaptive_average_pool,
    adaptive_max_pool,
    average_pool,
    average_pool2d,
    global_average_pool,
    global_average_pool2d,
    global_max_pool,
    max_pool,
    max_pool2d,
)
from fastcnn.reference.products import dense, matmul
from fastcnn.reference.random import dropout, fold_seed, random_normal
from fastcnn.reference.reduction import argmax, in_top_k, mean, sum, weighted_histogram_2d

__all__ = [
    "abs",
    "absolute",
    "adaptive_average_pool",
    "adaptive_max_pool",
    "add",
    "argmax",
    "average_pool",
    "average_pool2d",
    "batch_normalization",
    "batch_normalization_training",
    "binary_crossentropy",
    "broadcast_to",
    "cast",
    "categorical_crossentropy",
    "celu",
    "concatenate",
    "conv",
    "conv2d",
    "conv_transpose",
    "dense",
    "divide",
    "dropout",
    "elu",
    "equal",
    "erf",
    "exp",
    "expm1",
    "flatten",
    "fold_seed",
    "gelu",
    "global_average_pool",
    "global_average_pool2d",
    "global_max_pool",
    "glu",
    "greater",
    "group_normalization",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "in_top_k",
    "layer_normalization",
    "leaky_relu",
    "log",
    "log1p",
    "log_sigmoid",
    "log_softmax",
    "matmul",
    "max_pool",
    "max_pool2d",
    "maximum",
    "mean",
    "mean_squared_error",
    "minimum",
    "mish",
    "multiply",
    "negative",
    "one_hot",
    "pad",
    "random_normal",
    "relu",
    "relu6",
    "rescale",
    "reshape",
    "resize",
    "rms_normalization",
    "selu",
    "sigmoid",
    "silu",
    "slice",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_categorical_crossentropy",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "sqrt",
    "square",
    "squareplus",
    "stop_gradient",
    "subtract",
    "sum",
    "tanh",
    "tanh_shrink",
    "threshold",
    "transpose",
    "weighted_histogram_2d",
]


def __getattr__(name: str) -> Any:
    if name != "pair_sums":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    warnings.warn(
        f"{__name__}.pair_sums is deprecated and goes with the next version; use "
        f"{__name__}.weighted_histogram_2d",
        DeprecationWarning,
        stacklevel=2,
    )
    return weighted_histogram_2d
