"""Operations in the fastest short NumPy we know: the yardstick of ``bench.ops``.

Each takes what the benchmarks of the operation give it. What has no short formulation in NumPy is
missing here and measured alone: dropout and fold_seed would have to draw the same random numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from bench.layer_shapes import ConvolutionShape
from bench.numpy_convolution import candidates

__all__ = ["FORMULATIONS"]

Array = np.ndarray


def conv2d(x: Array, kernel: Array, bias: Array, *, padding: str, groups: int = 1) -> Array:
    """Square filters of odd size, stride 1, "same"; ``bench.convolution`` races more ways."""
    _, height, width, channels = x.shape
    size, filters = kernel.shape[0], kernel.shape[3]
    shape = ConvolutionShape(
        padding, height, width, channels, filters, size, 1, size // 2, groups, len(x)
    )
    y = np.empty(shape.y, x.dtype)
    candidates("forward", shape)["columns_by_image" if groups == 1 else "depthwise"](
        shape, x, kernel, y
    )
    y += bias
    return y


def matmul(a: Array, b: Array, *, transpose_a: bool = False, transpose_b: bool = False) -> Array:
    return (a.T if transpose_a else a) @ (b.T if transpose_b else b)


def dense(x: Array, kernel: Array, bias: Array) -> Array:
    y = x @ kernel
    y += bias
    return y


def taps(x: Array, size: int, strides: int, padding: str, fill: float) -> Iterator[Array]:
    """For each place in a window the pixels that stand there."""
    height, width = x.shape[1:3]
    if padding == "same":
        short = [max((-(-n // strides) - 1) * strides + size - n, 0) for n in (height, width)]
        edges = [(0, 0), *((n // 2, n - n // 2) for n in short), (0, 0)]
        x = np.pad(x, edges, constant_values=fill)
        height, width = x.shape[1:3]
    rows, columns = (height - size) // strides + 1, (width - size) // strides + 1
    for i in range(size):
        for j in range(size):
            here = x[:, i : i + rows * strides : strides, j : j + columns * strides : strides]
            yield here[:, :rows, :columns]


def max_pool2d(x: Array, size: int, *, strides: int | None = None, padding: str = "valid") -> Array:
    places = taps(x, size, strides or size, padding, -np.inf)
    y = next(places).copy()
    for place in places:
        np.maximum(y, place, out=y)
    return y


def average_pool2d(x: Array, size: int) -> Array:
    places = taps(x, size, size, "valid", 0)
    y = next(places).copy()
    for place in places:
        y += place
    y *= np.float32(1 / size**2)
    return y


def sigmoid(x: Array) -> Array:
    y = np.negative(x)
    np.exp(y, out=y)
    y += 1
    return np.reciprocal(y, out=y)


def softmax(x: Array) -> Array:
    y = x - x.max(axis=-1, keepdims=True)
    np.exp(y, out=y)
    y /= y.sum(axis=-1, keepdims=True)
    return y


def log_softmax(x: Array) -> Array:
    y = x - x.max(axis=-1, keepdims=True)
    y -= np.log(np.exp(y).sum(axis=-1, keepdims=True))
    return y


def total(x: Array, *, axis: int | Sequence[int]) -> Array:
    """Leading axes are one axis, which BLAS sums fastest."""
    if axis == -1:
        return x.sum(axis=-1)
    rows = x.reshape(-1, x.shape[-1])
    return np.ones(len(rows), x.dtype) @ rows


def mean(x: Array, *, axis: int | Sequence[int]) -> Array:
    y = total(x, axis=axis)
    y *= np.float32(y.size / x.size)
    return y


def slice_(x: Array, start: Sequence[int], size: Sequence[int]) -> Array:
    return x[tuple(slice(i, i + n) for i, n in zip(start, size))].copy()


def rescale(x: Array, scale: float, offset: float = 0.0) -> Array:
    y = np.multiply(x, np.float32(scale), dtype=np.float32)
    if offset:
        y += np.float32(offset)
    return y


def one_hot(labels: Array, depth: int) -> Array:
    y = np.zeros((len(labels), depth), np.float32)
    y[np.arange(len(labels)), labels] = 1
    return y


def mean_squared_error(y_true: Array, y_pred: Array) -> Array:
    difference = y_pred - y_true
    return np.einsum("ij,ij->i", difference, difference) / np.float32(y_true.shape[-1])


def log_of_clipped(p: Array) -> Array:
    y = np.clip(p, np.float32(1e-7), np.float32(1 - 1e-7))
    return np.log(y, out=y)


def categorical_crossentropy(y_true: Array, y_pred: Array, *, from_logits: bool = False) -> Array:
    if from_logits:
        logs = log_softmax(y_pred)
    else:
        logs = log_of_clipped(y_pred / y_pred.sum(axis=-1, keepdims=True))
    return -np.einsum("ij,ij->i", y_true, logs)


def sparse_categorical_crossentropy(
    y_true: Array, y_pred: Array, *, from_logits: bool = False
) -> Array:
    picked = y_pred[np.arange(len(y_true)), y_true]
    if not from_logits:
        return -log_of_clipped(picked / y_pred.sum(axis=-1))
    largest = y_pred.max(axis=-1)
    powers = y_pred - largest[:, None]
    np.exp(powers, out=powers)
    return np.log(powers.sum(axis=-1)) + largest - picked


def binary_crossentropy(y_true: Array, y_pred: Array, *, from_logits: bool = False) -> Array:
    if from_logits:
        losses = np.abs(y_pred)
        np.negative(losses, out=losses)
        np.exp(losses, out=losses)
        np.log1p(losses, out=losses)
        losses += np.maximum(y_pred, 0)
        losses -= y_pred * y_true
        return losses.mean(axis=-1)
    unlike = log_of_clipped(1 - y_pred)
    return -(unlike + y_true * (log_of_clipped(y_pred) - unlike)).mean(axis=-1)


def batch_normalization(x: Array, gamma: Array, beta: Array, mean: Array, variance: Array) -> Array:
    scale = gamma / np.sqrt(variance + np.float32(1e-3))
    y = x * scale
    y += beta - mean * scale
    return y


def batch_normalization_training(x: Array, gamma: Array, beta: Array) -> tuple[Array, Array, Array]:
    rows = x.reshape(-1, x.shape[-1])
    mean = total(rows, axis=0) / np.float32(len(rows))
    y = rows - mean
    variance = np.einsum("ij,ij->j", y, y) / np.float32(len(rows))
    y *= gamma / np.sqrt(variance + np.float32(1e-3))
    y += beta
    return y.reshape(x.shape), mean, variance


def in_top_k(y_true: Array, y_pred: Array, k: int) -> Array:
    above = y_pred > y_pred[np.arange(len(y_true)), y_true][:, None]
    return (np.count_nonzero(above, axis=-1) < k).astype(np.float32)


# Operation -> the same in NumPy: takes the inputs of its benchmarks by place, the settings by name.
FORMULATIONS: dict[str, Callable[..., Array | tuple[Array, ...]]] = {
    "conv2d": conv2d,
    "matmul": matmul,
    "dense": dense,
    "max_pool2d": max_pool2d,
    "average_pool2d": average_pool2d,
    "global_average_pool2d": lambda x: x.mean(axis=(1, 2)),
    "relu": lambda x: np.maximum(x, np.float32(0)),
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "square": np.square,
    "negative": np.negative,
    "absolute": np.absolute,
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "maximum": np.maximum,
    "minimum": np.minimum,
    "greater": lambda a, b: np.greater(a, b).astype(np.float32),
    "equal": lambda a, b: np.equal(a, b).astype(np.float32),
    "softmax": softmax,
    "log_softmax": log_softmax,
    "argmax": lambda x: np.argmax(x, axis=-1),
    "sum": total,
    "mean": mean,
    "reshape": lambda x, shape: x.reshape(shape).copy(),
    "flatten": lambda x: x.reshape(len(x), -1).copy(),
    "transpose": lambda x, axes: np.ascontiguousarray(x.transpose(axes)),
    "broadcast_to": lambda x, shape: np.broadcast_to(x, shape).copy(),
    "slice": slice_,
    "concatenate": lambda xs: np.concatenate(xs, axis=-1),
    "stop_gradient": np.copy,
    "cast": lambda x, dtype: x.astype(dtype),
    "rescale": rescale,
    "one_hot": one_hot,
    "mean_squared_error": mean_squared_error,
    "categorical_crossentropy": categorical_crossentropy,
    "sparse_categorical_crossentropy": sparse_categorical_crossentropy,
    "binary_crossentropy": binary_crossentropy,
    "in_top_k": in_top_k,
    "batch_normalization": batch_normalization,
    "batch_normalization_training": batch_normalization_training,
}
