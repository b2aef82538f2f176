"""Graphs as text and back, and for inputs of other sizes."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import applications, graph, layers, models, ops
from fastcnn.graph import Graph, Spec, from_json, respecialize, to_json


def traced(model: Any, shape: tuple[int, ...]) -> Graph:
    x = graph.placeholder(shape, name="image")
    with fastcnn.tracing():
        y = model(x)
    return Graph((x,), (y,))


def run(g: Graph, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
    return graph.compile(g.inputs, g.outputs, g.updates)(*arrays)


def net() -> Any:
    i = layers.Input((12, 12, 3))
    y = layers.Conv2D(8, 3, padding="same", name="conv")(i)
    y = layers.BatchNormalization(name="norm")(y)
    z = layers.Conv2D(8, 1)(i)
    y = layers.ReLU(6)(layers.Add()([y, z]))
    y = layers.MaxPooling2D(2)(y)
    y = layers.Conv2DTranspose(4, 3, strides=2, padding="same")(y)
    y = layers.Activation("gelu")(y)
    y = layers.DepthwiseConv2D(3)(y)
    y = layers.GlobalAveragePooling2D()(y)
    return models.Model(i, layers.Dense(5, "softmax")(y))


def test_round_trip_through_text(rng: np.random.Generator) -> None:
    g = traced(net(), (2, 12, 12, 3))
    value = rng.standard_normal((2, 12, 12, 3), np.float32)
    # GELU has a gradient of its own, which a description cannot hold.
    with pytest.raises(ValueError, match="custom_gradient keeps settings outside the graph"):
        to_json(g)
    g = fastcnn.graph.passes.run_passes(
        g, without=[name for name in fastcnn.graph.passes.PASSES if name != "drop_custom_gradients"]
    )
    description, values = to_json(g)
    again = from_json(json.loads(json.dumps(description)), values)
    np.testing.assert_array_equal(run(again, value)[0], run(g, value)[0])
    assert to_json(again)[0] == description
    assert "kernel" in " ".join(values)
    origins = {path for node in again.nodes() for path in node.origin}
    assert any("norm" in path for path in origins)
    # The variables are new ones.
    for v in values.values():
        v[...] = 0
    assert run(g, value)[0].std() > 0


def test_updates_come_back(rng: np.random.Generator) -> None:
    x = graph.placeholder((4, 3))
    w = fastcnn.Variable(rng.standard_normal((3, 2), np.float32), name="w")
    rate = fastcnn.Variable(np.float32(0.1), name="w")
    loss = ops.sum(ops.square(ops.matmul(x, w.tensor)))
    (gradient,) = graph.gradients(loss, [w])
    g = Graph((x,), (loss,), (ops.sgd_update(w, gradient, None, rate),))
    description, values = to_json(g)
    assert {"w", "w_1"} <= set(values)
    again = from_json(json.loads(json.dumps(description)), values)
    value = rng.standard_normal((4, 3), np.float32)
    for _ in range(2):
        np.testing.assert_array_equal(run(again, value)[0], run(g, value)[0])


def described() -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    x = graph.placeholder((2, 3), name="x")
    w = fastcnn.Variable(np.ones((3, 4), np.float32), name="w")
    y = ops.reshape(ops.relu(ops.matmul(x, w.tensor)), (4, 2))
    return to_json(Graph((x,), (y,)))


DAMAGE: dict[str, tuple[Any, str]] = {
    "version": (lambda d, v: d.update(version=2), "expected a graph of version 1"),
    "no nodes": (lambda d, v: d.pop("nodes"), "KeyError: 'nodes'"),
    "unknown op": (
        lambda d, v: d["nodes"][0].update(op="divine"),
        r"node 0 \('divine'\): there is",
    ),
    "later value": (lambda d, v: d["nodes"][0].update(inputs=[0, 3]), "no value 3 before it"),
    "no number": (lambda d, v: d["nodes"][0].update(inputs=[0, "1"]), "number of a value, got '1'"),
    "no attribute": (lambda d, v: d["nodes"][0].pop("attrs"), r"node 0 \('matmul'\): KeyError"),
    "attribute": (lambda d, v: d["nodes"][2]["attrs"].update(shape={}), "must be a bool, number"),
    "view": (lambda d, v: d["nodes"][2]["attrs"].update(shape=[4, 3]), "a view of"),
    "size": (lambda d, v: d["nodes"][2]["attrs"].update(shape=[-4, -2]), "sizes from 0 on"),
    "input": (lambda d, v: d["inputs"][0].update(shape="23"), "shape must be a list"),
    "dtype": (lambda d, v: d["inputs"][0].update(dtype="complex"), "input 0"),
    "missing": (lambda d, v: v.pop("w"), "variable 'w': its value is missing"),
    "type": (lambda d, v: v.update(w=np.ones((3, 5), np.float32)), "the graph expects float32"),
    "twice": (lambda d, v: d["variables"].append(d["variables"][0]), "two of this name"),
    "target": (lambda d, v: d["nodes"][1].update(targets=["w"]), "cannot write"),
    "outputs": (lambda d, v: d.update(outputs=[9]), "outputs: there is no value 9"),
    "not a list": (lambda d, v: d.update(outputs=5), "outputs: TypeError: 'int'"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_descriptions_are_refused(damage: str) -> None:
    description, values = described()
    from_json(description, values)
    spoil, message = DAMAGE[damage]
    description = copy.deepcopy(description)
    spoil(description, values)
    with pytest.raises(ValueError, match=message):
        graph_ = from_json(description, values)
        graph.compile(graph_.inputs, graph_.outputs)


@pytest.mark.parametrize("size", [(1, 12, 12), (5, 12, 12), (2, 17, 9)])
def test_respecialize(size: tuple[int, ...], rng: np.random.Generator) -> None:
    model = net()
    g = traced(model, (2, 12, 12, 3))
    again = respecialize(g, [Spec((*size, 3))])
    value = rng.standard_normal((*size, 3), np.float32)
    if size[1:] == (12, 12):
        np.testing.assert_array_equal(
            run(again, value)[0], run(traced(model, (*size, 3)), value)[0]
        )
    else:
        assert run(again, value)[0].shape == (2, 5)


def test_respecialize_whole_networks() -> None:
    model = applications.ResNet18(weights=None, input_shape=(64, 64, 3), classes=10)
    g = traced(model, (2, 64, 64, 3))
    value = np.random.default_rng(0).standard_normal((1, 64, 64, 3)).astype(np.float32)
    again = respecialize(g, [Spec(value.shape)])
    want = run(traced(model, value.shape), value)[0]
    np.testing.assert_array_equal(run(again, value)[0], want)


def test_what_cannot_be_respecialized(rng: np.random.Generator) -> None:
    x = graph.placeholder((4, 6))
    flat = Graph((x,), (ops.reshape(x, (2, 3, 4)),))
    assert respecialize(flat, [Spec((8, 6))]).outputs[0].shape == (4, 3, 4)
    with pytest.raises(ValueError, match=r"reshape: .* of \(4, 6\) has no like of \(5, 7\)"):
        respecialize(flat, [Spec((5, 7))])
    w = fastcnn.Variable(rng.standard_normal((3, 3, 1, 2), np.float32))
    image = graph.placeholder((1, 5, 5, 1))
    loss = ops.sum(ops.square(ops.conv2d(image, w)))
    gradient = Graph((image,), tuple(graph.gradients(loss, [image])))
    with pytest.raises(ValueError, match=r"its shape \(1, .*\) is that of inputs"):
        respecialize(gradient, [Spec((2, 5, 5, 1))])
    with pytest.raises(ValueError, match="the graph has 1 inputs, got 2"):
        respecialize(flat, [Spec((4, 6))] * 2)
    with pytest.raises(ValueError, match="input 'input' is float32, got int32"):
        respecialize(flat, [Spec((4, 6), "int32")])
    part = Graph((x,), (ops.slice(x, (0, 2), (4, 4)),))
    with pytest.raises(ValueError, match=r"slice: \(4, 4\) elements from \(0, 2\) on do not fit"):
        respecialize(part, [Spec((4, 3))])
