"""Convolution and its gradients in the fastest NumPy we know, in several formulations.

Which one wins depends on the shape, so :func:`fastest` tries all of them. They are also the
specification that answers are checked against, in float64 (:func:`exact`). The loops of
``fastcnn.reference`` would flatter us; these have BLAS underneath wherever there is a product.

Images are ``(batch, height, width, channels)``, filters ``(kernel, kernel, channels, filters)``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from bench.layer_shapes import ConvolutionShape

__all__ = ["DIRECTIONS", "candidates", "exact", "fastest"]

Array = np.ndarray
DIRECTIONS = ("forward", "input_gradient", "filter_gradient")


def padded(shape: ConvolutionShape, x: Array) -> Array:
    """The images with their border of zeros; the images themselves where there is none."""
    edge = shape.padding
    if not edge:
        return x
    batch, height, width, channels = x.shape
    out = np.zeros((batch, height + 2 * edge, width + 2 * edge, channels), x.dtype)
    out[:, edge:-edge, edge:-edge] = x
    return out


def unpadded(shape: ConvolutionShape, x: Array) -> Array:
    edge = shape.padding
    return np.ascontiguousarray(x[:, edge:-edge, edge:-edge]) if edge else x


def windows(shape: ConvolutionShape, x: Array) -> Array:
    """A view ``(batch, rows, columns, kernel, kernel, channels)`` of padded images."""
    n, h, w, c = x.strides
    _, rows, columns, _ = shape.y
    size = (x.shape[0], rows, columns, shape.kernel, shape.kernel, shape.channels)
    return as_strided(x, size, (n, h * shape.stride, w * shape.stride, h, w, c), writeable=False)


def taps(shape: ConvolutionShape, x: Array) -> Iterator[tuple[int, int, Array]]:
    """Each filter tap and the pixels ``(batch, rows, columns, channels)`` that it meets."""
    _, rows, columns, _ = shape.y
    step = shape.stride
    for i in range(shape.kernel):
        for j in range(shape.kernel):
            here = x[:, i : i + rows * step : step, j : j + columns * step : step]
            yield i, j, here[:, :rows, :columns]


def forward_columns(shape: ConvolutionShape, x: Array, kernel: Array) -> Array:
    """All windows copied into the rows of one matrix, then one product (im2col)."""
    matrix = kernel.reshape(-1, shape.filters)
    return (windows(shape, padded(shape, x)).reshape(-1, len(matrix)) @ matrix).reshape(shape.y)


def forward_columns_by_image(shape: ConvolutionShape, x: Array, kernel: Array) -> Array:
    """As :func:`forward_columns`, an image at a time through one buffer that stays in the cache."""
    matrix = kernel.reshape(-1, shape.filters)
    view = windows(shape, padded(shape, x))
    y = np.empty(shape.y, x.dtype)
    buffer = np.empty(view.shape[1:], x.dtype)
    for image, out in zip(view, y, strict=True):
        np.copyto(buffer, image)
        np.matmul(buffer.reshape(-1, len(matrix)), matrix, out=out.reshape(-1, shape.filters))
    return y


def forward_rows(shape: ConvolutionShape, x: Array, kernel: Array) -> Array:
    """Only filter rows are copied side by side; the products of the rows are summed."""
    x = padded(shape, x)
    n, h, w, c = x.strides
    _, rows, columns, filters = shape.y
    run = shape.kernel * shape.channels
    size = (len(x), x.shape[1], columns, shape.kernel, shape.channels)
    beside = as_strided(x, size, (n, h, w * shape.stride, w, c), writeable=False)
    beside = np.ascontiguousarray(beside).reshape(len(x), x.shape[1], columns * run)
    y = np.empty(shape.y, x.dtype)
    part = np.empty((rows * columns, filters), x.dtype)
    for image, out in zip(beside, y.reshape(len(x), rows * columns, filters), strict=True):
        for i in range(shape.kernel):
            strip = image[i : i + rows * shape.stride : shape.stride][:rows].reshape(-1, run)
            np.matmul(strip, kernel[i].reshape(run, filters), out=part if i else out)
            if i:
                out += part
    return y


def forward_taps(shape: ConvolutionShape, x: Array, kernel: Array) -> Array:
    """A product for every filter tap, summed."""
    y = np.zeros(shape.y, x.dtype)
    for i, j, pixels in taps(shape, padded(shape, x)):
        y += (pixels.reshape(-1, shape.channels) @ kernel[i, j]).reshape(shape.y)
    return y


def forward_depthwise(shape: ConvolutionShape, x: Array, kernel: Array) -> Array:
    """A multiplication of whole images for every filter tap, summed."""
    y = np.zeros(shape.y, x.dtype)
    part = np.empty(shape.y, x.dtype)
    for i, j, pixels in taps(shape, padded(shape, x)):
        np.multiply(pixels, kernel[i, j, 0], out=part)
        y += part
    return y


def input_columns(shape: ConvolutionShape, dy: Array, kernel: Array) -> Array:
    """One product gives the gradient of every window; windows are added up where they overlap."""
    matrix = kernel.reshape(-1, shape.filters)
    each = (dy.reshape(-1, shape.filters) @ matrix.T).reshape(*shape.y[:3], *kernel.shape[:3])
    dx = _blank(shape, dy)
    for i, j, pixels in taps(shape, dx):
        pixels += each[:, :, :, i, j]
    return unpadded(shape, dx)


def input_taps(shape: ConvolutionShape, dy: Array, kernel: Array) -> Array:
    """A product for every filter tap, added to the pixels it came from."""
    flat = dy.reshape(-1, shape.filters)
    dx = _blank(shape, dy)
    for i, j, pixels in taps(shape, dx):
        pixels += (flat @ kernel[i, j].T).reshape(pixels.shape)
    return unpadded(shape, dx)


def input_turned(
    shape: ConvolutionShape,
    dy: Array,
    kernel: Array,
    forward: Callable[[ConvolutionShape, Array, Array], Array],
) -> Array:
    """For stride 1: a forward convolution of ``dy`` with the filters turned around."""
    turned = np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2))
    _, height, width, filters = shape.y
    there = ConvolutionShape(
        shape.name, height, width, filters, shape.channels, shape.kernel, 1,
        shape.kernel - 1 - shape.padding, 1, batch=shape.batch,
    )  # fmt: skip
    return forward(there, dy, turned)


def input_depthwise(shape: ConvolutionShape, dy: Array, kernel: Array) -> Array:
    dx = _blank(shape, dy)
    for i, j, pixels in taps(shape, dx):
        pixels += dy * kernel[i, j, 0]
    return unpadded(shape, dx)


def filter_columns(shape: ConvolutionShape, x: Array, dy: Array) -> Array:
    """The windows' matrix, transposed, times the output gradient."""
    view = windows(shape, padded(shape, x))
    matrix = view.reshape(-1, shape.kernel * shape.kernel * shape.channels)
    return (matrix.T @ dy.reshape(-1, shape.filters)).reshape(shape.filter)


