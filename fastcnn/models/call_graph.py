"""The calls between a model's inputs and outputs: found, run, written down and read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from fastcnn import ops
from fastcnn.config.references import describe
from fastcnn.layers import InputLayer, Layer
from fastcnn.layers.base.keras_tensor import Call, KerasTensor, record, run_call
from fastcnn.layers.base.registry import make_layer
from fastcnn.layers.base.validation import known_dtype
from fastcnn.models.layer_order import keras_order, layer_of
from fastcnn.ops.common.public_operation import PUBLIC
from fastcnn.tree import flatten, map_structure

__all__ = ["CallGraph", "input_of"]

# A file that describes more than this is not a model.
_MOST_CALLS = 100_000


class CallGraph:
    """The calls that lead from inputs to outputs, in an order in which they can run.

    Args:
        inputs: KerasTensor or a structure of them.
        outputs: KerasTensor or a structure of them.

    Raises:
        TypeError: Something else than KerasTensors.
        ValueError: An output needs an input that is not listed.
    """

    def __init__(self, inputs: Any, outputs: Any) -> None:
        self.input_structure = inputs
        self.output_structure = outputs
        self.inputs = _keras_tensors(inputs, "inputs")
        self.outputs = _keras_tensors(outputs, "outputs")
        self.calls = _ordered_calls(self.inputs, self.outputs)
        #: Layers and inputs as Keras orders them.
        self.ordered = keras_order(self.inputs, outputs, self.calls)

    def takes_uint8(self, tensor: KerasTensor) -> bool:
        """Whether everything that reads this input can do so before a cast to float32."""
        readers = [layer_of(call) for call in self.calls if any(t is tensor for t in call.inputs)]
        return all(layer is not None and layer.takes_uint8 for layer in readers)

    @property
    def layers(self) -> list[Layer]:
        """The layers that are called, each once, in order of their first call."""
        found = {id(layer): layer for layer in map(layer_of, self.calls) if layer is not None}
        return list(found.values())

    def run(
        self, values: Sequence[Any], watch: Callable[[Call, dict[int, Any]], None] | None = None
    ) -> Any:
        """Run all calls.

        Args:
            values: One Tensor (or KerasTensor) per input.
            watch: Called after each call, with the values by ``id`` of their KerasTensors.

        Returns:
            Values in the structure of the outputs.
        """
        known = {id(tensor): value for tensor, value in zip(self.inputs, values, strict=True)}
        for call in self.calls:
            run_call(call, known)
            if watch is not None:
                watch(call, known)
        return map_structure(lambda tensor: known[id(tensor)], self.output_structure)

    def get_config(self) -> dict[str, Any]:
        """The graph as JSON data; layers by their configurations.

        Raises:
            TypeError: An argument of a call that JSON cannot hold.
        """
        place = {id(tensor): [-1, index] for index, tensor in enumerate(self.inputs)}
        layers, calls = self.layers, []
        numbers = {id(layer): index for index, layer in enumerate(layers)}
        for position, call in enumerate(self.calls):
            layer = layer_of(call)
            what = {"op": call.name} if layer is None else {"layer": numbers[id(layer)]}
            calls.append(
                {
                    **what,
                    "args": [_encoded(arg, place) for arg in call.args],
                    "kwargs": {key: _encoded(arg, place) for key, arg in call.kwargs.items()},
                }
            )
            for index, output in enumerate(flatten(call.outputs)):
                place[id(output)] = [position, index]
        return {
            "inputs": [
                {"shape": list(tensor.shape), "dtype": tensor.dtype.name, "name": tensor.name}
                for tensor in self.inputs
            ],
            "input_structure": _encoded(self.input_structure, place),
            "layers": [describe(layer) for layer in layers],
            "calls": calls,
            "output_structure": _encoded(self.output_structure, place),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> CallGraph:
        """Make the calls that :meth:`get_config` described.

        Args:
            config: What it returned.

        Raises:
            ValueError: The description is not a graph of known operations.
        """
        if len(config["calls"]) > _MOST_CALLS:
            raise ValueError(f"a model of {len(config['calls'])} calls; at most {_MOST_CALLS}")
        inputs = [input_of(entry) for entry in config["inputs"]]
        values: dict[tuple[int, int], Any] = {(-1, i): tensor for i, tensor in enumerate(inputs)}
        layers = [make_layer(entry) for entry in config["layers"]]
        for position, entry in enumerate(config["calls"]):
            args = tuple(_decoded(arg, values) for arg in entry["args"])
            kwargs = {str(key): _decoded(arg, values) for key, arg in entry["kwargs"].items()}
            if not any(isinstance(leaf, KerasTensor) for leaf in flatten([args, kwargs])):
                # Nothing writes such a call, and what has no open value would be computed at once.
                raise ValueError(f"call {position} takes no value of the model, only constants")
            if "layer" in entry:
                number = entry["layer"]
                if not isinstance(number, int) or not 0 <= number < len(layers):
                    raise ValueError(f"call {position} names layer {number!r} of {len(layers)}")
                outputs = layers[number](*args, **kwargs)
            else:
                function = _operation(entry.get("op"))
                renamed = ops.FORMER_ARGUMENTS.get(function.__name__, {})
                kwargs = {renamed.get(key, key): value for key, value in kwargs.items()}
                outputs = record(function, args, kwargs)
            for index, output in enumerate(flatten(outputs)):
                values[position, index] = output
        return cls(
            _decoded(config["input_structure"], values),
            _decoded(config["output_structure"], values),
        )


def input_of(entry: Mapping[str, Any]) -> KerasTensor:
    """The input that shape, dtype and name of a description stand for.

    Raises:
        ValueError: A dtype that no operation takes.
    """
    batch, *shape = entry["shape"]
    return InputLayer(shape, batch, known_dtype(entry["dtype"]), name=entry["name"]).tensor


def _keras_tensors(structure: Any, what: str) -> list[KerasTensor]:
    tensors = flatten(structure)
    wrong = [tensor for tensor in tensors if not isinstance(tensor, KerasTensor)]
    if wrong or not tensors:
        came = type(wrong[0]).__name__ if wrong else "nothing"
        raise TypeError(
            f"Model: {what} must be what Input() and layers return, or a list or dict of it; got "
            f"{came}"
        )
    return tensors


def _ordered_calls(inputs: list[KerasTensor], outputs: list[KerasTensor]) -> list[Call]:
    """Calls between inputs and outputs; those that a call needs come before it."""
    given = {id(tensor) for tensor in inputs}
    order: dict[int, Call] = {}
    stack: list[tuple[KerasTensor | Call, bool]] = [(tensor, False) for tensor in reversed(outputs)]
    while stack:
        item, finished = stack.pop()
        if isinstance(item, Call):
            if finished:
                order.setdefault(id(item), item)
            elif id(item) not in order:
                stack.append((item, True))
                stack.extend((tensor, False) for tensor in reversed(item.inputs))
        elif id(item) not in given:
            if item.call is None:
                raise ValueError(
                    f"Model: an output depends on input {item.name!r} of shape {item.shape}, which "
                    "is not among inputs; list it there"
                )
            stack.append((item.call, False))
    return list(order.values())


def _encoded(value: Any, place: Mapping[int, list[int]]) -> Any:
    if isinstance(value, KerasTensor):
        return {"tensor": place[id(value)]}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist(), "dtype": value.dtype.name, "shape": list(value.shape)}
    if isinstance(value, np.generic):
        return {"array": value.item(), "dtype": value.dtype.name, "shape": []}
    if hasattr(value, "_fields"):
        raise TypeError(
            f"cannot save a model with a named tuple, {type(value).__name__}: a file does not have "
            "its class, and a plain tuple would come back. Use a dict"
        )
    if isinstance(value, list | tuple):
        kind = "list" if isinstance(value, list) else "tuple"
        return {kind: [_encoded(item, place) for item in value]}
    if isinstance(value, dict):
        if wrong := [key for key in value if not isinstance(key, str)]:
            raise TypeError(
                f"cannot save a model with the key {wrong[0]!r} in a dict of inputs, outputs or "
                "arguments: keys in files are strings"
            )
        return {"dict": {str(key): _encoded(item, place) for key, item in value.items()}}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"cannot save a call with an argument of type {type(value).__name__}")


def _decoded(value: Any, values: Mapping[tuple[int, int], Any]) -> Any:
    if not isinstance(value, dict):
        return value
    if "tensor" in value:
        key = tuple(value["tensor"])
        if key not in values:
            raise ValueError(f"a call uses a value {key} that nothing before it makes")
        return values[key]
    if "array" in value:
        array = np.array(value["array"], known_dtype(value["dtype"]))
        if list(array.shape) != value["shape"]:
            raise ValueError(f"a constant of shape {array.shape} is declared as {value['shape']}")
        return array
    if "list" in value:
        return [_decoded(item, values) for item in value["list"]]
    if "tuple" in value:
        return tuple(_decoded(item, values) for item in value["tuple"])
    if "dict" in value:
        return {key: _decoded(item, values) for key, item in value["dict"].items()}
    raise ValueError(f"a call has an argument that is none of ours: {value!r}"[:200])


def _operation(name: Any) -> Callable[..., Any]:
    if isinstance(name, str):
        name = ops.FORMER_NAMES.get(name, name)
    if name not in PUBLIC or name not in ops.__all__:
        raise ValueError(f"the model uses an operation {name!r} that this version does not have")
    return PUBLIC[name]
