"""Nodes know the layer calls that they come from, through gradients and passes."""

from __future__ import annotations

import contextlib

import numpy as np

import fastcnn
from fastcnn import Input, Model, Sequential, graph, layers, ops
from fastcnn.graph.passes import run_passes
from fastcnn.training.traced_step import trace_step


def origins(tensors: list[graph.Tensor]) -> dict[str, set[tuple[str, ...]]]:
    """Where the nodes of each operation come from."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for node in graph.autodiff.ancestors(tensors):
        if node.op is not None:
            found.setdefault(node.op.name, set()).add(node.origin)
    return found


class Block(layers.Layer):
    def __init__(self, **settings):
        super().__init__(**settings)
        self.conv = layers.Conv2D(4, 3, name="conv", activation="relu")

    def call(self, x):
        return ops.add(self.conv(x), 1.0)


def nested() -> Model:
    x = Input((8, 8, 2))
    return Model(x, layers.GlobalAveragePooling2D(name="pool")(Block(name="block")(x)), name="net")


def test_nested_calls_are_paths() -> None:
    with fastcnn.tracing():
        y = nested()(graph.placeholder((1, 8, 8, 2)))
    assert origins([y]) == {
        "conv": {("net/block/conv",)},
        "relu": {("net/block/conv",)},
        "add": {("net/block",)},
        "average_pool": {("net/pool",)},
        "reshape": {("net/pool",)},
    }


def test_operations_of_a_model_have_their_name() -> None:
    x = Input((4,))
    model = Model(x, ops.tanh(layers.Dense(2, name="dense")(x)), name="net")
    with fastcnn.tracing():
        y = model(graph.placeholder((1, 4)))
    assert origins([y])["tanh"] == {("net/tanh",)}


def test_what_no_layer_made_has_no_origin() -> None:
    assert ops.relu(graph.placeholder((2,))).node.origin == ()


def test_an_error_inside_a_layer_leaves_no_origin_behind() -> None:
    class Fails(layers.Layer):
        def call(self, x):
            raise ValueError("no")

    with contextlib.suppress(ValueError):
        Fails(name="fails")(graph.placeholder((2,)))
    assert ops.relu(graph.placeholder((2,))).node.origin == ()


def test_gradients_come_from_what_they_are_gradients_of() -> None:
    model = nested()
    x = graph.placeholder((1, 8, 8, 2))
    with fastcnn.tracing(training=True):
        loss = ops.sum(model(x))
    grads = graph.gradients(loss, [x, *model.trainable_weights])
    found = origins(grads)
    assert found["conv_kernel_grad"] == found["conv_input_grad"] == {("net/block/conv",)}
    assert found["relu_grad"] == {("net/block/conv",)}


def test_a_sum_of_gradients_comes_from_the_value_that_they_belong_to() -> None:
    x = graph.placeholder((2, 3))
    both = layers.Activation("tanh", name="both")
    one, other = layers.Dense(2, name="one"), layers.Dense(2, name="other")
    with fastcnn.tracing(training=True):
        y = both(x)
        loss = ops.sum(ops.add(one(y), other(y)))
    (grad,) = graph.gradients(loss, [x])
    assert origins([grad])["add"] >= {("both",)}


def test_passes_keep_and_join_origins() -> None:
    x = graph.placeholder((1, 8, 8, 2))
    model = Sequential(
        [
            Input((8, 8, 2)),
            layers.Conv2D(4, 3, name="conv"),
            layers.Activation("relu", name="act"),
            layers.MaxPooling2D(name="pool"),
            layers.Activation("exponential", name="first"),
            layers.Activation("tanh", name="second"),
        ],
        name="net",
    )
    with fastcnn.tracing():
        y = model(x)
    done = run_passes(graph.graph.Graph((x,), (y,)))
    nodes = [node for node in done.nodes() if node.op is not None]
    assert [(node.op.name, node.origin, node.fused) for node in nodes] == [
        (
            "conv2d_max_pool",
            ("net/conv", "net/act", "net/pool"),
            ("conv", "relu", "max_pool"),
        ),
        ("fused_elementwise", ("net/first", "net/second"), ("exp", "tanh")),
    ]


def test_a_rebuilt_node_keeps_its_origin() -> None:
    """Behind a fused convolution everything is built again on the new inputs."""
    x = graph.placeholder((1, 8))
    model = Sequential(
        [
            Input((8,)),
            layers.Dense(4, activation="relu", name="one"),
            layers.Dense(3, name="two"),
        ],
        name="net",
    )
    with fastcnn.tracing():
        y = model(x)
    done = run_passes(graph.graph.Graph((x,), (y,)))
    nodes = [node for node in done.nodes() if node.op is not None]
    assert [node.origin for node in nodes] == [("net/one",), ("net/two",)]
    assert [node.fused for node in nodes] == [("matmul", "relu"), ()]


def test_penalties_belong_to_the_loss() -> None:
    model = Sequential([Input((4,)), layers.Dense(2, kernel_regularizer="l2", name="dense")])
    model.compile("sgd", "mse")
    batch = fastcnn.training.trainer.Converter(model._feed)(
        (np.zeros((1, 4), np.float32), np.zeros((1, 2), np.float32), None)
    )
    loss = trace_step(model, batch, train=True).plan.loss
    assert origins([loss])["square"] == {("loss",)}
