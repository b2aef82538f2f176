"""What every operation is checked for: a family's test file gives the rows, this the tests.

A test takes what it is about as an argument: ``case`` (every row), ``smooth`` (every row that has
gradients), ``first`` (one row an operation), ``operand`` (a row and an input that must be float32),
``wrong`` (a call that must fail), ``op`` (a name).
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from fastcnn import graph, ops, reference, runtime
from fastcnn.testing import assert_within, directional_derivative
from ops.cases.calls import flat, gradient_function, placeholders, run, symbolic
from ops.cases.case import Case
from ops.cases.wrong import Wrong

# Gradients of few elements are checked one by one, of many along a few random directions.
FEW = 24
DIRECTIONS = 4
# Of finite differences: the step, and what its square times a third derivative may come to.
STEP = 1e-5
TRUNCATION = 1e-7

# What takes any dtype and keeps it, or is told which to make.
KEEP_DTYPE = {
    "broadcast_to",
    "cast",
    "concatenate",
    "flatten",
    "pad",
    "reshape",
    "slice",
    "stop_gradient",
    "transpose",
}
# What takes any dtype, or any real one.
ANY_DTYPE = {
    "argmax", "broadcast_to", "cast", "concatenate", "equal", "flatten", "greater", "one_hot",
    "pad", "rescale", "reshape", "slice", "stop_gradient", "transpose",
}  # fmt: skip


def bits(arrays):
    return [(a.dtype, a.shape, a.tobytes()) for a in arrays]


@functools.cache
def forward_case(case):
    """Inputs, exact outputs and the largest allowed errors."""
    inputs = case.sample()
    exact = case.exact(inputs)
    return inputs, exact, case.error(case, inputs, exact)


def weights(case):
    """What each element of the outputs weighs in the loss."""
    rng = case.rng()
    # Fewer bits than a float32 has, so that sums of weights do not round.
    return tuple(
        np.asarray(rng.integers(-8, 9, y.shape) / 4, np.float32) for y in forward_case(case)[1]
    )


@functools.cache
def gradient_case(case):
    """Inputs, weights of the outputs, and what is to be seen of each gradient.

    The last is a list of (argument, number in a list of arrays or None, direction, derivative,
    largest allowed error).
    """
    inputs, exact, _ = forward_case(case)
    dys = weights(case)
    rng = case.rng()
    # A difference of two losses keeps 15 digits of them, and is divided by the step.
    noise = 1e-15 / STEP * sum(float(abs(y * dy).sum()) for y, dy in zip(exact, dys, strict=True))
    expected = []
    for name in case.differentiable:
        value = inputs[name]
        for part, x in enumerate(value) if isinstance(value, list) else [(None, value)]:

            def loss(x, name=name, part=part, value=value):
                new = x if part is None else [*value[:part], x, *value[part + 1 :]]
                return case.loss(inputs | {name: new}, dys)

            allowed = case.gradient(case, inputs, dys, name)
            if x.size <= FEW:
                directions = np.eye(x.size).reshape(x.size, *x.shape)
            else:
                directions = rng.standard_normal((DIRECTIONS, *x.shape))
            for direction in directions:
                slope = directional_derivative(loss, x, direction, step=STEP)
                error = allowed(direction) + noise + TRUNCATION * (1 + abs(slope))
                expected.append((name, part, direction, slope, error))
    return inputs, dys, expected


def awkward(x, layout):
    """The same elements where no kernel would look for them."""
    if layout == "strided":
        wide = np.zeros((*x.shape, 2), x.dtype)
        wide[..., 0] = x
        return wide[..., 0]
    if layout == "transposed":
        return np.asarray(x, order="F")
    if layout == "reversed":
        return np.array(np.flip(x), order="C")[(slice(None, None, -1),) * x.ndim]
    if layout == "read-only":
        x = x.copy()
        x.flags.writeable = False
        return x
    if layout == "byte-swapped":
        return x.astype(x.dtype.newbyteorder())
    memory = np.empty(x.nbytes + 1, np.uint8)
    unaligned = memory[1:].view(x.dtype).reshape(x.shape) if x.size else x.copy()
    unaligned[...] = x
    return unaligned


class OpChecks:
    """The tests of one family; a subclass names its rows.

    Attributes:
        CASES: What its operations are called with.
        ERRORS: What they refuse.
    """

    CASES: ClassVar[Sequence[Case]]
    ERRORS: ClassVar[Sequence[Wrong]]

    @classmethod
    @functools.cache
    def rows(cls) -> dict[str, list[Any]]:
        """By the name of the argument: what tests run over."""
        first = list({case.op: case for case in reversed(cls.CASES)}.values())
        return {
            "case": list(cls.CASES),
            "smooth": [case for case in cls.CASES if case.differentiable],
            "first": first,
            "operand": [
                pytest.param((case, name), id=f"{case.op}-{name}")
                for case in first
                if case.op not in ANY_DTYPE
                for name, value in case.sample().items()
                if isinstance(value, np.ndarray) and value.dtype == np.float32
            ],
            "wrong": list(cls.ERRORS),
            "op": sorted(case.op for case in first),
        }

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        for argument, rows in self.rows().items():
            if argument in metafunc.fixturenames:
                metafunc.parametrize(argument, rows, ids=str)

    def test_forward(self, case, isa):
        inputs, exact, bounds = forward_case(case)
        got = run(case, inputs)
        assert len(got) == len(exact)
        for i, (y, want, bound) in enumerate(zip(got, exact, bounds, strict=True)):
            assert_within(y, want, bound, name=f"output {i} of {case}")
            # What is computed is float64 in the reference and float32 in operations.
            keeps = case.op in KEEP_DTYPE or want.dtype != np.float64
            assert y.dtype == (want.dtype if keeps else np.float32)

    def test_gradient(self, smooth, isa):
        inputs, dys, expected = gradient_case(smooth)
        arrays = [*flat(inputs), *dys]
        found = iter(gradient_function(smooth, inputs, dys)(*arrays))
        gradients = {}
        for name in smooth.differentiable:
            value = inputs[name]
            gradients[name] = (
                [next(found) for _ in value] if isinstance(value, list) else next(found)
            )
        for name, value in inputs.items():
            if name in gradients:
                for got, x in zip(flat({name: gradients[name]}), flat({name: value}), strict=True):
                    assert got.shape == x.shape
                    assert got.dtype == np.float32
        for name, part, direction, slope, allowed in expected:
            gradient = gradients[name] if part is None else gradients[name][part]
            got = float((gradient.astype(np.float64) * direction).sum())
            assert abs(got - slope) <= allowed, (
                f"{smooth}: the derivative along {name} is {got!r}, expected {slope!r} within "
                f"{allowed:.3g}"
            )

    def test_threads_make_no_difference(self, case, thread_counts, isa):
        inputs, _, _ = forward_case(case)
        outcomes = []
        for threads in thread_counts:
            runtime.set_num_threads(threads)
            outcomes.append(bits(run(case, inputs)))
        assert outcomes[0] == outcomes[1] == outcomes[2]

    def test_threads_make_no_difference_to_gradients(self, smooth, thread_counts, isa):
        inputs, _, _ = forward_case(smooth)
        dys = weights(smooth)
        function = gradient_function(smooth, inputs, dys)
        outcomes = []
        for threads in thread_counts:
            runtime.set_num_threads(threads)
            outcomes.append(bits(function(*flat(inputs), *dys)))
        assert outcomes[0] == outcomes[1] == outcomes[2]

    def test_compiled_equals_eager(self, case):
        inputs, _, _ = forward_case(case)
        tensors, outputs = symbolic(case, inputs)
        got = graph.compile(flat(tensors), list(outputs))(*flat(inputs))
        eager = run(case, inputs)
        assert [(t.dtype, t.shape) for t in outputs] == [(y.dtype, y.shape) for y in eager]
        assert bits(got) == bits(eager)

    @pytest.mark.parametrize(
        "layout", ["strided", "transposed", "reversed", "unaligned", "read-only", "byte-swapped"]
    )
    def test_layout_of_inputs_does_not_matter(self, first, layout):
        inputs, _, _ = forward_case(first)
        moved = {
            name: [awkward(a, layout) for a in value]
            if isinstance(value, list)
            else awkward(value, layout)
            for name, value in inputs.items()
        }
        before = bits(flat(moved))
        assert bits(run(first, moved)) == bits(run(first, inputs))
        assert bits(flat(moved)) == before

    def test_result_is_a_new_array(self, first):
        inputs, _, _ = forward_case(first)
        for y in run(first, inputs):
            assert y.flags.c_contiguous
            assert y.flags.writeable
            assert not any(np.shares_memory(y, a) for a in flat(inputs))

    def test_reference_has_the_same_signature(self, op):
        def parameters(module):
            signature = inspect.signature(getattr(module, op))
            return [(p.name, p.kind, p.default) for p in signature.parameters.values()]

        assert parameters(ops) == parameters(reference)

    def test_wrong_arrays(self, wrong):
        with pytest.raises(wrong.error, match=wrong.match):
            getattr(ops, wrong.op)(**wrong.arguments)

    def test_wrong_tensors(self, wrong):
        with pytest.raises(wrong.error, match=wrong.match):
            getattr(ops, wrong.op)(**{k: placeholders(v) for k, v in wrong.arguments.items()})

    @pytest.mark.parametrize("dtype", ["float64", "int64", "uint8", "bool"])
    def test_dtype_is_never_converted(self, operand, dtype):
        case, name = operand
        inputs = case.sample()
        inputs[name] = inputs[name].astype(dtype)
        text = f"^{case.op}: {name} must be float32, got {dtype}"
        if dtype == "float64":
            text += r".*cast.*\.astype\('float32'\)"
        for arguments in (inputs, {k: placeholders(v) for k, v in inputs.items()}):
            with pytest.raises(TypeError, match=text):
                getattr(ops, case.op)(**arguments, **case.attributes)

    @pytest.mark.parametrize(
        "value", [None, "abc", object(), {}, np.array(["a"]), np.array([None])]
    )
    def test_no_array_at_all(self, first, value):
        inputs = first.sample()
        name = next(iter(inputs))
        inputs[name] = value
        with pytest.raises(TypeError, match=rf"^{first.op}: .*\b{name}\b"):
            getattr(ops, first.op)(**inputs, **first.attributes)

    @pytest.mark.parametrize("dtype", ["complex64", "float16", "datetime64[s]", "S3"])
    def test_foreign_dtypes(self, first, dtype):
        inputs = first.sample()
        name = next(iter(inputs))
        foreign = np.zeros(np.shape(inputs[name]) if name != "xs" else 3, dtype)
        inputs[name] = [foreign] if name == "xs" else foreign
        with pytest.raises(TypeError, match=rf"^{first.op}: .*\b{name}\b"):
            getattr(ops, first.op)(**inputs, **first.attributes)
