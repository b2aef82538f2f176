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

__all__ = ["DIRECTIONS", "candidates", "exact", "fastest", "output_of"]

Array = np.ndarray
Formulation = Callable[[ConvolutionShape, Array, Array, Array], None]
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


def blank(shape: ConvolutionShape, dx: Array) -> Array:
    """Zeros to add gradients to: ``dx`` itself, or where there is padding an array that has it."""
    edge = shape.padding
    if not edge:
        dx[...] = 0
        return dx
    batch, height, width, channels = dx.shape
    return np.zeros((batch, height + 2 * edge, width + 2 * edge, channels), dx.dtype)


def unpad(shape: ConvolutionShape, whole: Array, dx: Array) -> None:
    """What lies inside the padding, into ``dx``."""
    edge = shape.padding
    if edge:
        dx[...] = whole[:, edge:-edge, edge:-edge]


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


def forward_columns(shape: ConvolutionShape, x: Array, kernel: Array, y: Array) -> None:
    """All windows copied into the rows of one matrix, then one product (im2col)."""
    matrix = kernel.reshape(-1, shape.filters)
    columns = windows(shape, padded(shape, x)).reshape(-1, len(matrix))
    np.matmul(columns, matrix, out=y.reshape(-1, shape.filters))


def forward_columns_by_image(shape: ConvolutionShape, x: Array, kernel: Array, y: Array) -> None:
    """As :func:`forward_columns`, an image at a time through one buffer that stays in the cache."""
    matrix = kernel.reshape(-1, shape.filters)
    view = windows(shape, padded(shape, x))
    buffer = np.empty(view.shape[1:], x.dtype)
    for image, out in zip(view, y, strict=True):
        np.copyto(buffer, image)
        np.matmul(buffer.reshape(-1, len(matrix)), matrix, out=out.reshape(-1, shape.filters))


def forward_rows(shape: ConvolutionShape, x: Array, kernel: Array, y: Array) -> None:
    """Only filter rows are copied side by side; the products of the rows are summed."""
    x = padded(shape, x)
    n, h, w, c = x.strides
    _, rows, columns, filters = shape.y
    run = shape.kernel * shape.channels
    size = (len(x), x.shape[1], columns, shape.kernel, shape.channels)
    beside = as_strided(x, size, (n, h, w * shape.stride, w, c), writeable=False)
    beside = np.ascontiguousarray(beside).reshape(len(x), x.shape[1], columns * run)
    part = np.empty((rows * columns, filters), x.dtype)
    for image, out in zip(beside, y.reshape(len(x), rows * columns, filters), strict=True):
        for i in range(shape.kernel):
            strip = image[i : i + rows * shape.stride : shape.stride][:rows].reshape(-1, run)
            np.matmul(strip, kernel[i].reshape(run, filters), out=part if i else out)
            if i:
                out += part


def forward_taps(shape: ConvolutionShape, x: Array, kernel: Array, y: Array) -> None:
    """A product for every filter tap, summed."""
    y[...] = 0
    for i, j, pixels in taps(shape, padded(shape, x)):
        y += (pixels.reshape(-1, shape.channels) @ kernel[i, j]).reshape(shape.y)


def forward_depthwise(shape: ConvolutionShape, x: Array, kernel: Array, y: Array) -> None:
    """A multiplication of whole images for every filter tap, summed."""
    y[...] = 0
    part = np.empty(shape.y, x.dtype)
    for i, j, pixels in taps(shape, padded(shape, x)):
        np.multiply(pixels, kernel[i, j, 0], out=part)
        y += part


def input_columns(shape: ConvolutionShape, dy: Array, kernel: Array, dx: Array) -> None:
    """One product gives the gradient of every window; windows are added up where they overlap."""
    matrix = kernel.reshape(-1, shape.filters)
    each = (dy.reshape(-1, shape.filters) @ matrix.T).reshape(*shape.y[:3], *kernel.shape[:3])
    whole = blank(shape, dx)
    for i, j, pixels in taps(shape, whole):
        pixels += each[:, :, :, i, j]
    unpad(shape, whole, dx)


def input_taps(shape: ConvolutionShape, dy: Array, kernel: Array, dx: Array) -> None:
    """A product for every filter tap, added to the pixels it came from."""
    flat = dy.reshape(-1, shape.filters)
    whole = blank(shape, dx)
    for i, j, pixels in taps(shape, whole):
        pixels += (flat @ kernel[i, j].T).reshape(pixels.shape)
    unpad(shape, whole, dx)


