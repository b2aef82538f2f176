"""How far Winograd convolution may be off: its own error analysis, worked out for each element.

Every stage is linear, so rounding in it is at most a few epsilons of the same stage applied to
absolute values (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd
Convolution for Deep Neural Networks", arXiv 1803.10986); docs/numerics.md has the derivation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastcnn.reference.window import pad_amounts
from fastcnn.testing import EPSILON, TINY
from ops.cases.bounds import ELEMENTARY, Array, ForwardRule, GradientRule, Inputs, linear
from ops.cases.case import Case

A, B = 0.5**0.5, 2**0.5

#: By tile size: the transforms of the input, the filter and the output along one axis.
TRANSFORMS = {
    2: (
        np.array([[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, -1, 0, 1]]),
        np.array([[1, 0, 0], [0.5, 0.5, 0.5], [0.5, -0.5, 0.5], [0, 0, 1]]),
        np.array([[1, 1, 1, 0], [0, 1, -1, 1]]),
    ),
    4: (
        np.array(
            [
                [1, 0, -2.5, 0, 1, 0],
                [0, -B, -2, A, 1, 0],
                [0, B, -2, -A, 1, 0],
                [0, -A, -0.5, B, 1, 0],
                [0, A, -0.5, -B, 1, 0],
                [0, 1, 0, -2.5, 0, 1],
            ]
        ),
        np.array(
            [
                [1, 0, 0],
                [-2 / 3, -2 / 3 * A, -1 / 3],
                [-2 / 3, 2 / 3 * A, -1 / 3],
                [1 / 6, B / 6, 1 / 3],
                [1 / 6, -B / 6, 1 / 3],
                [0, 0, 1],
            ]
        ),
        np.array(
            [
                [1, 1, 1, 1, 1, 0],
                [0, A, -A, B, -B, 0],
                [0, 0.5, 0.5, 2, 2, 0],
                [0, A / 2, -A / 2, 2 * B, -2 * B, 1],
            ]
        ),
    ),
}

#: For the gradient of the filter: the transforms of a tile of dy and of the sums. That of the input
#: is the same.
GRADIENT_TRANSFORMS = {
    2: (
        np.array([[1, 0], [0.5, 0.5], [0.5, -0.5], [0, 1]]),
        np.array([[1, 1, 1, 0], [0, 1, -1, 0], [0, 1, 1, 1]]),
    ),
    4: (
        np.array(
            [
                [1, 0, 0, 0],
                [-2 / 3, -2 / 3 * A, -1 / 3, -1 / 3 * A],
                [-2 / 3, 2 / 3 * A, -1 / 3, 1 / 3 * A],
                [1 / 6, B / 6, 1 / 3, B / 3],
                [1 / 6, -B / 6, 1 / 3, -B / 3],
                [0, 0, 0, 1],
            ]
        ),
        np.array([[1, 1, 1, 1, 1, 0], [0, A, -A, B, -B, 0], [0, 0.5, 0.5, 2, 2, 1]]),
    ),
}

#: Rounding errors on the longest way through all transforms: on each of two axes at most 4 of the
#: input (a rounded constant, a product, two sums), 4 of the filter and 5 of the output, then a
#: product and the bias. Epsilon is two rounding errors, which covers their growth on the way.
ROUNDINGS = 2 * (4 + 4 + 5) + 2


def convolve(x: Array, kernel: Array, padding: tuple[tuple[int, int], ...], tile: int) -> Array:
    """Winograd convolution with all matrices and inputs as they are given, in float64."""
    return _convolve(x, kernel, padding, TRANSFORMS[tile])


def bound(x: Array, kernel: Array, padding: tuple[tuple[int, int], ...], tile: int) -> Array:
    """The largest allowed error of each pixel: rounding errors times the sizes that occur."""
    sizes = _convolve(abs(x), abs(kernel), padding, tuple(abs(m) for m in TRANSFORMS[tile]))
    return (kernel.shape[2] + ROUNDINGS) * (EPSILON * sizes + TINY)


def _convolve(
    x: Array,
    kernel: Array,
    padding: tuple[tuple[int, int], ...],
    transforms: tuple[Array, ...],
) -> Array:
    of_input, of_filter, of_output = transforms
    (tile, side) = of_output.shape
    (top, bottom), (left, right) = padding
    height, width = x.shape[1] + top + bottom - 2, x.shape[2] + left + right - 2
    rows, columns = -(-height // tile), -(-width // tile)
    wide = np.pad(
        x,
        (
            (0, 0),
            (top, bottom + rows * tile - height),
            (left, right + columns * tile - width),
            (0, 0),
        ),
    )
    filters = np.einsum("ar,bs,rsio->abio", of_filter, of_filter, kernel)
    y = np.zeros((x.shape[0], rows * tile, columns * tile, kernel.shape[3]))
    for i in range(rows):
        for j in range(columns):
            part = wide[:, i * tile : i * tile + side, j * tile : j * tile + side]
            terms = np.einsum("ar,bs,nrsi->nabi", of_input, of_input, part)
            sums = np.einsum("nabi,abio->nabo", terms, filters)
            pixels = np.einsum("ra,sb,nabo->nrso", of_output, of_output, sums)
            y[:, i * tile : (i + 1) * tile, j * tile : (j + 1) * tile] = pixels
    return y[:, :height, :width]


def kernel_gradient(
    x: Array, dy: Array, padding: tuple[tuple[int, int], ...], tile: int
) -> tuple[Array, Array]:
    """The gradient of the filter by Winograd's algorithm in float64, and its largest error."""
    of_input, (of_dy, of_output) = TRANSFORMS[tile][0], GRADIENT_TRANSFORMS[tile]
    exact, _ = _kernel_gradient(x, dy, padding, (of_input, of_dy, of_output))
    sizes, tiles = _kernel_gradient(
        abs(x), abs(dy), padding, (abs(of_input), abs(of_dy), abs(of_output))
    )
    return exact, (tiles + ROUNDINGS) * (EPSILON * sizes + TINY)


