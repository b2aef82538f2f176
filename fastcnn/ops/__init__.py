"""Operations: the same functions for arrays, Tensors and models under construction.

Called with arrays they run at once; called with a :class:`fastcnn.graph.Tensor` they add to its
graph. Each has a float64 reference of the same name in :mod:`fastcnn.reference`.
"""

from typing import Any

from fastcnn._deprecation import find_renamed
from fastcnn.ops.common.public_operation import PUBLIC
from fastcnn.ops.convolution.convolution import conv, conv2d
from fastcnn.ops.convolution.transposed import conv_transpose
from fastcnn.ops.elementwise.activation import relu, sigmoid, tanh
from fastcnn.ops.elementwise.activation_formulas import (
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
from fastcnn.ops.elementwise.arithmetic import (
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
    rsqrt,
    sqrt,
    square,
    subtract,
)
from fastcnn.ops.elementwise.conversion import cast, one_hot, rescale
from fastcnn.ops.elementwise.fusion import fuse_elementwise as _
from fastcnn.ops.elementwise.selection import where
from fastcnn.ops.loss.crossentropy import (
    binary_crossentropy,
    categorical_crossentropy,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
from fastcnn.ops.loss.probabilities import log_softmax, softmax, sparsemax
from fastcnn.ops.movement.resampling import resize
from fastcnn.ops.movement.shaping import (
    concatenate,
    flatten,
    pad,
    reshape,
    slice,
    stop_gradient,
    transpose,
)
from fastcnn.ops.normalization.batch import batch_normalization, batch_normalization_training
from fastcnn.ops.normalization.per_example import (
    group_normalization,
    layer_normalization,
    rms_normalization,
)
from fastcnn.ops.optimizer.adaptive import (
    adadelta_update,
    adagrad_update,
    adam_update,
    adamax_update,
    ftrl_update,
    lion_update,
    nadam_update,
    rmsprop_update,
)
from fastcnn.ops.optimizer.descent import UpdateOptions, momentum_accumulate, sgd_update
from fastcnn.ops.optimizer.update import assign, assign_moving_average
from fastcnn.ops.pooling.adaptive_pooling import adaptive_average_pool, adaptive_max_pool
from fastcnn.ops.pooling.global_pooling import (
    global_average_pool,
    global_average_pool2d,
    global_max_pool,
)
from fastcnn.ops.pooling.max_pool_fusion import fuse_max_pool as _  # noqa: F401, F811 - the same
from fastcnn.ops.pooling.sliding_pooling import average_pool, average_pool2d, max_pool, max_pool2d
from fastcnn.ops.products.linear import dense, matmul
from fastcnn.ops.random.counter_based import dropout, fold_seed, random_normal
from fastcnn.ops.reduction.ranking import argmax, in_top_k
from fastcnn.ops.reduction.sums import broadcast_to, mean, sum
from fastcnn.ops.reduction.weighted_histogram import weighted_histogram_2d

__all__ = [
    "PUBLIC",
    "UpdateOptions",
    "abs",
    "absolute",
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamax_update",
    "adaptive_average_pool",
    "adaptive_max_pool",
    "add",
    "argmax",
    "assign",
    "assign_moving_average",
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
    "ftrl_update",
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
    "lion_update",
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
    "momentum_accumulate",
    "multiply",
    "nadam_update",
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
    "rmsprop_update",
    "rsqrt",
    "selu",
    "sgd_update",
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
    "where",
]

#: What this package called things in its first version, and calls them now. Model files of that
#: version hold such names, too.
FORMER_NAMES = {
    "Surroundings": "UpdateOptions",
    "heavy_ball_update": "momentum_accumulate",
    "pair_sums": "weighted_histogram_2d",
}
FORMER_ARGUMENTS = {
    "weighted_histogram_2d": {"rows": "row_indices", "columns": "column_indices"},
}


def __getattr__(name: str) -> Any:
    return find_renamed(__name__, name, FORMER_NAMES)
