"""oneDNN as PyTorch reaches it: filters packed once, images channels last or in blocks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812

from fastcnn.bench.operations import Candidate, Case
from fastcnn.bench.operations.geometry import Convolution
from fastcnn.bench.operations.operation import Array, Arrays
from fastcnn.bench.peers.torch_images import filters, image, planes, window_of
from fastcnn.bench.peers.torch_peer import inference

VERSION = f"in torch {torch.__version__}"


def start(threads: int) -> None:
    """As many threads as everybody."""
    if not torch.backends.mkldnn.is_available():
        raise ImportError("this PyTorch has no oneDNN")
    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)


def ways(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    """Forward only; PyTorch's own gradients are oneDNN's already."""
    make = _OPERATIONS.get(case.op)
    if make is None or direction != "forward":
        return {}
    return {name: Candidate(inference(c.call), c.read) for name, c in make(case, arrays).items()}


def _blocked(x: Array) -> torch.Tensor:
    """Images in the layout of a convolution's result, which oneDNN's operations like best."""
    channels = x.shape[-1]
    one = torch.eye(channels)[:, :, None, None]
    return F.conv2d(planes(x, torch.contiguous_format).to_mkldnn(), one.to_mkldnn())


def _read(y: torch.Tensor) -> list[Array]:
    return [image(y.to_dense() if y.is_mkldnn else y)]


def _conv2d(case: Case, arrays: Arrays) -> dict[str, Candidate]:
    shape = Convolution.of(case)
    if not shape.symmetric:
        return {}
    padding = [before for before, _ in shape.edges]
    settings: list[Any] = [shape.strides, shape.dilation, shape.groups]
    w = filters(arrays["kernel"], torch.contiguous_format)
    bias = torch.from_numpy(arrays["bias"]) if "bias" in arrays else None
    relu = case["activation"] == "relu"

    x = planes(arrays["x"], torch.channels_last)
    packed = torch._C._nn.mkldnn_reorder_conv2d_weight(
        w.to_mkldnn(), padding, shape.strides, shape.dilation, shape.groups, list(x.shape)
    )

    def fused() -> torch.Tensor:
        return torch.ops.mkldnn._convolution_pointwise(
            x, packed, bias, padding, *settings, "relu" if relu else "none", [], ""
        )

    found = {"channels_last": Candidate(fused, _read)}
    if not relu:
        blocks = _blocked(arrays["x"])
        other = None if bias is None else bias.to_mkldnn()

        def in_blocks() -> torch.Tensor:
            return F.conv2d(blocks, packed, other, shape.strides, padding, *settings[1:])

        found["blocked"] = Candidate(in_blocks, _read)
    return found


def _pool(call: Callable[..., torch.Tensor]) -> Callable[[Case, Arrays], dict[str, Candidate]]:
    def make(case: Case, arrays: Arrays) -> dict[str, Candidate]:
        window = window_of(case)
        if window is None:
            return {}
        blocks = _blocked(arrays["x"])
        return {"blocked": Candidate(lambda: call(blocks, *window), _read)}

    return make


def _average(x: torch.Tensor, size: Any, strides: Any, padding: Any) -> torch.Tensor:
    return F.avg_pool2d(x, size, strides, padding, False, False)


def _dense(case: Case, arrays: Arrays) -> dict[str, Candidate]:
    x, bias = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["bias"])
    weights = torch.from_numpy(arrays["kernel"]).T.contiguous()
    packed = torch.ops.mkldnn._reorder_linear_weight(weights, len(x))
    relu = "relu" if case["activation"] == "relu" else "none"
    return {
        "packed": Candidate(
            lambda: torch.ops.mkldnn._linear_pointwise(x, packed, bias, relu, [], ""),
            lambda y: [y.numpy()],
        )
    }


_OPERATIONS: dict[str, Callable[[Case, Arrays], dict[str, Candidate]]] = {
    "conv2d": _conv2d,
    "max_pool2d": _pool(F.max_pool2d),
    "average_pool2d": _pool(_average),
    "dense": _dense,
}
