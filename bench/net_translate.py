"""A fastcnn network, with its weights, as one of PyTorch, Keras and ONNX.

The layers that ``bench.nets`` needs are known, others raise. Peers with channels first get images
and filters that way, and the rows of the first dense layer after ``Flatten`` in their order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastcnn import Model, layers
from fastcnn.models.layer_order import layer_of
from fastcnn.tree import flatten

__all__ = ["Step", "bounds", "filters", "rows", "steps_of", "to_keras", "to_onnx", "to_torch"]

Array = np.ndarray


@dataclass(frozen=True)
class Step:
    """A call of a layer: values are numbered, the network's input is 0."""

    layer: layers.Layer
    inputs: list[int]
    output: int

    @property
    def kind(self) -> str:
        return type(self.layer).__name__

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        """Rows and columns of padding, before and after."""
        padding = self.layer.padding
        if isinstance(padding, tuple):
            return padding
        if padding == "valid":
            return ((0, 0), (0, 0))
        if self.layer.strides != (1, 1):
            raise NotImplementedError("'same' with a stride depends on the size of the image")
        window = getattr(self.layer, "kernel_size", None) or self.layer.pool_size
        return tuple(((extent - 1) // 2, extent // 2) for extent in window)

    @property
    def activation(self) -> str:
        return getattr(getattr(self.layer, "activation", None), "__name__", "linear")


def steps_of(model: Model) -> list[Step]:
    """The calls of a model with one input and one output, in an order in which they can run."""
    assert model.graph is not None
    place = {id(model.graph.inputs[0]): 0}
    steps = []
    for number, call in enumerate(model.graph.calls, start=1):
        layer = layer_of(call)
        if layer is None:
            raise NotImplementedError(f"the operation {call.name}")
        steps.append(Step(layer, [place[id(tensor)] for tensor in call.inputs], number))
        place[id(flatten(call.outputs)[0])] = number
    return steps


def bounds(layer: layers.ReLU) -> tuple[float, float]:
    return 0.0, float("inf") if layer.max_value is None else float(layer.max_value)


def filters(layer: layers.Layer) -> Array:
    """Filters as (outputs, inputs of a group, rows, columns)."""
    kernel = layer.get_weights()[0]
    order = (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (3, 2, 0, 1)
    return np.ascontiguousarray(kernel.transpose(order))


def rows(step: Step, steps: list[Step]) -> Array:
    """The kernel of a dense layer for values that were flattened channels first."""
    kernel: Array = step.layer.get_weights()[0]
    before = next((each for each in steps if each.output == step.inputs[0]), None)
    if before is not None and before.kind == "Flatten":
        height, width, channels = before.layer.input.shape[1:]
        shaped = kernel.reshape(height, width, channels, -1)
        kernel = shaped.transpose(2, 0, 1, 3).reshape(kernel.shape)
    return np.ascontiguousarray(kernel)


# PyTorch


def to_torch(model: Model) -> Any:
    """A ``torch.nn.Module`` of images channels first; logits instead of a final softmax, unless it
    is put into evaluation mode.
    """
    import torch
    from torch import nn

    steps = steps_of(model)

    def convolution(step: Step) -> nn.Module:
        layer, weight = step.layer, filters(step.layer)
        groups = weight.shape[0] if step.kind == "DepthwiseConv2D" else 1
        (top, bottom), (left, right) = step.sides
        if (top, left) != (bottom, right):
            raise NotImplementedError("padding that differs from side to side")
        part = nn.Conv2d(
            weight.shape[1] * groups, weight.shape[0], weight.shape[2:], layer.strides,
            (top, left), groups=groups, bias=layer.use_bias,
        )  # fmt: skip
        return _filled(part, weight, *layer.get_weights()[1:])

    def _filled(part: nn.Module, *values: Array) -> nn.Module:
        with torch.no_grad():
            for parameter, value in zip(part.parameters(), values, strict=True):
                parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))
        return part

    def normalization(step: Step) -> nn.Module:
        gamma, beta, mean, variance = step.layer.get_weights()
        part = nn.BatchNorm2d(len(gamma), step.layer.epsilon, 1 - step.layer.momentum)
        part.running_mean.copy_(torch.from_numpy(mean))
        part.running_var.copy_(torch.from_numpy(variance))
        return _filled(part, gamma, beta)

    def dense(step: Step) -> nn.Module:
        kernel, bias = rows(step, steps), step.layer.get_weights()[1]
        return _filled(nn.Linear(*kernel.shape), kernel.T, bias)

    def pooling(step: Step) -> nn.Module:
        return nn.MaxPool2d(step.layer.pool_size, step.layer.strides, step.sides[0][0])

    class Mean(nn.Module):
        def forward(self, x: Any) -> Any:
            return nn.functional.adaptive_avg_pool2d(x, 1).flatten(1)

    make: dict[str, Callable[[Step], nn.Module]] = {
        "Conv2D": convolution,
        "DepthwiseConv2D": convolution,
        "BatchNormalization": normalization,
        "Dense": dense,
        "MaxPooling2D": pooling,
        "GlobalAveragePooling2D": lambda step: Mean(),
        "Flatten": lambda step: nn.Flatten(),
        "Dropout": lambda step: nn.Dropout(step.layer.rate),
        "ReLU": lambda step: (
            nn.ReLU(inplace=True) if step.layer.max_value is None else nn.ReLU6(inplace=True)
        ),
        "Add": lambda step: nn.Identity(),
    }

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.parts = nn.ModuleList()
            for step in steps:
                part = make[step.kind](step)
                if step.activation == "relu":
                    part = nn.Sequential(part, nn.ReLU(inplace=True))
                self.parts.append(part)
            self.probabilities = steps[-1].activation == "softmax"

        def forward(self, x: Any) -> Any:
            values = {0: x}
            for step, part in zip(steps, self.parts, strict=True):
                taken = [values[number] for number in step.inputs]
                values[step.output] = taken[0] + taken[1] if len(taken) > 1 else part(taken[0])
            y = values[steps[-1].output]
            return y.softmax(-1) if self.probabilities and not self.training else y

    return Network()


# Keras


def to_keras(model: Model, keras: Any) -> Any:
    """The same network of Keras' layers. A border of zeros that Keras' convolutions and pooling
    cannot make is a layer of its own, as in ``keras.applications``; a maximum is taken after a ReLU
    here, so zeros never win.
    """
    steps = steps_of(model)
    assert model.graph is not None
    inputs = keras.Input(model.graph.inputs[0].shape[1:])
    values = {0: inputs}
    pairs = []
    for step in steps:
        taken = [values[number] for number in step.inputs]
        config = step.layer.get_config()
        for ours in ("input_shape", "build_config"):
            config.pop(ours, None)
        if "padding" in config and not isinstance(config["padding"], str):
            sides = step.sides
            config["padding"] = "valid"
            window, strides = getattr(step.layer, "kernel_size", (0, 0)), step.layer.strides
            if strides == (1, 1) and all(2 * side + 1 == extent and (side, side) == pair
                                         for side, extent, pair in zip(
                                             (window[0] // 2, window[1] // 2), window, sides,
                                             strict=True)):  # fmt: skip
                config["padding"] = "same"
            elif any(map(any, sides)):
                taken[0] = keras.layers.ZeroPadding2D(sides)(taken[0])
        layer = getattr(keras.layers, step.kind).from_config(config)
        values[step.output] = layer(taken if len(taken) > 1 else taken[0])
        pairs.append((layer, step.layer))
    translated = keras.Model(inputs, values[steps[-1].output])
    for theirs, ours in pairs:
        theirs.set_weights(ours.get_weights())
    return translated


# ONNX


def to_onnx(model: Model, batch: int) -> bytes:
    """The network as ONNX, images channels first, for batches of one size."""
    from onnx import TensorProto, helper, numpy_helper

    steps = steps_of(model)
    nodes: list[Any] = []
    constants: list[Any] = []

    def constant(value: Any, name: str) -> str:
        data = np.ascontiguousarray(value, np.float32)
        constants.append(numpy_helper.from_array(data, name))
        return name

    def add(kind: str, inputs: list[str], output: str, **attributes: Any) -> None:
        nodes.append(helper.make_node(kind, inputs, [output], **attributes))

    for step in steps:
        layer, output = step.layer, f"v{step.output}"
        taken = [f"v{number}" for number in step.inputs]
        raw = f"{output}_raw" if step.activation != "linear" else output
        values = layer.get_weights()
        if step.kind in ("Conv2D", "DepthwiseConv2D"):
            weight = filters(layer)
            (top, bottom), (left, right) = step.sides
            names = [constant(weight, f"{output}_w")]
            names += [constant(value, f"{output}_b") for value in values[1:]]
            add("Conv", taken + names, raw, kernel_shape=list(weight.shape[2:]),
                strides=list(layer.strides), pads=[top, left, bottom, right],
                group=weight.shape[0] if step.kind == "DepthwiseConv2D" else 1)  # fmt: skip
        elif step.kind == "BatchNormalization":
            names = [constant(v, f"{output}_{i}") for i, v in enumerate(values)]
            add("BatchNormalization", taken + names, raw, epsilon=layer.epsilon)
        elif step.kind == "Dense":
            names = [
                constant(rows(step, steps), f"{output}_w"),
                constant(values[1], f"{output}_b"),
            ]
            add("Gemm", taken + names, raw)
        elif step.kind == "MaxPooling2D":
            (top, bottom), (left, right) = step.sides
            add("MaxPool", taken, raw, kernel_shape=list(layer.pool_size),
                strides=list(layer.strides), pads=[top, left, bottom, right])  # fmt: skip
        elif step.kind == "GlobalAveragePooling2D":
            add("GlobalAveragePool", taken, f"{output}_mean")
            add("Flatten", [f"{output}_mean"], raw)
        elif step.kind in ("Flatten", "Add"):
            add(step.kind, taken, raw)
        elif step.kind == "Dropout":
            add("Identity", taken, raw)
        elif step.kind == "ReLU" and layer.max_value is None:
            add("Relu", taken, raw)
        elif step.kind == "ReLU":
            low, high = bounds(layer)
            add("Clip", [*taken, constant(low, f"{output}_low"), constant(high, f"{output}_high")],
                raw)  # fmt: skip
        else:
            raise NotImplementedError(step.kind)
        if step.activation != "linear":
            add({"relu": "Relu", "softmax": "Softmax"}[step.activation], [raw], output)
    assert model.graph is not None
    height, width, channels = model.graph.inputs[0].shape[1:]
    graph = helper.make_graph(
        nodes,
        model.name,
        [helper.make_tensor_value_info("v0", TensorProto.FLOAT, [batch, channels, height, width])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, [batch, model.output_shape[-1]])],
        constants,
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    data: bytes = made.SerializeToString()
    return data
