"""How a graph is run, as text and as data."""

from __future__ import annotations

import re

import numpy as np
import pytest

from fastcnn import Input, Model, Sequential, graph, layers, ops
from fastcnn.graph.passes import PASSES


def network() -> Sequential:
    return Sequential(
        [
            Input((32, 32, 8)),
            layers.Conv2D(16, 3, activation="relu", name="conv"),
            layers.MaxPooling2D(name="pool"),
            layers.Flatten(name="flat"),
            layers.Dense(10, activation="softmax", name="dense"),
        ],
        name="net",
    )


def test_the_graph_before_and_after() -> None:
    plan = network().explain_plan(batch_size=4)
    assert [(each.op, each.origin[0]) for each in plan.traced] == [
        ("conv", "net/conv"),
        ("relu", "net/conv"),
        ("max_pool", "net/pool"),
        ("reshape", "net/flat"),
        ("matmul", "net/dense"),
        ("softmax", "net/dense"),
    ]
    assert plan.traced[0].inputs == ((4, 32, 32, 8), (3, 3, 8, 16), (16,))
    assert plan.traced[0].outputs == ((4, 30, 30, 16),)
    assert [name for name, _ in plan.passes] == list(PASSES)
    left = dict(plan.passes)
    assert (left["fuse_activation"], left["fuse_max_pool"]) == (5, 4)
    assert [each.op for each in plan.instructions] == ["conv2d_max_pool", "matmul", "softmax"]
    assert plan.instructions[0].fused == ("conv", "relu", "max_pool")


def test_memory_is_counted() -> None:
    model = network()
    plan = model.explain_plan(batch_size=4)
    function = model.programs.predict([np.zeros((4, 32, 32, 8), np.float32)]).function
    inputs, arena, variables, derived = plan.memory.values()
    assert inputs == 4 * (32 * 32 * 8 + 10) * 4
    assert arena == function.arena_bytes > 0
    assert variables == sum(weight.numpy().nbytes for weight in model.weights)
    assert derived == function.derived_bytes
    assert derived == sum(each.packed_bytes for each in plan.instructions) > 0


def test_what_is_computed_once_is_no_operation_of_a_call() -> None:
    x = graph.placeholder((4, 8))
    weight = layers.Dense(8)
    weight.build((None, 8))
    kernel = weight.weights[0]
    function = graph.compile([x], [ops.matmul(x, ops.multiply(kernel.tensor, 2.0))])
    plan = function.plan()
    assert [each.op for each in plan.traced] == ["multiply", "matmul"]
    assert plan.passes[-1][1] == 1
    assert [each.op for each in plan.instructions] == ["matmul"]


def test_text() -> None:
    text = str(network().explain_plan(batch_size=2))
    assert text.startswith("net: 6 operations become 3 instructions with ")
    for part in ("Traced: 1 conv, 1 relu", "Passes", "Program: 1 conv2d_max_pool", "Memory"):
        assert f"\n\n{part}" in text
    lines = text.splitlines()
    assert re.search(r"^conv +conv +2x32x32x8, 3x3x8x16, 16 -> 2x30x30x16$", text, re.MULTILINE)
    assert re.search(r"^fuse_activation +6 -> 5$", text, re.MULTILINE)
    assert re.search(
        r"^conv \+ pool +conv2d_max_pool +2x15x15x16 +(direct|wino)", text, re.MULTILINE
    )
    assert max(map(len, lines)) < 160


def test_a_training_step_has_a_plan() -> None:
    model = network()
    model.compile("adam", "sparse_categorical_crossentropy")
    x, y = np.zeros((2, 32, 32, 8), np.float32), np.zeros(2, np.int64)
    before = [weight.numpy() for weight in model.weights]
    plan = model.explain_plan(x, y)
    assert {"adam_update", "conv_kernel_grad"} <= {each.op for each in plan.instructions}
    for old, weight in zip(before, model.weights, strict=True):
        np.testing.assert_array_equal(old, weight.numpy())
    # Weights, and what Adam keeps of each.
    assert plan.memory["variables and constants"] > 3 * sum(array.nbytes for array in before)


def test_explain_of_a_function() -> None:
    x = graph.placeholder((8, 8))
    function = graph.compile([x], [ops.relu(ops.matmul(x, x))])
    assert function.explain(title="product") == str(function.plan("product"))
    text = function.explain(np.ones((8, 8), np.float32))
    assert text.startswith("function: 2 operations become 1 instruction with")
    assert "(overhead)" in text


def test_inputs_that_cannot_be_made_up() -> None:
    x = Input((None, None, 3), name="image")
    model = Model(x, layers.GlobalAveragePooling2D()(x), name="net")
    with pytest.raises(ValueError, match=r"input 'image' of model 'net' has open sizes .*pass x"):
        model.explain_plan()
    assert model.explain_plan(np.zeros((1, 9, 9, 3), np.float32)).instructions

    for size in (0, -1, 2.0, "all"):
        with pytest.raises(ValueError, match="batch_size must be an int of 1 or more, got"):
            network().explain_plan(batch_size=size)

    class Own(Model):
        def call(self, x):
            return ops.relu(x)

    with pytest.raises(ValueError, match="does not know its inputs before its first call: pass x"):
        Own(name="own").explain_plan()
