"""PyTorch's convolution and pooling on our arrays, in both of its layouts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from fastcnn.bench.operations import Case, Contestant
from fastcnn.bench.operations.geometry import Convolution
from fastcnn.bench.operations.operation import Array, Arrays

__all__ = ["IMAGES"]

aten = torch.ops.aten

LAYOUTS = {"channels_last": torch.channels_last, "channels_first": torch.contiguous_format}


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


def conv2d(case: Case, direction: str, arrays: Arrays) -> dict[str, Contestant]:
    shape = Convolution.of(case)
    (top, bottom), (left, right) = shape.edges
    if not shape.symmetric and direction != "forward":
        return {}
    outside = None if shape.symmetric else (left, right, top, bottom)
    padding = [top, left] if shape.symmetric else [0, 0]

    def forward(layout: Any) -> Contestant:
        x, w = planes(arrays["x"], layout), filters(arrays["kernel"], layout)
        bias = torch.from_numpy(arrays["bias"]) if "bias" in arrays else None
        relu = case["activation"] == "relu"

        def call() -> torch.Tensor:
            image = x if outside is None else F.pad(x, outside)
            y = F.conv2d(image, w, bias, shape.strides, padding, shape.dilation, shape.groups)
            return y.relu_() if relu else y

        return Contestant(call, lambda y: [image(y)])

    def backward(layout: Any) -> Contestant:
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

        return Contestant(lambda: aten.convolution_backward(dy, x, w, *settings), read)

    make = forward if direction == "forward" else backward
    return {name: make(layout) for name, layout in LAYOUTS.items()}


IMAGES: dict[str, Callable[..., dict[str, Contestant]]] = {"conv2d": conv2d}
