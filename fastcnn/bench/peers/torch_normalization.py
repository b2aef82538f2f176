"""PyTorch's normalisations on our arrays; those of images in both of its layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from fastcnn.bench.operations import Candidate, Case
from fastcnn.bench.operations.operation import Array, Arrays
from fastcnn.bench.peers.torch_images import both, image, planes

__all__ = ["NORMALIZATION"]

aten = torch.ops.aten
EPSILON = 1e-3


def _deviation(variance: Array) -> torch.Tensor:
    """The reciprocal of the deviation, which PyTorch keeps."""
    return torch.from_numpy((1 / np.sqrt(np.float64(variance) + EPSILON)).astype(np.float32))


def _variance(deviation: torch.Tensor) -> Array:
    variance: Array = (deviation.double() ** -2 - EPSILON).numpy()
    return variance


def batch_normalization(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    if len(case["x"]) != 4:
        return {}
    gamma, beta, mean, variance = (
        torch.from_numpy(arrays[name]) for name in ("gamma", "beta", "mean", "variance")
    )

    def make(layout: Any) -> Candidate:
        x = planes(arrays["x"], layout)
        return Candidate(
            lambda: F.batch_norm(x, mean, variance, gamma, beta, False, 0.0, EPSILON),
            lambda y: [image(y)],
        )

    return both(make)


def batch_normalization_training(
    case: Case, direction: str, arrays: Arrays
) -> dict[str, Candidate]:
    if len(case["x"]) != 4:
        return {}
    gamma, beta = (torch.from_numpy(arrays[name]) for name in ("gamma", "beta"))

    def forward(layout: Any) -> Candidate:
        x = planes(arrays["x"], layout)

        def read(found: Any) -> list[Array]:
            y, mean, deviation = found
            return [image(y), mean.numpy(), _variance(deviation)]

        return Candidate(
            lambda: aten.native_batch_norm(x, gamma, beta, None, None, True, 0.0, EPSILON), read
        )

    def backward(layout: Any) -> Candidate:
        x, dy = planes(arrays["x"], layout), planes(arrays["dy"], layout)
        mean = torch.from_numpy(arrays["mean"])
        deviation = _deviation(arrays["variance"])
        return Candidate(
            lambda: aten.native_batch_norm_backward(
                dy, x, gamma, None, None, mean, deviation, True, EPSILON, [True, True, True]
            ),
            lambda found: [image(found[0]), found[1].numpy(), found[2].numpy()],
        )

    return both(forward if direction == "forward" else backward)


def group_normalization(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    if len(case["x"]) != 4:
        return {}
    gamma, beta = (torch.from_numpy(arrays[name]) for name in ("gamma", "beta"))
    n, height, width, channels = case["x"]
    sizes = n, channels, height * width, case["groups"]

    def forward(layout: Any) -> Candidate:
        x = planes(arrays["x"], layout)

        def read(found: Any) -> list[Array]:
            y, mean, deviation = found
            return [image(y), mean.numpy(), _variance(deviation)]

        return Candidate(lambda: aten.native_group_norm(x, gamma, beta, *sizes, EPSILON), read)

    def backward(layout: Any) -> Candidate:
        x, dy = planes(arrays["x"], layout), planes(arrays["dy"], layout)
        mean = torch.from_numpy(arrays["mean"])
        deviation = _deviation(arrays["variance"])
        return Candidate(
            lambda: aten.native_group_norm_backward(
                dy, x, mean, deviation, gamma, *sizes, [True, True, True]
            ),
            lambda found: [image(found[0]), found[1].numpy(), found[2].numpy()],
        )

    return both(forward if direction == "forward" else backward)


def layer_normalization(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    x, gamma, beta = (torch.from_numpy(arrays[name]) for name in ("x", "gamma", "beta"))
    shape = case["x"][-1:]
    if direction == "forward":

        def read(found: Any) -> list[Array]:
            y, mean, deviation = found
            return [y.numpy(), mean.reshape(-1, 1).numpy(), _variance(deviation.reshape(-1, 1))]

        return {
            "torch": Candidate(lambda: aten.native_layer_norm(x, shape, gamma, beta, EPSILON), read)
        }
    dy = torch.from_numpy(arrays["dy"])
    wide = (*case["x"][:-1], 1)
    mean = torch.from_numpy(arrays["mean"]).reshape(wide)
    deviation = _deviation(arrays["variance"]).reshape(wide)
    return {
        "torch": Candidate(
            lambda: aten.native_layer_norm_backward(
                dy, x, shape, mean, deviation, gamma, beta, [True, True, True]
            ),
            lambda found: [a.numpy() for a in found],
        )
    }


def rms_normalization(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    x, gamma = (torch.from_numpy(arrays[name]) for name in ("x", "gamma"))
    shape = case["x"][-1:]
    return {"torch": Candidate(lambda: F.rms_norm(x, shape, gamma, EPSILON), lambda y: [y.numpy()])}


NORMALIZATION: dict[str, Callable[..., dict[str, Candidate]]] = {
    "batch_normalization": batch_normalization,
    "batch_normalization_training": batch_normalization_training,
    "group_normalization": group_normalization,
    "layer_normalization": layer_normalization,
    "rms_normalization": rms_normalization,
}
