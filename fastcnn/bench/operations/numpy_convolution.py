"""Convolution and its gradients in the fastest NumPy we know, in several formulations.

Which one wins depends on the shape, so :func:`candidates` lists all that fit. They are also the
specification that answers are checked against, in float64 (:func:`exact`). The loops of
:mod:`fastcnn.reference` would flatter us; these have BLAS underneath wherever there is a product.

Images are ``(batch, height, width, channels)``, filters ``(rows, columns, channels / groups,
filters)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.lib.stride_tricks import as_strided

from fastcnn.bench.operations.geometry import Convolution
from fastcnn.bench.operations.operation import Array

__all__ = ["DIRECTIONS", "candidates", "exact"]

Formulation = Callable[[Convolution, Array, Array, Array], None]
DIRECTIONS = ("forward", "input_gradient", "filter_gradient")


def inside(shape: Convolution) -> tuple[slice, slice, slice]:
    """Where the image lies in its padding."""
    (top, _), (left, _) = shape.edges
    return slice(None), slice(top, top + shape.x[1]), slice(left, left + shape.x[2])


def blank(shape: Convolution, x: Array) -> Array:
    """Zeros as large as an image with its padding."""
    (top, bottom), (left, right) = shape.edges
    batch, height, width, channels = shape.x
    return np.zeros((batch, height + top + bottom, width + left + right, channels), x.dtype)


def padded(shape: Convolution, x: Array) -> Array:
    """The images with their border of zeros; the images themselves where there is none."""
    if not any(map(any, shape.edges)):
        return x
    out = blank(shape, x)
    out[inside(shape)] = x
    return out


def windows(shape: Convolution, x: Array) -> Array:
    """A view ``(batch, height, width, rows, columns, channels)`` of padded images."""
    n, h, w, c = x.strides
    steps, gaps = shape.strides, shape.dilation
    size = (*shape.y[:3], *shape.kernel[:2], x.shape[3])
    strides = (n, h * steps[0], w * steps[1], h * gaps[0], w * gaps[1], c)
    return as_strided(x, size, strides, writeable=False)


def taps(shape: Convolution, x: Array) -> Iterator[tuple[int, int, Array]]:
    """Each filter tap and the pixels ``(batch, height, width, channels)`` that it meets."""
    _, height, width, _ = shape.y
    for i in range(shape.kernel[0]):
        for j in range(shape.kernel[1]):
            top, left = i * shape.dilation[0], j * shape.dilation[1]
            here = x[:, top :: shape.strides[0], left :: shape.strides[1]]
            yield i, j, here[:, :height, :width]


def forward_columns(shape: Convolution, x: Array, kernel: Array, y: Array) -> None:
    """All windows copied into the rows of one matrix, then one product (im2col)."""
    matrix = kernel.reshape(-1, kernel.shape[3])
    columns = windows(shape, padded(shape, x)).reshape(-1, len(matrix))
    np.matmul(columns, matrix, out=y.reshape(-1, kernel.shape[3]))


def forward_columns_by_image(shape: Convolution, x: Array, kernel: Array, y: Array) -> None:
    """As :func:`forward_columns`, an image at a time through one buffer that stays in the cache."""
    matrix = kernel.reshape(-1, kernel.shape[3])
    view = windows(shape, padded(shape, x))
    buffer = np.empty(view.shape[1:], x.dtype)
    for image, out in zip(view, y, strict=True):
        np.copyto(buffer, image)
        np.matmul(buffer.reshape(-1, len(matrix)), matrix, out=out.reshape(-1, kernel.shape[3]))


def forward_rows(shape: Convolution, x: Array, kernel: Array, y: Array) -> None:
    """Only filter rows are copied side by side; the products of the rows are summed."""
    x = padded(shape, x)
    n, h, w, c = x.strides
    _, height, width, filters = shape.y
    rows, columns, channels, _ = shape.kernel
    run = columns * channels
    size = (len(x), x.shape[1], width, columns, channels)
    beside = as_strided(x, size, (n, h, w * shape.strides[1], w, c), writeable=False)
    beside = np.ascontiguousarray(beside).reshape(len(x), x.shape[1], width * run)
    part = np.empty((height * width, filters), x.dtype)
    for image, out in zip(beside, y.reshape(len(x), height * width, filters), strict=True):
        for i in range(rows):
            strip = image[i :: shape.strides[0]][:height].reshape(-1, run)
            np.matmul(strip, kernel[i].reshape(run, filters), out=part if i else out)
            if i:
                out += part


def forward_taps(shape: Convolution, x: Array, kernel: Array, y: Array) -> None:
    """A product for every filter tap, summed."""
    y[...] = 0
    for i, j, pixels in taps(shape, padded(shape, x)):
        y += (pixels.reshape(-1, shape.x[3]) @ kernel[i, j]).reshape(shape.y)


def forward_depthwise(shape: Convolution, x: Array, kernel: Array, y: Array) -> None:
    """A multiplication of whole images for every filter tap, summed."""
    y[...] = 0
    part = np.empty(shape.y, x.dtype)
    for i, j, pixels in taps(shape, padded(shape, x)):
        np.multiply(pixels, kernel[i, j, 0], out=part)
        y += part


def input_columns(shape: Convolution, dy: Array, kernel: Array, dx: Array) -> None:
    """One product gives the gradient of every window; windows are added up where they overlap."""
    matrix = kernel.reshape(-1, kernel.shape[3])
    each = (dy.reshape(-1, kernel.shape[3]) @ matrix.T).reshape(*shape.y[:3], *kernel.shape[:3])
    whole = blank(shape, dx)
    for i, j, pixels in taps(shape, whole):
        pixels += each[:, :, :, i, j]
    dx[...] = whole[inside(shape)]


def input_taps(shape: Convolution, dy: Array, kernel: Array, dx: Array) -> None:
    """A product for every filter tap, added to the pixels it came from."""
    flat = dy.reshape(-1, kernel.shape[3])
    whole = blank(shape, dx)
    for i, j, pixels in taps(shape, whole):
        pixels += (flat @ kernel[i, j].T).reshape(pixels.shape)
    dx[...] = whole[inside(shape)]


def input_turned(
    shape: Convolution, dy: Array, kernel: Array, dx: Array, forward: Formulation
) -> None:
    """For stride 1: a forward convolution of ``dy`` with the filters turned around."""
    turned = np.ascontiguousarray(kernel[::-1, ::-1].transpose(0, 1, 3, 2))
    rows, columns = shape.kernel[:2]
    (top, bottom), (left, right) = shape.edges
    there = replace(
        shape,
        x=shape.y,
        y=shape.x,
        kernel=turned.shape,
        edges=((rows - 1 - top, rows - 1 - bottom), (columns - 1 - left, columns - 1 - right)),
    )
    forward(there, dy, turned, dx)


def input_depthwise(shape: Convolution, dy: Array, kernel: Array, dx: Array) -> None:
    """The turned filters' taps, one multiplication of whole images each."""
    whole = blank(shape, dx)
    for i, j, pixels in taps(shape, whole):
        pixels += dy * kernel[i, j, 0]
    dx[...] = whole[inside(shape)]


