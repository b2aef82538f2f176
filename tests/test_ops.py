"""Every operation against its float64 twin: walks the table in ``op_cases``."""

import functools
import inspect

import numpy as np
import pytest

from fastcnn import graph, ops, reference, runtime
from fastcnn.ops import adaptive_steps, steps, update
from fastcnn.testing import assert_within, directional_derivative
from op_cases import CASES
from op_cases.calls import flat, gradient_function, run, symbolic

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
DIFFERENTIABLE = [case for case in CASES if case.differentiable]


def table(cases):
    return pytest.mark.parametrize("case", cases, ids=str)


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


@table(CASES)
def test_forward(case, isa):
    inputs, exact, bounds = forward_case(case)
    got = run(case, inputs)
    assert len(got) == len(exact)
    for i, (y, want, bound) in enumerate(zip(got, exact, bounds, strict=True)):
        assert_within(y, want, bound, name=f"output {i} of {case}")
        # What is computed is float64 in the reference and float32 in operations.
        keeps = case.op in KEEP_DTYPE or want.dtype != np.float64
        assert y.dtype == (want.dtype if keeps else np.float32)


@table(DIFFERENTIABLE)
def test_gradient(case, isa):
    inputs, dys, expected = gradient_case(case)
    arrays = [*flat(inputs), *dys]
    found = iter(gradient_function(case, inputs, dys)(*arrays))
    gradients = {}
    for name in case.differentiable:
        value = inputs[name]
        gradients[name] = [next(found) for _ in value] if isinstance(value, list) else next(found)
    for name, value in inputs.items():
        if name in gradients:
            for got, x in zip(flat({name: gradients[name]}), flat({name: value}), strict=True):
                assert got.shape == x.shape
                assert got.dtype == np.float32
    for name, part, direction, slope, allowed in expected:
        gradient = gradients[name] if part is None else gradients[name][part]
        got = float((gradient.astype(np.float64) * direction).sum())
        assert abs(got - slope) <= allowed, (
            f"{case}: the derivative along {name} is {got!r}, expected {slope!r} within "
            f"{allowed:.3g}"
        )


@table(CASES)
def test_threads_make_no_difference(case, thread_counts, isa):
    inputs, _, _ = forward_case(case)
    outcomes = []
    for threads in thread_counts:
        runtime.set_num_threads(threads)
        outcomes.append(bits(run(case, inputs)))
    assert outcomes[0] == outcomes[1] == outcomes[2]


@table(DIFFERENTIABLE)
def test_threads_make_no_difference_to_gradients(case, thread_counts, isa):
    inputs, _, _ = forward_case(case)
    dys = weights(case)
    function = gradient_function(case, inputs, dys)
    outcomes = []
    for threads in thread_counts:
        runtime.set_num_threads(threads)
        outcomes.append(bits(function(*flat(inputs), *dys)))
    assert outcomes[0] == outcomes[1] == outcomes[2]


@table(CASES)
def test_compiled_equals_eager(case):
    inputs, _, _ = forward_case(case)
    tensors, outputs = symbolic(case, inputs)
    got = graph.compile(flat(tensors), list(outputs))(*flat(inputs))
    eager = run(case, inputs)
    assert [(t.dtype, t.shape) for t in outputs] == [(y.dtype, y.shape) for y in eager]
    assert bits(got) == bits(eager)


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


# One case an operation is enough: what copies arrays knows nothing of operations.
FIRST = list({case.op: case for case in reversed(CASES)}.values())


@pytest.mark.parametrize(
    "layout", ["strided", "transposed", "reversed", "unaligned", "read-only", "byte-swapped"]
)
@table(FIRST)
def test_layout_of_inputs_does_not_matter(case, layout):
    inputs, _, _ = forward_case(case)
    moved = {
        name: [awkward(a, layout) for a in value]
        if isinstance(value, list)
        else awkward(value, layout)
        for name, value in inputs.items()
    }
    before = bits(flat(moved))
    assert bits(run(case, moved)) == bits(run(case, inputs))
    assert bits(flat(moved)) == before


@table(FIRST)
def test_result_is_a_new_array(case):
    inputs, _, _ = forward_case(case)
    for y in run(case, inputs):
        assert y.flags.c_contiguous
        assert y.flags.writeable
        assert not any(np.shares_memory(y, a) for a in flat(inputs))


@pytest.mark.parametrize("op", ["add", "subtract", "multiply", "divide", "maximum", "greater"])
def test_numbers_are_float32_operands(op):
    x = np.float32([[1, 2.5, -4]])
    function = getattr(ops, op)
    for number in (2, 2.5, np.float32(2.5)):
        for arguments in [(x, number), (number, x)]:
            got = function(*arguments)
            assert got.dtype == np.float32
            want = getattr(reference, op)(*arguments).astype(np.float32)
            np.testing.assert_array_equal(got, want)


def gradient(function, *arrays):
    """Gradient of the sum of a function of Tensors with respect to its first argument."""
    tensors = [graph.placeholder(a.shape, a.dtype) for a in arrays]
    y = function(*tensors)
    ones = graph.placeholder(y.shape)
    compiled = graph.compile([*tensors, ones], graph.gradients(y, tensors[:1], ones))
    return compiled(*arrays, np.ones(y.shape, np.float32))[0]