def _kernel_gradient(
    x: Array,
    dy: Array,
    padding: tuple[tuple[int, int], ...],
    transforms: tuple[Array, ...],
) -> tuple[Array, int]:
    of_input, of_dy, of_output = transforms
    side, tile = of_dy.shape
    rows, columns = -(-dy.shape[1] // tile), -(-dy.shape[2] // tile)
    (top, bottom), (left, right) = padding
    below, beside = rows * tile - dy.shape[1], columns * tile - dy.shape[2]
    wide = np.pad(x, ((0, 0), (top, bottom + below), (left, right + beside), (0, 0)))
    dy = np.pad(dy, ((0, 0), (0, below), (0, beside), (0, 0)))
    sums = np.zeros((side, side, x.shape[3], dy.shape[3]))
    for i in range(0, rows * tile, tile):
        for j in range(0, columns * tile, tile):
            seen = np.einsum(
                "ar,bs,nrsi->nabi", of_input, of_input, wide[:, i : i + side, j : j + side]
            )
            part = np.einsum("ar,bs,nrso->nabo", of_dy, of_dy, dy[:, i : i + tile, j : j + tile])
            sums += np.einsum("nabi,nabo->abio", seen, part)
    taps = np.einsum("ra,sb,abio->rsio", of_output, of_output, sums)
    return taps, x.shape[0] * rows * columns


def _padding(case: Case, inputs: Inputs) -> tuple[tuple[int, int], ...]:
    extent = inputs["x"].shape[1:3]
    return pad_amounts(case.attributes.get("padding", "valid"), extent, (3, 3), (1, 1))


def winograd_error(tile: int) -> ForwardRule:
    """Of the output; every activation has slope 1 at most."""

    def rule(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Array, ...]:
        x, kernel = (np.asarray(inputs[k], np.float64) for k in ("x", "kernel"))
        allowed = bound(x, kernel, _padding(case, inputs), tile)
        if "bias" in inputs:
            allowed = allowed + EPSILON * abs(inputs["bias"])
        return (allowed + ELEMENTARY * EPSILON * abs(exact[0]),)

    return rule


def transposed_winograd_error(tile: int) -> ForwardRule:
    """Of a transposed convolution: that of the filters turned round, over a wider border."""

    def rule(case: Case, inputs: Inputs, exact: tuple[Array, ...]) -> tuple[Array, ...]:
        x, kernel = (np.asarray(inputs[k], np.float64) for k in ("x", "kernel"))
        turned = kernel[::-1, ::-1].swapaxes(2, 3)
        border = 1 if case.attributes.get("padding") == "same" else 2
        allowed = bound(x, turned, ((border, border), (border, border)), tile)
        allowed = allowed + EPSILON * abs(inputs["bias"])
        return (allowed + ELEMENTARY * EPSILON * abs(exact[0]),)

    return rule


def winograd_gradient(tile: int, terms: int) -> GradientRule:
    """Along x it is a Winograd convolution itself, along the kernel a sum over tiles."""
    direct = linear(terms)

    def rule(
        case: Case, inputs: Inputs, dys: tuple[Array, ...], name: str
    ) -> Callable[[Array], float]:
        padding = _padding(case, inputs)
        dy = np.asarray(dys[0], np.float64)
        if name == "kernel":
            _, allowed = kernel_gradient(np.asarray(inputs["x"], np.float64), dy, padding, tile)
        elif name == "x":
            turned = np.asarray(inputs["kernel"], np.float64)[::-1, ::-1].swapaxes(2, 3)
            allowed = bound(*_grown(dy, turned, *padding), tile)
        else:
            return direct(case, inputs, dys, name)
        return lambda direction: float((allowed * abs(direction)).sum())

    return rule


def _grown(
    dy: Array, turned: Array, vertical: tuple[int, int], horizontal: tuple[int, int]
) -> tuple[Array, Array, tuple[tuple[int, int], ...]]:
    """What the gradient's convolution reads of dy, its filter, and its padding.

    That is 2 less what x had; where there would be less than none, dy is cut instead.
    """
    cut = [
        slice(max(0, before - 2), pixels - max(0, after - 2))
        for pixels, (before, after) in zip(dy.shape[1:3], (vertical, horizontal), strict=True)
    ]
    padding = tuple((max(0, 2 - b), max(0, 2 - a)) for b, a in (vertical, horizontal))
    return dy[:, cut[0], cut[1]], turned, padding