def filter_columns(shape: Convolution, x: Array, dy: Array, dk: Array) -> None:
    """The windows' matrix, transposed, times the output gradient."""
    filters = dk.shape[3]
    matrix = windows(shape, padded(shape, x)).reshape(-1, dk.size // filters)
    np.matmul(matrix.T, dy.reshape(-1, filters), out=dk.reshape(-1, filters))


def filter_columns_by_image(shape: Convolution, x: Array, dy: Array, dk: Array) -> None:
    """As :func:`filter_columns`, an image at a time through one buffer."""
    filters = dk.shape[3]
    view = windows(shape, padded(shape, x))
    buffer = np.empty(view.shape[1:], x.dtype)
    columns = dk.size // filters
    total = dk.reshape(columns, filters)
    total[...] = 0
    for image, gradient in zip(view, dy, strict=True):
        np.copyto(buffer, image)
        total += buffer.reshape(-1, columns).T @ gradient.reshape(-1, filters)


def filter_taps(shape: Convolution, x: Array, dy: Array, dk: Array) -> None:
    """A product for every filter tap."""
    flat = dy.reshape(-1, dk.shape[3])
    for i, j, pixels in taps(shape, padded(shape, x)):
        np.matmul(pixels.reshape(-1, shape.x[3]).T, flat, out=dk[i, j])


def filter_depthwise(shape: Convolution, x: Array, dy: Array, dk: Array) -> None:
    """A sum of products of whole images for every filter tap."""
    for i, j, pixels in taps(shape, padded(shape, x)):
        np.einsum("nhwc,nhwc->c", pixels, dy, out=dk[i, j, 0])


def parts(shape: Convolution) -> Iterator[tuple[Convolution, slice, slice]]:
    """Each group as a convolution of its own, with its input and output channels."""
    seen, made = shape.x[3] // shape.groups, shape.y[3] // shape.groups
    alone = replace(
        shape,
        x=(*shape.x[:3], seen),
        kernel=(*shape.kernel[:3], made),
        y=(*shape.y[:3], made),
        groups=1,
    )
    for group in range(shape.groups):
        yield (
            alone,
            slice(group * seen, (group + 1) * seen),
            slice(group * made, (group + 1) * made),
        )


def grouped(direction: str, formulation: Formulation) -> Formulation:
    """A formulation for one group, group by group."""

    def whole(shape: Convolution, first: Array, second: Array, out: Array) -> None:
        for alone, seen, made in parts(shape):
            channels = {"x": seen, "y": made, "kernel": made}
            names = {
                "forward": ("x", "kernel", "y"),
                "input_gradient": ("y", "kernel", "x"),
                "filter_gradient": ("x", "y", "kernel"),
            }[direction]
            a, b, c = (
                np.ascontiguousarray(array[..., channels[name]])
                for array, name in zip((first, second, out), names, strict=True)
            )
            formulation(alone, a, b, c)
            out[..., channels[names[2]]] = c

    return whole


TAPS = {"forward": forward_taps, "input_gradient": input_taps, "filter_gradient": filter_taps}
DEPTHWISE = {
    "forward": forward_depthwise,
    "input_gradient": input_depthwise,
    "filter_gradient": filter_depthwise,
}


def candidates(direction: str, shape: Convolution) -> dict[str, Formulation]:
    """The formulations that fit a shape.

    Each takes the shape, the two arrays of its direction - forward ``(x, kernel)``, input_gradient
    ``(dy, kernel)``, filter_gradient ``(x, dy)`` - and the array it fills.
    """
    if shape.groups == shape.x[3] == shape.y[3] and shape.groups > 1:
        return {"depthwise": DEPTHWISE[direction]}
    if shape.groups > 1:
        return {"taps": grouped(direction, TAPS[direction])}
    wide = shape.kernel[0] * shape.kernel[1] > 1
    forward: dict[str, Formulation] = {"columns": forward_columns}
    if wide:
        forward["columns_by_image"] = forward_columns_by_image
        forward["taps"] = forward_taps
    if wide and shape.dilation == (1, 1):
        forward["rows"] = forward_rows
    if direction == "forward":
        return forward
    if direction == "filter_gradient":
        return {
            "columns": filter_columns,
            "columns_by_image": filter_columns_by_image,
            "taps": filter_taps,
        }
    inputs: dict[str, Formulation] = {"columns": input_columns, "taps": input_taps}
    fits = all(max(edge) < size for edge, size in zip(shape.edges, shape.kernel[:2], strict=True))
    if wide and fits and shape.strides == shape.dilation == (1, 1):
        for name, call in forward.items():
            inputs[f"turned_{name}"] = partial(input_turned, forward=call)
    return inputs


def exact(direction: str, shape: Convolution, first: Array, second: Array) -> tuple[Array, Array]:
    """The answer in float64, and for each element the bound on a float32 answer's rounding error.

    A sum of ``terms`` products is off by at most ``terms`` roundings of the sum of the absolute
    products, in whatever order it is taken; the rounding of the products is the ``+ 1``.
    """
    known = candidates(direction, shape)
    formulation = known.get("taps") or next(iter(known.values()))
    first, second = first.astype(np.float64), second.astype(np.float64)
    answer, sizes = (np.empty(shape.output_of(direction)) for _ in range(2))
    formulation(shape, first, second, answer)
    formulation(shape, np.abs(first), np.abs(second), sizes)
    return answer, (shape.terms(direction) + 1) * 2.0**-24 * sizes
