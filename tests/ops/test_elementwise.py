"""Elementwise operations against their float64 references, and what they do at kinks."""

import numpy as np
import pytest

from fastcnn import ops, reference
from ops.cases.calls import gradient
from ops.cases.elementwise import CASES, ERRORS
from ops.checks import OpChecks


class TestElementwise(OpChecks):
    CASES = CASES
    ERRORS = ERRORS


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


def test_result_larger_than_memory():
    with pytest.raises((MemoryError, ValueError)):
        ops.one_hot(np.zeros(2**10, np.int64), 2**42)
