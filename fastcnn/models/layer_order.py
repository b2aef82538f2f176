"""The order of a model's layers, and so of its weights: that of Keras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastcnn.layers import Layer
from fastcnn.layers.base.keras_tensor import Call, KerasTensor

__all__ = ["keras_order", "layer_of"]


def layer_of(call: Call) -> Layer | None:
    """The layer that is called; None for an operation."""
    return call.function if isinstance(call.function, Layer) else None


def keras_order(inputs: Sequence[KerasTensor], outputs: Any, calls: Sequence[Call]) -> list[Layer]:
    """The layers from the inputs to the outputs.

    First comes what is the most calls away from the outputs, on the longest way; of several layers
    at one distance the one that is met first on the way back from the outputs, the keys of a dict
    of outputs in alphabetical order. Inputs are layers too; those that nothing reads are last.

    Args:
        inputs: Of the model.
        outputs: A KerasTensor or a structure of them.
        calls: Between them, in an order in which they can run.
    """
    given = {id(tensor): tensor for tensor in inputs}

    def made(tensor: KerasTensor) -> KerasTensor | Call:
        found = given.get(id(tensor), tensor.call)
        assert found is not None
        return found

    def owner(item: KerasTensor | Call) -> Any:
        """What is counted: a layer that is called twice is one."""
        kept = layer_of(item) if isinstance(item, Call) else item.origin
        return item if kept is None else kept

    met: dict[int, Any] = {}
    visited: set[int] = set()
    stack = [made(tensor) for tensor in reversed(_outputs_in_order(outputs))]
    while stack:
        item = stack.pop()
        if id(item) in visited:
            continue
        visited.add(id(item))
        met.setdefault(id(owner(item)), owner(item))
        if isinstance(item, Call):
            stack.extend(made(tensor) for tensor in reversed(item.inputs))

    of_call: dict[int, int] = {}
    of_owner: dict[int, int] = {}

    def settle(item: KerasTensor | Call) -> int:
        distance = max(of_call.get(id(item), 0), of_owner.get(id(owner(item)), 0))
        of_owner[id(owner(item))] = distance
        return distance

    for call in reversed(calls):
        distance = settle(call)
        for tensor in call.inputs:
            before = made(tensor)
            of_call[id(before)] = max(distance + 1, of_call.get(id(before), 0))
    for tensor in inputs:
        settle(tensor)
    unread = [owner(tensor) for tensor in inputs if id(owner(tensor)) not in met]
    ordered = [*unread, *met.values()]
    # Sorting keeps the order of equals.
    ordered.sort(key=lambda kept: -of_owner[id(kept)])
    return [kept for kept in ordered if isinstance(kept, Layer)]


def _outputs_in_order(outputs: Any) -> list[KerasTensor]:
    if isinstance(outputs, dict):
        return [leaf for key in sorted(outputs) for leaf in _outputs_in_order(outputs[key])]
    if isinstance(outputs, list | tuple):
        return [leaf for item in outputs for leaf in _outputs_in_order(item)]
    return [outputs]
