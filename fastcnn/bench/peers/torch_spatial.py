"""PyTorch's convolution of sequences and volumes, and its transposed convolution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from fastcnn.bench.operations import Candidate, Case
from fastcnn.bench.operations.convolution_nd import Places
from fastcnn.bench.operations.operation import Array, Arrays

__all__ = ["SPATIAL"]

aten = torch.ops.aten


def _layouts(rank: int) -> dict[str, Any]:
    last = {2: torch.channels_last, 3: torch.channels_last_3d}
    found = {"channels_first": torch.contiguous_format}
    return {"channels_last": last[rank], **found} if rank in last else found


def _first(x: Array, layout: Any) -> torch.Tensor:
    """Our images as PyTorch's."""
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(x, -1, 1))).contiguous(
        memory_format=layout
    )


def _last(y: torch.Tensor) -> Array:
    """PyTorch's images as ours."""
    return np.ascontiguousarray(np.moveaxis(y.numpy(), 1, -1))


def _filters(kernel: Array, layout: Any) -> torch.Tensor:
    axes = (kernel.ndim - 1, kernel.ndim - 2, *range(kernel.ndim - 2))
    return torch.from_numpy(np.ascontiguousarray(kernel.transpose(axes))).contiguous(
        memory_format=layout
    )


def _kernel(dw: torch.Tensor) -> Array:
    axes = (*range(2, dw.ndim), 1, 0)
    return np.ascontiguousarray(dw.numpy().transpose(axes))


def convolution(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    places = Places.of(case)
    rank = len(places.strides)
    transposed = case.op == "conv_transpose"
    padding = [before for before, _ in places.edges]
    reach = [(k - 1) * gap + 1 for k, gap in zip(places.kernel, places.dilation, strict=False)]
    extra = [
        large + sum(edge) - (small - 1) * step - span
        for large, small, edge, step, span in zip(
            places.large[1:-1], places.small[1:-1], places.edges, places.strides, reach, strict=True
        )
    ]
    if any(before != after for before, after in places.edges):
        return {}
    settings: Sequence[Any] = (
        places.strides, padding, places.dilation, transposed, extra if transposed else [0] * rank, 1
    )  # fmt: skip
    x_size, y_size = places.large, places.small
    if transposed:
        x_size, y_size = y_size, x_size

    def make(layout: Any) -> Candidate:
        blank = {"x": x_size, "kernel": places.kernel, "dy": y_size}
        # Where a direction needs only the shape of an array, it is given one of that shape.
        given = {name: arrays.get(name, np.zeros(size, np.float32)) for name, size in blank.items()}
        x, dy = _first(given["x"], layout), _first(given["dy"], layout)
        w = _filters(given["kernel"], layout)
        if direction == "forward":
            return Candidate(lambda: aten.convolution(x, w, None, *settings), lambda y: [_last(y)])
        mask = [direction == "input_gradient", direction == "filter_gradient", False]

        def read(found: Any) -> list[Array]:
            return [_last(found[0]) if mask[0] else _kernel(found[1])]

        return Candidate(lambda: aten.convolution_backward(dy, x, w, [0], *settings, mask), read)

    return {name: make(layout) for name, layout in _layouts(rank).items()}


SPATIAL: dict[str, Callable[..., dict[str, Candidate]]] = {
    "conv": convolution,
    "conv_transpose": convolution,
}