def input_turned(
    shape: ConvolutionShape,
    dy: Array,
    kernel: Array,
    dx: Array,
    forward: Formulation,
) -> None:
    """For stride 1: a forward convolution of ``dy`` with the filters turned around."""
    turned = np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2))
    _, height, width, filters = shape.y
    there = ConvolutionShape(
        shape.name, height, width, filters, shape.channels, shape.kernel, 1,
        shape.kernel - 1 - shape.padding, 1, batch=shape.batch,
    )  # fmt: skip
    forward(there, dy, turned, dx)


def input_depthwise(shape: ConvolutionShape, dy: Array, kernel: Array, dx: Array) -> None:
    whole = blank(shape, dx)
    for i, j, pixels in taps(shape, whole):
        pixels += dy * kernel[i, j, 0]
    unpad(shape, whole, dx)


def filter_columns(shape: ConvolutionShape, x: Array, dy: Array, dk: Array) -> None:
    """The windows' matrix, transposed, times the output gradient."""
    view = windows(shape, padded(shape, x))
    matrix = view.reshape(-1, shape.kernel * shape.kernel * shape.channels)
    flat = dk.reshape(-1, shape.filters)
    np.matmul(matrix.T, dy.reshape(-1, shape.filters), out=flat)


def filter_columns_by_image(shape: ConvolutionShape, x: Array, dy: Array, dk: Array) -> None:
    view = windows(shape, padded(shape, x))
    buffer = np.empty(view.shape[1:], x.dtype)
    columns = shape.kernel * shape.kernel * shape.channels
    total = dk.reshape(columns, shape.filters)
    total[...] = 0
    for image, gradient in zip(view, dy, strict=True):
        np.copyto(buffer, image)
        total += buffer.reshape(-1, columns).T @ gradient.reshape(-1, shape.filters)


def filter_taps(shape: ConvolutionShape, x: Array, dy: Array, dk: Array) -> None:
    """A product for every filter tap."""
    flat = dy.reshape(-1, shape.filters)
    for i, j, pixels in taps(shape, padded(shape, x)):
        np.matmul(pixels.reshape(-1, shape.channels).T, flat, out=dk[i, j])


def filter_depthwise(shape: ConvolutionShape, x: Array, dy: Array, dk: Array) -> None:
    for i, j, pixels in taps(shape, padded(shape, x)):
        np.einsum("nhwc,nhwc->c", pixels, dy, out=dk[i, j, 0])


def output_of(direction: str, shape: ConvolutionShape) -> tuple[int, ...]:
    """The shape of what a direction computes."""
    return {"forward": shape.y, "input_gradient": shape.x, "filter_gradient": shape.filter}[
        direction
    ]


def candidates(direction: str, shape: ConvolutionShape) -> dict[str, Formulation]:
    """The formulations that fit a shape.

    Each takes the shape, the two arrays of its direction - forward ``(x, kernel)``, input_gradient
    ``(dy, kernel)``, filter_gradient ``(x, dy)`` - and the array it fills.
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
    inputs: dict[str, Formulation] = {"columns": input_columns, "taps": input_taps}
    if shape.stride == 1 and shape.kernel > 1 and shape.padding < shape.kernel:
        for name, call in forward.items():
            inputs[f"turned_{name}"] = partial(input_turned, forward=call)
    return inputs


def fastest(
    direction: str, shape: ConvolutionShape, first: Array, second: Array
) -> tuple[str, Callable[[], None]]:
    """The name of the fastest formulation for these arrays, and a call of it.

    The call fills one array again and again, as fastcnn does beside it: page faults of fresh
    arrays are nobody's arithmetic.
    """
    out = np.empty(output_of(direction, shape), first.dtype)
    best, name, winner = float("inf"), "", None
    for label, formulation in candidates(direction, shape).items():
        call = partial(formulation, shape, first, second, out)
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
    answer, sizes = (np.empty(output_of(direction, shape)) for _ in range(2))
    formulation(shape, first, second, answer)
    formulation(shape, np.abs(first), np.abs(second), sizes)
    return answer, (terms(direction, shape) + 1) * 2.0**-24 * sizes


def terms(direction: str, shape: ConvolutionShape) -> int:
    """The most products that one element of the answer sums."""
    if direction == "forward":
        return shape.kernel**2 * shape.channels // shape.groups
    if direction == "input_gradient":
        return (-(-shape.kernel // shape.stride)) ** 2 * shape.filters // shape.groups
    batch, rows, columns, _ = shape.y
    return batch * rows * columns