def filter_columns_by_image(shape: ConvolutionShape, x: Array, dy: Array) -> Array:
    view = windows(shape, padded(shape, x))
    buffer = np.empty(view.shape[1:], x.dtype)
    columns = shape.kernel * shape.kernel * shape.channels
    total = np.zeros((columns, shape.filters), x.dtype)
    for image, gradient in zip(view, dy, strict=True):
        np.copyto(buffer, image)
        total += buffer.reshape(-1, columns).T @ gradient.reshape(-1, shape.filters)
    return total.reshape(shape.filter)


def filter_taps(shape: ConvolutionShape, x: Array, dy: Array) -> Array:
    """A product for every filter tap."""
    flat = dy.reshape(-1, shape.filters)
    out = np.empty(shape.filter, x.dtype)
    for i, j, pixels in taps(shape, padded(shape, x)):
        np.matmul(pixels.reshape(-1, shape.channels).T, flat, out=out[i, j])
    return out


def filter_depthwise(shape: ConvolutionShape, x: Array, dy: Array) -> Array:
    out = np.empty(shape.filter, x.dtype)
    for i, j, pixels in taps(shape, padded(shape, x)):
        np.einsum("nhwc,nhwc->c", pixels, dy, out=out[i, j, 0])
    return out


def _blank(shape: ConvolutionShape, like: Array) -> Array:
    batch, height, width, channels = shape.x
    edge = 2 * shape.padding
    return np.zeros((batch, height + edge, width + edge, channels), like.dtype)


