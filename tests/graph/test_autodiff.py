"""Gradients as graph: accumulation, dead paths, inner values, second order."""

from __future__ import annotations

import numpy as np
import pytest

import fastcnn
from fastcnn import graph, ops
from fastcnn.graph.autodiff import ancestors


def run(inputs: list[graph.Tensor], outputs: list[graph.Tensor], *values: float) -> list[float]:
    arrays = [np.asarray(value, np.float32) for value in values]
    return [float(y) for y in graph.compile(inputs, outputs)(*arrays)]


def test_uses_are_summed() -> None:
    x = graph.placeholder(())
    y = x * x * x + 2.0 * x
    assert run([x], graph.gradients(y, [x]), 3.0) == [29.0]


def test_second_order() -> None:
    x = graph.placeholder(())
    (first,) = graph.gradients(x * x * x, [x])
    (second,) = graph.gradients(first, [x])
    assert run([x], [first, second], 2.0) == [12.0, 12.0]


def test_inner_values_and_variables() -> None:
    v = fastcnn.Variable(np.float32(4))
    x = graph.placeholder(())
    inner = x * v.tensor
    y = inner * inner
    assert run([x], graph.gradients(y, [x, v, inner]), 3.0) == [96.0, 72.0, 24.0]


def test_no_path_gives_zeros() -> None:
    x, other = graph.placeholder((2, 3)), graph.placeholder((4,))
    (zero,) = graph.gradients(ops.sum(x), [other])
    assert zero.shape == (4,)
    (got,) = graph.compile([other], [zero])(np.ones(4, np.float32))
    np.testing.assert_array_equal(got, 0)


def test_stop_gradient() -> None:
    x = graph.placeholder(())
    y = x * ops.stop_gradient(x)
    assert run([x], [y, *graph.gradients(y, [x])], 5.0) == [25.0, 5.0]


def test_dead_gradients_are_never_built() -> None:
    """The gradient of a frozen kernel is not in the graph."""
    x = graph.placeholder((1, 8, 8, 3))
    frozen, bias = (fastcnn.Variable(np.ones(s, np.float32)) for s in ((3, 3, 3, 4), (4,)))
    y = ops.sum(ops.conv2d(x, frozen, bias))
    names = {n.op.name for n in ancestors(graph.gradients(y, [bias])) if n.op is not None}
    assert "conv2d_kernel_grad" not in names
    assert "conv2d_input_grad" not in names


def test_errors() -> None:
    x = graph.placeholder((2,))
    with pytest.raises(ValueError, match=r"output has shape \(2,\); reduce it to a scalar"):
        graph.gradients(x, [x])
    with pytest.raises(ValueError, match=r"output_gradient must have shape \(2,\), got \(3,\)"):
        graph.gradients(x, [x], graph.placeholder((3,)))
    with pytest.raises(TypeError, match="a symbolic Tensor has no truth value"):
        bool(x)
