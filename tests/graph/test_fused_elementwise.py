"""Fused elementwise operations: one operator, and the same bits as with one for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from fastcnn import _core, graph, ops
from fastcnn.graph.aligned_array import empty
from fastcnn.graph.planning.lowering import Copy
from fastcnn.graph.tensor import Op
from fastcnn.ops.common.public_operation import apply
from fastcnn.ops.loss.crossentropy import BinaryCrossentropy

Build = Callable[..., Any]


def gelu(x: graph.Tensor) -> Any:
    inner = ops.multiply(0.797, ops.add(x, ops.multiply(0.0447, ops.multiply(x, ops.square(x)))))
    return ops.multiply(ops.multiply(x, 0.5), ops.add(1.0, ops.tanh(inner)))


def wide(*xs: graph.Tensor) -> Any:
    total = xs[0]
    for x in xs[1:]:
        total = ops.maximum(total * x, x - total)
    return total


CASES: dict[str, tuple[list[tuple[int, ...]], Build]] = {
    "one-number": ([(1,), (1,)], lambda x, y: ops.relu(x + y)),
    "scale-and-shift": ([(7, 9, 10), (10,), (10,)], lambda x, s, b: ops.relu(x * s + b)),
    "colours": ([(700, 3), (3,), ()], lambda x, s, b: ops.tanh(b - ops.relu(x * s + b))),
    "long-period": (
        [(7, 300), (300,), (1, 300)],
        lambda x, s, b: ops.maximum(s, ops.sqrt(ops.absolute(s / x - b))),
    ),
    "two-periods": (
        [(5, 40, 30), (30,), (40, 30)],
        lambda x, s, b: ops.minimum(s, x) - ops.negative(b * x),
    ),
    "many-operands": ([(33, 65)] * 6, wide),
    "gelu": ([(33, 1025)], gelu),
    "items": ([(70001,), (70001,)], lambda x, y: ops.exp(ops.greater(x, y) * x) / y),
    "beyond-caches": ([(1025, 4097)], lambda x: ops.relu(x + 1.0) * x),
}


def compiled(name: str, *, gradients: bool) -> tuple[graph.Function, graph.Function, list[Any]]:
    shapes, build = CASES[name]
    inputs = [graph.placeholder(shape) for shape in shapes]
    outputs = [build(*inputs)]
    if gradients:
        outputs = graph.gradients(ops.sum(outputs[0]), inputs)
    rng = np.random.default_rng(7)
    arrays = [rng.standard_normal(shape, np.float32) for shape in shapes]
    fused = graph.compile(inputs, outputs)
    return fused, graph.compile(inputs, outputs, without=["fuse_elementwise"]), arrays


def steps(f: graph.Function, arrays: list[Any]) -> list[str]:
    return [step.op for step in f.instructions]


@pytest.mark.parametrize("gradients", [False, True], ids=["forward", "gradients"])
@pytest.mark.parametrize("name", CASES)
def test_same_bits(name: str, gradients: bool, thread_counts: Any, isa: str) -> None:
    fused, plain, arrays = compiled(name, gradients=gradients)
    if not gradients:
        assert steps(fused, arrays) == ["fused_elementwise"]
    assert len(steps(fused, arrays)) < len(steps(plain, arrays))
    want = plain(*arrays)
    for threads in thread_counts:
        _core.set_num_threads(threads)
        for got, exact in zip(fused(*arrays), want, strict=True):
            np.testing.assert_array_equal(got, exact)


def test_what_is_read_elsewhere_stays(rng: np.random.Generator) -> None:
    x = graph.placeholder((4, 5))
    value = rng.standard_normal((4, 5)).astype(np.float32)
    y = ops.square(x)
    f = graph.compile([x], [ops.relu(y - 1.0), y])
    assert steps(f, [value]) == ["square", "fused_elementwise"]
    np.testing.assert_array_equal(f(value)[0], np.maximum(np.square(value) - 1, 0))


@pytest.mark.parametrize(
    ("a", "b"), [((4, 1), (5,)), ((4, 5), (4, 1)), ((2, 4, 5), (2, 1, 5)), ((0, 5), (5,))]
)
def test_other_broadcasts_stay(a: Any, b: Any) -> None:
    inputs = [graph.placeholder(a), graph.placeholder(b)]
    f = graph.compile(inputs, [ops.relu(inputs[0] + inputs[1])])
    values = [np.ones(a, np.float32), np.ones(b, np.float32)]
    assert "fused_elementwise" not in steps(f, values)
    np.testing.assert_array_equal(f(*values)[0], values[0] + values[1])


def test_memory_of_an_operand_is_reused() -> None:
    x = graph.placeholder((1000,))
    y = ops.stop_gradient(ops.exp(ops.stop_gradient(x)))
    f = graph.compile([x], [ops.stop_gradient(ops.relu(ops.stop_gradient(y * 2.0 + 1.0)) - y)])
    value = np.linspace(-1, 1, 1000, dtype=np.float32)
    e = ops.exp(value)
    np.testing.assert_array_equal(f(value)[0], (e * np.float32(2) + np.float32(1)) - e)


@pytest.mark.parametrize("offset", [1, 15])
@pytest.mark.parametrize("columns", [100, 4097])
def test_result_beside_a_line(columns: int, offset: int, isa: str) -> None:
    value = np.arange(1025 * columns, dtype=np.float32).reshape(1025, columns)
    memory = empty((value.size + 16,), np.float32)
    y = memory[offset : offset + value.size].reshape(value.shape)
    x, row = graph.placeholder(value.shape), graph.placeholder((columns,))
    graph.compile([x, row], [ops.relu(x - row)]).run_into([value, value[1]], [y])
    np.testing.assert_array_equal(y, np.maximum(value - value[1], 0))


WHOLE = ("float32", [4, 6])


@pytest.mark.parametrize(
    ("inputs", "attrs", "message"),
    [
        ([WHOLE], {"ops": "magic", "operands": [0, 0]}, "unknown elementwise operation 'magic'"),
        ([WHOLE], {"ops": "", "operands": []}, "needs operations"),
        ([WHOLE], {"ops": "add", "operands": [0]}, "two operands for each"),
        ([WHOLE], {"ops": "add", "operands": [0, 1]}, "add has no operand 1"),
        ([WHOLE], {"ops": "add relu", "operands": [0, 0, -2, 0]}, "relu has no operand -2"),
        ([WHOLE], {"ops": "relu", "operands": [0, 0, 0]}, "two operands for each"),
        ([WHOLE], {"ops": "relu " * 65, "operands": [0, 0] * 65}, "at most 64 operations"),
        ([("float32", [4, 1])], {"ops": "relu", "operands": [0, 0]}, "nor repeats"),
        ([("float32", [6])], {"ops": "relu", "operands": [0, 0]}, "no operand with the elements"),
        ([("int64", [4, 6])], {"ops": "relu", "operands": [0, 0]}, "must be float32"),
        (
            [WHOLE],
            {"ops": "binary_crossentropy", "operands": [0, 0]},
            "binary_crossentropy cannot be fused",
        ),
        ([], {"ops": "relu", "operands": [0, 0]}, "takes one input or more"),
    ],
)
def test_core_refuses(inputs: Any, attrs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _core.Operator("fused_elementwise", inputs, [WHOLE], attrs)


def elementwise_ops() -> dict[str, Op]:
    def subclasses(kind: type[Op]) -> Iterator[type[Op]]:
        for each in kind.__subclasses__():
            yield each
            yield from subclasses(each)

    fusable = _core.fusable_operators()
    ours = [kind for kind in subclasses(Op) if kind.__module__.startswith("fastcnn.")]
    made = [kind() for kind in ours if getattr(kind, "name", None) in fusable]
    return {op.name: op for op in made if op.elementwise}


def test_ops_are_elementwise_where_the_core_can_fuse_them() -> None:
    assert set(elementwise_ops()) == set(_core.fusable_operators())
    assert not BinaryCrossentropy().elementwise
    assert not Copy().elementwise


@pytest.mark.parametrize("name", _core.fusable_operators())
def test_every_fusable_op_gives_the_same_bits_in_a_group(name: str, isa: str) -> None:
    op = elementwise_ops()[name]
    x, y = np.random.default_rng(3).uniform(0.1, 2, (2, 1100)).astype(np.float32)
    inputs = [graph.placeholder(x.shape), graph.placeholder(y.shape)]
    square = ops.square(inputs[0])
    try:
        _core.Operator(name, [WHOLE], [WHOLE], {})
        operands = [(square,)]
    except ValueError:
        operands = [(square, inputs[1]), (inputs[1], square)]
    for each in operands:
        outputs = apply(op, *each)
        fused = graph.compile(inputs, outputs)
        assert steps(fused, [x, y]) == ["fused_elementwise"]
        plain = graph.compile(inputs, outputs, without=["fuse_elementwise"])
        np.testing.assert_array_equal(fused(x, y)[0], plain(x, y)[0])
