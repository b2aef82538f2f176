"""PyTorch's convolution and pooling on our arrays, in both of its layouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from fastcnn.bench.operations import Candidate, Case
from fastcnn.bench.operations.geometry import Convolution
from fastcnn.bench.operations.operation import Array, Arrays
from fastcnn.reference.window import pad_amounts, pair

__all__ = ["IMAGES", "both", "filters", "image", "planes", "window_of"]

aten = torch.ops.aten

LAYOUTS = {"channels_last": torch.channels_last, "channels_first": torch.contiguous_format}
#: A case in one layout.
Make = Callable[[Any], Candidate]


def planes(x: Array, layout: Any) -> torch.Tensor:
    """Our images as PyTorch's, in one of its layouts."""
    return torch.from_numpy(x).permute(0, 3, 1, 2).contiguous(memory_format=layout)


def filters(kernel: Array, layout: Any) -> torch.Tensor:
    """Our filters as PyTorch's."""
    return torch.from_numpy(kernel).permute(3, 2, 0, 1).contiguous(memory_format=layout)


def image(y: torch.Tensor) -> Array:
    """PyTorch's images as ours."""
    return np.ascontiguousarray(y.permute(0, 2, 3, 1).numpy())


def kernel(dw: torch.Tensor) -> Array:
    """PyTorch's filters as ours."""
    return np.ascontiguousarray(dw.permute(2, 3, 1, 0).numpy())


def both(make: Make) -> dict[str, Candidate]:
    """The same in each layout."""
    return {name: make(layout) for name, layout in LAYOUTS.items()}


def conv2d(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    shape = Convolution.of(case)
    (top, bottom), (left, right) = shape.edges
    if not shape.symmetric and direction != "forward":
        return {}
    outside = None if shape.symmetric else (left, right, top, bottom)
    padding = [top, left] if shape.symmetric else [0, 0]

    def forward(layout: Any) -> Candidate:
        x, w = planes(arrays["x"], layout), filters(arrays["kernel"], layout)
        bias = torch.from_numpy(arrays["bias"]) if "bias" in arrays else None
        relu = case["activation"] == "relu"

        def call() -> torch.Tensor:
            image = x if outside is None else F.pad(x, outside)
            y = F.conv2d(image, w, bias, shape.strides, padding, shape.dilation, shape.groups)
            return y.relu_() if relu else y

        return Candidate(call, lambda y: [image(y)])

    def backward(layout: Any) -> Candidate:
        mask = [direction != "filter_gradient", direction != "input_gradient", False]
        sizes = {"x": shape.x, "dy": shape.y}
        # Where a direction needs only the shape of an array, it is given one of that shape.
        x, dy = (
            planes(arrays.get(name, np.zeros(size, np.float32)), layout)
            for name, size in sizes.items()
        )
        w = filters(arrays.get("kernel", np.zeros(shape.kernel, np.float32)), layout)
        settings: Sequence[Any] = (
            [0], shape.strides, padding, shape.dilation, False, [0, 0], shape.groups, mask
        )  # fmt: skip

        def read(found: Any) -> list[Array]:
            return [
                *([image(found[0])] if mask[0] else []),
                *([kernel(found[1])] if mask[1] else []),
            ]

        return Candidate(lambda: aten.convolution_backward(dy, x, w, *settings), read)

    return both(forward if direction == "forward" else backward)


def window_of(case: Case) -> tuple[Any, ...] | None:
    """Size, strides and padding on every side; None where one side has more than the other."""
    size = pair(case["size"])
    strides = pair(case["stride"] or case["size"])
    edges = pad_amounts(case["padding"], case["x"][1:3], size, strides)
    if any(
        before != after or 2 * before > length
        for (before, after), length in zip(edges, size, strict=True)
    ):
        return None
    return size, strides, [before for before, _ in edges]


def max_pool2d(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    window = window_of(case)
    if window is None:
        return {}
    size, strides, padding = window

    def forward(layout: Any) -> Candidate:
        x = planes(arrays["x"], layout)
        return Candidate(lambda: F.max_pool2d(x, size, strides, padding), lambda y: [image(y)])

    def backward(layout: Any) -> Candidate:
        x, dy = planes(arrays["x"], layout), planes(arrays["dy"], layout)
        _, where = aten.max_pool2d_with_indices(x, size, strides, padding, [1, 1], False)
        return Candidate(
            lambda: aten.max_pool2d_with_indices_backward(
                dy, x, size, strides, padding, [1, 1], False, where
            ),
            lambda dx: [image(dx)],
        )

    return both(forward if direction == "forward" else backward)


def average_pool2d(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    window = window_of(case)
    if window is None:
        return {}
    settings = [*window, False, False, None]  # the padding does not count

    def forward(layout: Any) -> Candidate:
        x = planes(arrays["x"], layout)
        return Candidate(lambda: aten.avg_pool2d(x, *settings), lambda y: [image(y)])

    def backward(layout: Any) -> Candidate:
        x, dy = planes(arrays["x"], layout), planes(arrays["dy"], layout)
        return Candidate(lambda: aten.avg_pool2d_backward(dy, x, *settings), lambda dx: [image(dx)])

    return both(forward if direction == "forward" else backward)


def global_average_pool2d(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    def forward(layout: Any) -> Candidate:
        x = planes(arrays["x"], layout)
        return Candidate(lambda: x.mean((2, 3)), lambda y: [y.numpy()])

    def backward(layout: Any) -> Candidate:
        x = planes(arrays["x"], layout)
        dy = torch.from_numpy(arrays["dy"])[:, :, None, None]
        return Candidate(lambda: aten._adaptive_avg_pool2d_backward(dy, x), lambda dx: [image(dx)])

    return both(forward if direction == "forward" else backward)


IMAGES: dict[str, Callable[..., dict[str, Candidate]]] = {
    "conv2d": conv2d,
    "max_pool2d": max_pool2d,
    "average_pool2d": average_pool2d,
    "global_average_pool2d": global_average_pool2d,
}
