"""PyTorch, with channels first and last: forward under ``inference_mode``, gradients by aten."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from fastcnn.bench.operations import Candidate, Case
from fastcnn.bench.operations.operation import Arrays
from fastcnn.bench.peers.torch_arrays import ARRAYS
from fastcnn.bench.peers.torch_images import IMAGES
from fastcnn.bench.peers.torch_normalization import NORMALIZATION
from fastcnn.bench.peers.torch_spatial import SPATIAL

VERSION = torch.__version__

#: Operation -> its ways: ``(case, direction, arrays)``.
_OPERATIONS: dict[str, Callable[..., dict[str, Candidate]]] = {
    **IMAGES,
    **SPATIAL,
    **NORMALIZATION,
    **ARRAYS,
}


def start(threads: int) -> None:
    """As many threads as everybody."""
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)


def ways(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    """Both layouts where there are images, else one."""
    make = _OPERATIONS.get(case.op)
    if make is None:
        return {}
    found = make(case, direction, arrays)
    return {name: Candidate(inference(c.call), c.read) for name, c in found.items()}


def inference(call: Callable[[], Any]) -> Callable[[], Any]:
    """The call as PyTorch's users make it where nothing is trained."""

    def inside() -> Any:
        with torch.inference_mode():
            return call()

    return inside
