"""Gradients as graph: accumulation, dead paths, inner values, second order."""

from __future__ import annotations

from typing import Any

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


IMAGE, FILTERS = (1, 6, 6, 2), (3, 3, 2, 3)


@pytest.mark.parametrize(
    ("f", "x_shape", "k_shape"),
    [
        pytest.param(
            lambda x, k: ops.conv2d(x, k, padding="same", strides=2), IMAGE, FILTERS, id="conv2d"
        ),
        pytest.param(lambda x, k: ops.tanh(ops.conv2d(x, k)), IMAGE, FILTERS, id="tanh"),
        pytest.param(lambda x, k: ops.sigmoid(ops.conv2d(x, k)), IMAGE, FILTERS, id="sigmoid"),
        pytest.param(
            lambda x, k: ops.average_pool2d(ops.conv2d(x, k), 2), IMAGE, FILTERS, id="average"
        ),
        pytest.param(
            lambda x, k: ops.tanh(ops.conv(x, k, strides=2)), (1, 9, 2), (3, 2, 3), id="sequence"
        ),
        pytest.param(
            lambda x, k: ops.tanh(ops.conv(x, k, padding="same")),
            (1, 3, 4, 3, 2),
            (2, 3, 2, 2, 3),
            id="volume",
        ),
        pytest.param(
            lambda x, k: ops.tanh(ops.conv_transpose(x, k, strides=2, padding="same")),
            (1, 3, 3, 2),
            (3, 3, 3, 2),
            id="transposed",
        ),
        pytest.param(
            lambda x, k: ops.tanh(ops.conv_transpose(x, k, strides=2)),
            (1, 2, 2, 2, 2),
            (2, 2, 3, 3, 2),
            id="transposed volume",
        ),
    ],
)
def test_second_order_of_layers(
    f: Any, x_shape: tuple[int, ...], k_shape: tuple[int, ...], rng: np.random.Generator
) -> None:
    """The gradient of a gradient's square, as a gradient penalty has it, by differences."""
    x, k = graph.placeholder(x_shape), graph.placeholder(k_shape)
    y = f(x, k)
    (first,) = graph.gradients(ops.sum(y * y), [x])
    penalty = ops.sum(first * first)
    run_all = graph.compile([x, k], [penalty, *graph.gradients(penalty, [k])])
    image = rng.standard_normal(x_shape).astype(np.float32)
    kernel = rng.standard_normal(k_shape).astype(np.float32) * 0.3
    direction = rng.standard_normal(k_shape).astype(np.float32)
    step = np.float32(1e-3)
    above, _ = run_all(image, kernel + step * direction)
    below, _ = run_all(image, kernel - step * direction)
    _, slope = run_all(image, kernel)
    want = float(above - below) / (2 * step)
    assert abs(float((slope * direction).sum()) - want) <= 0.02 * abs(want) + 0.5
    assert np.abs(slope).max() > 0.1


def _normalized(x: Any) -> Any:
    return ops.batch_normalization_training(x, np.ones(3, np.float32), np.zeros(3, np.float32))[0]


LABELS = np.array([0, 2, 1, 2, 0])
TARGET = np.random.default_rng(0).random((5, 3)).astype(np.float32)


@pytest.mark.parametrize(
    "f",
    [
        pytest.param(lambda x: ops.square(ops.softmax(x)), id="softmax"),
        pytest.param(lambda x: ops.square(ops.log_softmax(x)), id="log_softmax"),
        pytest.param(lambda x: ops.square(ops.sparsemax(x)), id="sparsemax"),
        pytest.param(
            lambda x: ops.sparse_categorical_crossentropy(LABELS, x, from_logits=True), id="labels"
        ),
        pytest.param(
            lambda x: ops.categorical_crossentropy(TARGET, x, from_logits=True), id="targets"
        ),
        pytest.param(
            lambda x: ops.categorical_crossentropy(TARGET, ops.exp(x)), id="probabilities"
        ),
        pytest.param(
            lambda x: ops.sparse_categorical_crossentropy(LABELS, ops.exp(x)), id="label of many"
        ),
        pytest.param(lambda x: ops.binary_crossentropy(TARGET, ops.sigmoid(x)), id="binary"),
        pytest.param(
            lambda x: ops.binary_crossentropy(TARGET, x, from_logits=True), id="binary logits"
        ),
        pytest.param(lambda x: ops.square(ops.tanh(_normalized(x))), id="batch normalisation"),
        pytest.param(
            lambda x: ops.square(ops.max_pool2d(ops.reshape(x, (1, 5, 3, 1)), 2, padding="same")),
            id="max_pool",
        ),
        pytest.param(
            lambda x: ops.square(ops.max_pool(ops.reshape(x, (1, 5, 3)), 2, dilation=2, strides=3)),
            id="max_pool with dilation",
        ),
    ],
)
def test_second_order_along_a_direction(f: Any, rng: np.random.Generator) -> None:
    """Of losses and of what stands before them: slopes of the gradient, by differences."""
    x, direction = graph.placeholder((5, 3)), graph.placeholder((5, 3))
    (first,) = graph.gradients(ops.sum(f(x)), [x])
    (second,) = graph.gradients(ops.sum(first * direction), [x])
    run_both = graph.compile([x, direction], [first, second])
    at = rng.standard_normal((5, 3)).astype(np.float32)
    way = rng.standard_normal((5, 3)).astype(np.float32)
    step = np.float32(1e-2)
    _, got = run_both(at, way)
    above, below = (run_both(at + sign * step * way, way)[0] for sign in (1, -1))
    want = (above.astype(np.float64) - below) / (2 * float(step))
    # Differences of gradients of about 1 with an error of 1e-7, over 0.02; then step ** 2.
    np.testing.assert_allclose(got, want, atol=5e-3 * max(1, np.abs(want).max()))
    assert np.abs(got).max() > 1e-3


def test_a_missing_rule_is_an_error_not_zero() -> None:
    class Cube(graph.Op):
        name = "cube"

        def infer(self, *inputs: graph.Spec, **attrs: Any) -> tuple[graph.Spec, ...]:
            return inputs

    x = graph.placeholder((3,))
    (cube,) = graph.Node(Cube(), (x,)).tensors(x.spec)
    with pytest.raises(NotImplementedError, match="cube has no gradient rule; put ops.stop_grad"):
        graph.gradients(ops.sum(cube), [x])


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
    assert "conv_kernel_grad" not in names
    assert "conv_input_grad" not in names


def test_errors() -> None:
    x = graph.placeholder((2,))
    with pytest.raises(ValueError, match=r"output has shape \(2,\); reduce it to a scalar"):
        graph.gradients(x, [x])
    with pytest.raises(ValueError, match=r"output_gradient must have shape \(2,\), got \(3,\)"):
        graph.gradients(x, [x], graph.placeholder((3,)))
    with pytest.raises(TypeError, match="a symbolic Tensor has no truth value"):
        bool(x)