def test_first_of_equal_maxima_gets_the_gradient(isa):
    x = np.zeros((1, 4, 4, 17), np.float32)
    dx = gradient(lambda x: ops.max_pool2d(x, 2), x)
    want = np.zeros_like(x)
    want[:, ::2, ::2] = 1
    np.testing.assert_array_equal(dx, want)


def test_first_of_equal_maxima_in_overlapping_padded_windows(isa):
    x = np.full((1, 3, 3, 9), -2, np.float32)
    dx = gradient(lambda x: ops.max_pool2d(x, 3, strides=1, padding="same"), x)
    # The top-left pixel is the first one inside of four windows, and so on.
    np.testing.assert_array_equal(dx[0, :, :, 0], [[4, 2, 0], [2, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(dx, np.broadcast_to(dx[..., :1], dx.shape))


def test_first_nan_gets_the_gradient_of_max_pooling(isa):
    x = np.float32([1, np.nan, np.nan, 9]).reshape(1, 2, 2, 1)
    dx = gradient(lambda x: ops.max_pool2d(x, 2), x)
    np.testing.assert_array_equal(dx.ravel(), [0, 1, 0, 0])


@pytest.mark.parametrize("op", ["relu", "absolute"])
def test_gradient_at_the_kink_is_zero(op, isa):
    x = np.float32([0.0, -0.0] * 9)
    np.testing.assert_array_equal(gradient(getattr(ops, op), x), np.zeros_like(x))


@pytest.mark.parametrize("op", ["maximum", "minimum"])
def test_first_of_equal_operands_gets_the_gradient(op, isa):
    x = np.arange(18, dtype=np.float32)
    function = getattr(ops, op)
    np.testing.assert_array_equal(gradient(function, x, x.copy()), np.ones_like(x))
    second = gradient(lambda b, a: function(a, b), x, x.copy())
    np.testing.assert_array_equal(second, np.zeros_like(x))


def test_cast_passes_the_gradient_between_floats(isa):
    """Finite differences cannot tell: the reference rounds to float32 as well."""
    x = np.float32([1, -2, 3.5])
    np.testing.assert_array_equal(gradient(lambda x: ops.cast(x, "float32"), x), np.ones(3))
    truncated = gradient(lambda x: ops.cast(ops.cast(x, "int32"), "float32"), x)
    np.testing.assert_array_equal(truncated, np.zeros(3))


def test_stop_gradient(isa):
    x = np.float32([1, 2, 3])
    stopped = gradient(lambda x: ops.multiply(x, ops.stop_gradient(x)), x)
    np.testing.assert_array_equal(stopped, x)
    np.testing.assert_array_equal(gradient(ops.stop_gradient, x), np.zeros(3))


@pytest.mark.parametrize("from_logits", [False, True])
def test_label_outside_the_classes_spoils_only_its_row(from_logits, isa):
    p = np.full((3, 4), 0.25, np.float32)
    labels = np.array([1, 4, -1])
    dp = gradient(
        lambda p, labels: ops.sparse_categorical_crossentropy(labels, p, from_logits=from_logits),
        p,
        labels,
    )
    assert np.isfinite(dp[0]).all()


@pytest.mark.parametrize("op", ["categorical_crossentropy", "binary_crossentropy"])
def test_clipped_probability_has_no_gradient(op, isa):
    """As in Keras: outside of [1e-7, 1 - 1e-7] the loss is flat."""
    p = np.float32([[0, 1]])
    t = np.float32([[1, 0]])
    got = gradient(lambda p, t: getattr(ops, op)(t, p), p, t)
    np.testing.assert_array_equal(got, [[0, 0]])


def test_dropout_drops_the_same_forward_and_backward(isa):
    x = np.ones((4, 50), np.float32)
    seed = np.array(2**40 + 5, np.uint64)
    y = ops.dropout(x, 0.3, seed)
    np.testing.assert_array_equal(gradient(lambda x, s: ops.dropout(x, 0.3, s), x, seed), y)


def test_dropout_of_another_seed_is_another():
    x = np.ones(1000, np.float32)
    first, again, other = (ops.dropout(x, 0.5, np.array(s, np.uint64)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert 400 < np.count_nonzero(first != other) < 600


def test_every_operation_is_in_the_table():
    assert set(ops.PUBLIC) == {case.op for case in CASES}
    # Updates take Variables, so they are no functions of arrays: see tests/test_updates.py.
    updates = {*update.__all__, *steps.__all__, *adaptive_steps.__all__}
    assert set(ops.__all__) - {"PUBLIC"} - updates == set(reference.__all__)


@pytest.mark.parametrize("op", sorted({case.op for case in CASES}))
def test_twin_has_the_same_signature(op):
    def parameters(module):
        signature = inspect.signature(getattr(module, op))
        return [(p.name, p.kind, p.default) for p in signature.parameters.values()]

    assert parameters(ops) == parameters(reference)
