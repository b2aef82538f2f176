"""How a row is called: eagerly, in a graph, and as compiled gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastcnn import graph, ops
from ops.cases.case import Case

__all__ = ["flat", "gradient", "gradient_function", "placeholders", "run", "symbolic"]

Inputs = Mapping[str, Any]


def run(case: Case, inputs: Inputs) -> tuple[np.ndarray, ...]:
    """Eagerly; always a tuple."""
    y = getattr(ops, case.op)(**inputs, **case.attributes)
    return y if isinstance(y, tuple) else (y,)


def flat(inputs: Mapping[str, Any]) -> list[Any]:
    """Arrays in order, those of a list one by one."""
    return [a for value in inputs.values() for a in (value if isinstance(value, list) else [value])]


def placeholders(value: Any, name: str | None = None) -> Any:
    """A placeholder for an array, a list of them for a list; what else there is, as it is."""
    if isinstance(value, np.ndarray):
        return graph.placeholder(value.shape, value.dtype, name)
    if isinstance(value, list):
        return [placeholders(item) for item in value]
    return value


def symbolic(case: Case, inputs: Inputs) -> tuple[dict[str, Any], tuple[graph.Tensor, ...]]:
    """The operation in a graph: its placeholders, by argument, and its outputs."""
    tensors = {name: placeholders(value, name) for name, value in inputs.items()}
    y = getattr(ops, case.op)(**tensors, **case.attributes)
    return tensors, y if isinstance(y, tuple) else (y,)


def gradient_function(case: Case, inputs: Inputs, dys: Sequence[np.ndarray]) -> graph.Function:
    """Compiled gradients of ``(op(*inputs) * dy).sum()``, flat in the order of ``differentiable``.

    Its arguments are the flat inputs, then ``dys``.
    """
    tensors, outputs = symbolic(case, inputs)
    weights = [graph.placeholder(dy.shape) for dy in dys]
    wrt = flat({name: tensors[name] for name in case.differentiable})
    if len(outputs) == 1:
        found = graph.gradients(outputs[0], wrt, weights[0])
    else:
        total = ops.sum(ops.multiply(outputs[0], weights[0]))
        for y, dy in zip(outputs[1:], weights[1:], strict=True):
            total = ops.add(total, ops.sum(ops.multiply(y, dy)))
        found = graph.gradients(total, wrt)
    return graph.compile([*flat(tensors), *weights], found)


def gradient(function: Callable[..., graph.Tensor], *arrays: np.ndarray) -> np.ndarray:
    """Gradient of the sum of a function of Tensors with respect to its first argument."""
    tensors = [graph.placeholder(a.shape, a.dtype) for a in arrays]
    y = function(*tensors)
    ones = graph.placeholder(y.shape)
    compiled = graph.compile([*tensors, ones], graph.gradients(y, tensors[:1], ones))
    return compiled(*arrays, np.ones(y.shape, np.float32))[0]
