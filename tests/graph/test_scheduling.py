"""In which order nodes run: whatever is promised about variables, and in little memory."""

from __future__ import annotations

import itertools

import numpy as np

import fastcnn
from fastcnn import graph, ops
from fastcnn.graph.graph import Graph
from fastcnn.graph.planning.lowering import lower
from fastcnn.graph.planning.scheduling import peak_bytes, schedule
from fastcnn.graph.tensor import Node, Spec


def specs_of(g: Graph) -> dict[Node, list[Spec]]:
    return {
        node: list(node.op.infer(*(t.spec for t in node.inputs), **node.attrs))
        for node in g.nodes()
        if node.op is not None
    }


def deep_net(layers: int, size: int) -> tuple[Graph, list[fastcnn.Variable]]:
    """Square dense layers and their updates."""
    x = graph.placeholder((8, size))
    rng = np.random.default_rng(0)
    weights = [
        fastcnn.Variable(rng.standard_normal((size, size), np.float32) / size**0.5)
        for _ in range(layers)
    ]
    y = x
    for w in weights:
        y = ops.tanh(ops.matmul(y, w))
    loss, rate = ops.sum(y * y), fastcnn.Variable(np.float32(0.1))
    gradients = graph.gradients(loss, weights)
    updates = [ops.sgd_update(w, g, None, rate) for w, g in zip(weights, gradients, strict=True)]
    return Graph((x,), (loss,), tuple(updates)), weights


def test_gradients_do_not_wait_for_each_other() -> None:
    g, weights = deep_net(10, 256)
    order = schedule(g, specs_of(g), set())
    assert sorted(node.serial for node in order) == sorted(node.serial for node in g.nodes())
    one = weights[0].numpy().nbytes
    assert peak_bytes(g, g.nodes(), specs_of(g), set()) > 10 * one
    assert peak_bytes(g, order, specs_of(g), set()) < 2 * one
    assert order == schedule(g, specs_of(g), set())
    assert lower(g).program.arena_bytes < 3 * one


def test_every_node_follows_what_it_needs() -> None:
    g, _ = deep_net(6, 64)
    order = schedule(g, specs_of(g), set())
    place = {node: index for index, node in enumerate(order)}
    for node in order:
        assert all(place[tensor.node] < place[node] for tensor in node.inputs)
    for node, update in itertools.product(order, (tensor.node for tensor in g.updates)):
        reads = any(tensor.node.variable in update.targets for tensor in node.inputs)
        assert node is update or not reads or place[node] < place[update]


def test_the_same_numbers_in_any_order() -> None:
    """Gradients are those of the weights before the step, whenever these are updated."""
    g, weights = deep_net(5, 64)
    start = [w.numpy() for w in weights]
    value = np.random.default_rng(1).standard_normal((8, 64)).astype(np.float32)
    y = value
    inner = []
    for w in start:
        inner.append(y)
        y = np.tanh(y @ w)
    gradient = 2 * y
    want = []
    for x, w in zip(inner[::-1], start[::-1], strict=True):
        dz = gradient * (1 - np.tanh(x @ w) ** 2)
        want.append(w - 0.1 * (x.T @ dz))
        gradient = dz @ w.T
    lower(g).program.run([value], [np.empty((), np.float32)])
    for w, expected in zip(weights, want[::-1], strict=True):
        np.testing.assert_allclose(w.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_updates_that_read_each_others_variables_keep_their_order() -> None:
    a, b = fastcnn.Variable(np.float32([1])), fastcnn.Variable(np.float32([10]))
    x = graph.placeholder((1,))
    first = ops.assign(a, x)
    # Listed after the update of a, it sees the new value.
    average = ops.assign_moving_average(b, a.tensor, 0.5)
    f = graph.compile([x], [], [first, average])
    f(np.float32([3]))
    assert a.numpy() == 3
    assert b.numpy() == 6.5
    # Listed before, it sees the old one.
    f = graph.compile([x], [], [average, first])
    f(np.float32([5]))
    assert a.numpy() == 5
    assert b.numpy() == 4.75


def test_little_to_gain_leaves_updates_last() -> None:
    """A run can be given up until the first variable is written."""
    x = graph.placeholder((512, 16))
    w, v = (fastcnn.Variable(np.ones((16, 16), np.float32)) for _ in range(2))
    y = ops.tanh(ops.matmul(ops.tanh(ops.matmul(x, w)), v))
    loss, rate = ops.sum(y), fastcnn.Variable(np.float32(0.1))
    updates = [
        ops.sgd_update(p, g, None, rate)
        for p, g in zip((w, v), graph.gradients(loss, [w, v]), strict=True)
    ]
    g = Graph((x,), (loss,), tuple(updates))
    order = schedule(g, specs_of(g), set())
    assert all(not node.targets for node in order[:-2])
    assert [node.targets for node in order[-2:]] == [(w,), (v,)]
