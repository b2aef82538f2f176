"""Operations: the same functions for arrays, Tensors and models under construction.

Called with arrays they run at once; called with a :class:`fastcnn.graph.Tensor` they add to its
graph. Each has a float64 twin of the same name in :mod:`fastcnn.reference`.
"""

from fastcnn.ops.activation import log_softmax, relu, sigmoid, softmax, tanh
from fastcnn.ops.adaptive_steps import (
    adadelta_update,
    adagrad_update,
    adam_update,
    adamax_update,
    ftrl_update,
    lion_update,
    nadam_update,
    rmsprop_update,
)
from fastcnn.ops.conversion import cast, one_hot, rescale
from fastcnn.ops.convolution import conv, conv2d, conv_transpose
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
from fastcnn.ops.loss import (
    binary_crossentropy,
    categorical_crossentropy,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
from fastcnn.ops.normalization import batch_normalization, batch_normalization_training
from fastcnn.ops.op import PUBLIC
from fastcnn.ops.pooling import average_pool2d, global_average_pool2d, max_pool2d
from fastcnn.ops.random import dropout, fold_seed
from fastcnn.ops.ranking import argmax, in_top_k
from fastcnn.ops.reduction import broadcast_to, mean, sum
from fastcnn.ops.shaping import concatenate, flatten, reshape, slice, stop_gradient, transpose
from fastcnn.ops.steps import Surroundings, heavy_ball_update, sgd_update
from fastcnn.ops.update import assign, assign_moving_average

__all__ = [
    "PUBLIC",
    "Surroundings",
    "abs",
    "absolute",
    "adadelta_update",
    "adagrad_update",
    "adam_update",
    "adamax_update",
    "add",
    "argmax",
    "assign",
    "assign_moving_average",
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
    "ftrl_update",
    "global_average_pool2d",
    "greater",
    "heavy_ball_update",
    "in_top_k",
    "lion_update",
    "log",
    "log_softmax",
    "matmul",
    "max_pool2d",
    "maximum",
    "mean",
    "mean_squared_error",
    "minimum",
    "multiply",
    "nadam_update",
    "negative",
    "one_hot",
    "relu",
    "rescale",
    "reshape",
    "rmsprop_update",
    "sgd_update",
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