def candidates(
    direction: str, shape: ConvolutionShape
) -> dict[str, Callable[[ConvolutionShape, Array, Array], Array]]:
    """The formulations that fit a shape; each takes the shape and the two arrays of its direction.

    forward ``(x, kernel)``, input_gradient ``(dy, kernel)``, filter_gradient ``(x, dy)``.
    """
    if shape.groups == shape.channels == shape.filters:
        whole = {
            "forward": forward_depthwise,
            "input_gradient": input_depthwise,
            "filter_gradient": filter_depthwise,
        }
        return {"depthwise": whole[direction]}
    if shape.groups != 1:
        raise ValueError(f"{shape.name}: {shape.groups} groups; expected 1 or one per channel")
    forward = {
        "columns": forward_columns,
        "columns_by_image": forward_columns_by_image,
        "rows": forward_rows,
        "taps": forward_taps,
    }
    if direction == "forward":
        return forward if shape.kernel > 1 else {"columns": forward_columns}
    if direction == "filter_gradient":
        return {
            "columns": filter_columns,
            "columns_by_image": filter_columns_by_image,
            "taps": filter_taps,
        }
    inputs = {"columns": input_columns, "taps": input_taps}
    if shape.stride == 1 and shape.kernel > 1 and shape.padding < shape.kernel:
        for name, call in forward.items():
            inputs[f"turned_{name}"] = partial(input_turned, forward=call)
    return inputs


def fastest(
    direction: str, shape: ConvolutionShape, first: Array, second: Array
) -> tuple[str, Callable[[], Array]]:
    """The name of the fastest formulation for these arrays, and a call of it."""
    best, name, winner = float("inf"), "", None
    for label, formulation in candidates(direction, shape).items():
        call = partial(formulation, shape, first, second)
        for _ in range(3):
            start = time.perf_counter()
            call()
            taken = time.perf_counter() - start
            if taken < best:
                best, name, winner = taken, label, call
    assert winner is not None
    return name, winner


def exact(
    direction: str, shape: ConvolutionShape, first: Array, second: Array
) -> tuple[Array, Array]:
    """The answer in float64, and for each element the bound on a float32 answer's rounding error.

    A sum of ``terms`` products is off by at most ``terms`` roundings of the sum of the absolute
    products, in whatever order it is taken; the rounding of the products is the ``+ 1``.
    """
    name = "depthwise" if shape.groups > 1 else "taps"
    formulation = candidates(direction, shape).get(name, forward_columns)
    first, second = first.astype(np.float64), second.astype(np.float64)
    answer = formulation(shape, first, second)
    sizes = formulation(shape, np.abs(first), np.abs(second))
    return answer, (terms(direction, shape) + 1) * 2.0**-24 * sizes


def terms(direction: str, shape: ConvolutionShape) -> int:
    """The most products that one element of the answer sums."""
    if direction == "forward":
        return shape.kernel**2 * shape.channels // shape.groups
    if direction == "input_gradient":
        return (-(-shape.kernel // shape.stride)) ** 2 * shape.filters // shape.groups
    batch, rows, columns, _ = shape.y
    return batch * rows * columns
