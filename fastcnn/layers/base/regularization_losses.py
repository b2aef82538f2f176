"""Penalties that layers add to the loss: on their weights and on their outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.graph import Tensor
from fastcnn.layers.base.protocols import LayerLike
from fastcnn.layers.base.trace_context import Trace, current_trace
from fastcnn.tree import flatten

__all__ = ["note_activity", "penalties"]


def note_activity(layer: LayerLike, outputs: Any) -> None:
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
        trace.loss_owners[penalty] = owner


def penalties(layer: LayerLike, trace: Trace) -> list[tuple[str, Tensor]]:
    """Penalties on the trained weights of ``layer`` and on outputs traced, each with its owner.

    Args:
        layer: The model.
        trace: What its call on Tensors left behind.

    Returns:
        Pairs of an owner, for messages, and a scalar to be added to the loss.

    Raises:
        ValueError: A regularizer that does not return a scalar.
    """
    of_weights = []
    for weight in layer.trainable_weights:
        if weight.regularizer is not None:
            owner = f"regularizer of {weight.name!r}"
            of_weights.append((owner, _penalty(owner, weight.regularizer, weight.tensor)))
    of_outputs = [(trace.loss_owners.get(loss, "penalty"), loss) for loss in trace.losses]
    return of_weights + of_outputs


def _penalty(owner: str, regularizer: Callable[[Any], Any], value: Tensor) -> Tensor:
    found = regularizer(value)
    if not isinstance(found, Tensor) or found.shape != ():
        came = f"shape {found.shape}" if isinstance(found, Tensor) else type(found).__name__
        raise ValueError(
            f"the {owner} must return a scalar Tensor made with fastcnn.ops, e.g. "
            f"ops.sum(ops.square(x)); got {came}"
        )
    return found
