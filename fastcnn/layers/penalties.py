"""Penalties that layers add to the loss: on their weights and on their outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastcnn import ops
from fastcnn.graph import Tensor
from fastcnn.layers.structure import flatten
from fastcnn.layers.trace import Trace, current_trace

if TYPE_CHECKING:
    from fastcnn.layers.layer import Layer
    from fastcnn.variable import Variable

__all__ = ["note_activity", "with_penalties"]


def note_activity(layer: Layer, outputs: Any) -> None:
    """Leave a layer's penalty on its outputs in the trace, if there is one.

    As in Keras it is divided by the size of the batch, so that it weighs the same for any.
    """
    trace, regularizer = current_trace(), layer.activity_regularizer
    if trace is None or regularizer is None:
        return
    owner = f"activity_regularizer of layer {layer.name!r}"
    for output in flatten(outputs):
        penalty = _penalty(owner, regularizer, output)
        if output.ndim > 0:
            penalty = ops.multiply(penalty, np.float32(1 / max(output.shape[0], 1)))
        trace.losses.append(penalty)


def with_penalties(loss: Tensor, layer: Layer, trace: Trace) -> Tensor:
    """``loss`` plus the penalties on the trained weights of ``layer`` and on outputs traced.

    Args:
        loss: Scalar.
        layer: The model.
        trace: What its call on Tensors left behind.

    Raises:
        ValueError: A regularizer that returns no scalar.
    """
    for penalty in [*_of_weights(layer.trainable_weights), *trace.losses]:
        loss = ops.add(loss, penalty)
    return loss


def _of_weights(weights: list[Variable]) -> list[Tensor]:
    return [
        _penalty(f"regularizer of {weight.name!r}", weight.regularizer, weight.tensor)
        for weight in weights
        if weight.regularizer is not None
    ]


def _penalty(owner: str, regularizer: Callable[[Any], Any], value: Tensor) -> Tensor:
    found = regularizer(value)
    if not isinstance(found, Tensor) or found.shape != ():
        came = f"shape {found.shape}" if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            f"the {owner} must return a scalar Tensor made with fastcnn.ops, e.g. "
            f"ops.sum(ops.square(x)); got {came}"
        )
    return found
