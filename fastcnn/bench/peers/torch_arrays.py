"""PyTorch's products, elementwise operations, rows, losses and optimizers on our arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812

from fastcnn.bench.operations import Candidate, Case
from fastcnn.bench.operations.operation import Arrays
from fastcnn.bench.operations.optimizer import ADAM, MOMENTUM, RATE

__all__ = ["ARRAYS"]

aten = torch.ops.aten
Tensors = dict[str, torch.Tensor]


def _read(found: Any) -> list[Any]:
    tensors = found if isinstance(found, list | tuple) else [found]
    return [tensor.numpy() for tensor in tensors]


def _simple(
    forward: Callable[[Case, Tensors], Callable[[], Any]],
    backward: Callable[[Case, Tensors], Callable[[], Any]] | None = None,
) -> Callable[..., dict[str, Candidate]]:
    """A row: takes the case and the arrays as tensors, gives the call."""

    def make(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
        chosen = forward if direction == "forward" else backward
        if chosen is None:
            return {}
        tensors = {
            name: torch.from_numpy(array) if array.ndim else torch.tensor(array.item())
            for name, array in arrays.items()
        }
        return {"torch": Candidate(chosen(case, tensors), _read)}

    return make


def _matmul(case: Case, t: Tensors) -> Callable[[], Any]:
    a = t["a"].T if case["transpose_a"] else t["a"]
    b = t["b"].T if case["transpose_b"] else t["b"]
    return lambda: a @ b


def _dense(case: Case, t: Tensors) -> Callable[[], Any]:
    # As torch.nn.Linear keeps them.
    weights = t["kernel"].T.contiguous()

    def call() -> torch.Tensor:
        y = F.linear(t["x"], weights, t["bias"])
        return y.relu_() if case["activation"] == "relu" else y

    return call


def _dense_backward(case: Case, t: Tensors) -> Callable[[], Any]:
    x, dy = t["x"], t["dy"]
    weights = t["kernel"].T.contiguous()
    # The gradient of the weights comes transposed, as they are.
    return lambda: (dy @ weights, (dy.T @ x).T, dy.sum(0))


def _function(call: Callable[..., Any]) -> Callable[[Case, Tensors], Callable[[], Any]]:
    """Of all arrays in order."""

    def chosen(case: Case, t: Tensors) -> Callable[[], Any]:
        values = list(t.values())
        return lambda: call(*values)

    return chosen


def _axes(case: Case) -> tuple[int, ...]:
    return (-1,) if case["axis"] == "last" else tuple(range(len(case["x"]) - 1))


def _scale_shift_relu(case: Case, t: Tensors) -> Callable[[], Any]:
    x, scale, shift = t["x"], t["scale"], t["shift"]
    return lambda: torch.addcmul(shift, x, scale).relu_()


def _rescale(x: torch.Tensor) -> torch.Tensor:
    return x.to(torch.float32).mul_(1 / 255)


def _slice(case: Case, t: Tensors) -> Callable[[], Any]:
    box = tuple(slice(i, i + n) for i, n in zip(case["start"], case["size"], strict=True))
    return lambda: t["x"][box].contiguous()


def _losses(case: Case, t: Tensors) -> Callable[[], Any]:
    truth, scores = t["y_true"], t["x"]
    return lambda: F.cross_entropy(scores, truth, reduction="none")


def _losses_backward(case: Case, t: Tensors) -> Callable[[], Any]:
    """As autograd does it: from the logarithms that forward has kept."""
    truth, scores, dy = t["y_true"], t["x"], t["dy"]
    logs = torch.log_softmax(scores, -1)
    if truth.dtype == torch.float32:

        def of_rows() -> torch.Tensor:
            gradients = truth * dy[:, None]
            return aten._log_softmax_backward_data(-gradients, logs, -1, torch.float32)

        return of_rows
    total = torch.tensor(0.0)

    def of_labels() -> torch.Tensor:
        gradients = aten.nll_loss_backward(dy, logs, truth, None, 0, -100, total)
        return aten._log_softmax_backward_data(gradients, logs, -1, torch.float32)

    return of_labels


def _in_top_k(case: Case, t: Tensors) -> Callable[[], Any]:
    truth, scores = t["y_true"], t["x"]

    def call() -> torch.Tensor:
        best = scores.topk(case["k"], sorted=False).indices
        return (best == truth[:, None]).any(-1).to(torch.float32)

    return call


def _update(state: tuple[str, ...]) -> Callable[..., dict[str, Candidate]]:
    """An optimizer of torch.optim; its state is put in place after a step that makes it."""

    def make(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
        return {
            way: _optimizer(state, arrays, **settings)
            for way, settings in {"foreach": {"foreach": True}, "fused": {"fused": True}}.items()
        }

    return make


def _optimizer(state: tuple[str, ...], arrays: Arrays, **settings: bool) -> Candidate:
    w = torch.nn.Parameter(torch.from_numpy(arrays["w"].copy()), requires_grad=True)
    w.grad = torch.zeros_like(w)
    optimizer: torch.optim.Optimizer
    if "m" in state:
        # Keras adds epsilon to the root before the correction of its bias, PyTorch after.
        optimizer = torch.optim.Adam(
            [w], lr=RATE, betas=ADAM[:2], eps=ADAM[2] / (1 - ADAM[1]) ** 0.5, **settings
        )
    else:
        momentum = MOMENTUM if state else 0.0
        optimizer = torch.optim.SGD([w], lr=RATE, momentum=momentum, **settings)
    optimizer.step()
    w.data.copy_(torch.from_numpy(arrays["w"]))
    w.grad = torch.from_numpy(arrays["gradient"])
    kept = optimizer.state[w]
    if "m" in state:
        kept["exp_avg"].copy_(torch.from_numpy(arrays["m"]))
        kept["exp_avg_sq"].copy_(torch.from_numpy(arrays["v"]))
        kept["step"].zero_()
    elif state:
        # PyTorch's velocity is a mean of gradients, ours already times -RATE.
        kept["momentum_buffer"].copy_(torch.from_numpy(arrays["velocity"]) / -RATE)

    def read(_: Any) -> list[Any]:
        found = [w.detach().numpy().copy()]
        if "m" in state:
            found += [kept["exp_avg"].numpy().copy(), kept["exp_avg_sq"].numpy().copy()]
        elif state:
            found.append(kept["momentum_buffer"].numpy() * np.float32(-RATE))
        return found

    return Candidate(optimizer.step, read)


#: Operations that PyTorch calls as we do.
SAME_NAME = (
    "exp", "log", "sqrt", "square", "negative", "absolute",
    "add", "subtract", "multiply", "divide", "maximum", "minimum",
)  # fmt: skip

ARRAYS: dict[str, Callable[..., dict[str, Candidate]]] = {
    "matmul": _simple(_matmul),
    "dense": _simple(_dense, _dense_backward),
    "relu": _simple(
        _function(torch.relu), lambda case, t: lambda: aten.threshold_backward(t["dy"], t["y"], 0)
    ),
    "sigmoid": _simple(
        _function(torch.sigmoid), lambda case, t: lambda: aten.sigmoid_backward(t["dy"], t["y"])
    ),
    "tanh": _simple(
        _function(torch.tanh), lambda case, t: lambda: aten.tanh_backward(t["dy"], t["y"])
    ),
    **{name: _simple(_function(getattr(torch, name))) for name in SAME_NAME},
    "greater": _simple(_function(lambda a, b: torch.gt(a, b).to(torch.float32))),
    "equal": _simple(_function(lambda a, b: torch.eq(a, b).to(torch.float32))),
    "add_relu": _simple(_function(lambda a, b: torch.add(a, b).relu_())),
    "scale_shift_relu": _simple(_scale_shift_relu),
    "softmax": _simple(
        _function(lambda x: torch.softmax(x, -1)),
        lambda case, t: lambda: aten._softmax_backward_data(t["dy"], t["y"], -1, torch.float32),
    ),
    "log_softmax": _simple(
        _function(lambda x: torch.log_softmax(x, -1)),
        lambda case, t: lambda: aten._log_softmax_backward_data(t["dy"], t["y"], -1, torch.float32),
    ),
    "argmax": _simple(_function(lambda x: torch.argmax(x, -1))),
    "sum": _simple(lambda case, t: lambda: t["x"].sum(_axes(case))),
    "mean": _simple(lambda case, t: lambda: t["x"].mean(_axes(case))),
    "mean_squared_error": _simple(
        _function(lambda truth, y: F.mse_loss(y, truth, reduction="none").mean(-1))
    ),
    "categorical_crossentropy": _simple(_losses, _losses_backward),
    "sparse_categorical_crossentropy": _simple(_losses, _losses_backward),
    "binary_crossentropy": _simple(
        _function(
            lambda truth, y: F.binary_cross_entropy_with_logits(y, truth, reduction="none").mean(-1)
        )
    ),
    "in_top_k": _simple(_in_top_k),
    "reshape": _simple(lambda case, t: lambda: t["x"].reshape(case["shape"]).clone()),
    "flatten": _simple(_function(lambda x: x.flatten(1).clone())),
    "transpose": _simple(lambda case, t: lambda: t["x"].permute(case["axes"]).contiguous()),
    "broadcast_to": _simple(
        lambda case, t: lambda: t["x"].broadcast_to(case["shape"]).contiguous()
    ),
    "slice": _simple(_slice),
    "concatenate": _simple(_function(lambda a, b: torch.cat([a, b], -1))),
    "stop_gradient": _simple(_function(torch.clone)),
    "cast": _simple(_function(lambda x: x.to(torch.float32))),
    "rescale": _simple(_function(_rescale)),
    "one_hot": _simple(
        lambda case, t: lambda: F.one_hot(t["labels"], case["depth"]).to(torch.float32)
    ),
    "sgd": _update(()),
    "momentum": _update(("velocity",)),
    "adam": _update(("m", "v")),
}
