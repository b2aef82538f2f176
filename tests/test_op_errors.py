"""What operations refuse: walks the table in ``op_errors``. Nothing may reach a kernel."""

import numpy as np
import pytest

from fastcnn import graph, ops
from op_cases import CASES
from op_errors import ERRORS

FIRST = {case.op: case for case in reversed(CASES)}
# What takes any dtype, or any real one.
ANY_DTYPE = {
    "argmax", "broadcast_to", "cast", "concatenate", "equal", "flatten", "greater", "one_hot",
    "pad", "rescale", "reshape", "slice", "stop_gradient", "transpose",
}  # fmt: skip
FLOAT32_OPERANDS = [
    (case, name)
    for op, case in FIRST.items()
    if op not in ANY_DTYPE
    for name, value in case.sample().items()
    if isinstance(value, np.ndarray) and value.dtype == np.float32
]


def symbolic(value):
    if isinstance(value, np.ndarray):
        return graph.placeholder(value.shape, value.dtype)
    if isinstance(value, list):
        return [symbolic(item) for item in value]
    return value


@pytest.mark.parametrize("wrong", ERRORS, ids=str)
def test_arrays(wrong):
    with pytest.raises(wrong.error, match=wrong.match):
        getattr(ops, wrong.op)(**wrong.arguments)


@pytest.mark.parametrize("wrong", ERRORS, ids=str)
def test_tensors(wrong):
    with pytest.raises(wrong.error, match=wrong.match):
        getattr(ops, wrong.op)(**{k: symbolic(v) for k, v in wrong.arguments.items()})


@pytest.mark.parametrize("dtype", ["float64", "int64", "uint8", "bool"])
@pytest.mark.parametrize(
    ("case", "name"), FLOAT32_OPERANDS, ids=[f"{c.op}-{n}" for c, n in FLOAT32_OPERANDS]
)
def test_dtype_is_never_converted(case, name, dtype):
    inputs = case.sample()
    inputs[name] = inputs[name].astype(dtype)
    text = f"^{case.op}: {name} must be float32, got {dtype}"
    if dtype == "float64":
        text += r".*cast.*\.astype\('float32'\)"
    for arguments in (inputs, {k: symbolic(v) for k, v in inputs.items()}):
        with pytest.raises(TypeError, match=text):
            getattr(ops, case.op)(**arguments, **case.attributes)


@pytest.mark.parametrize("value", [None, "abc", object(), {}, np.array(["a"]), np.array([None])])
@pytest.mark.parametrize("case", FIRST.values(), ids=FIRST)
def test_no_array_at_all(case, value):
    inputs = case.sample()
    name = next(iter(inputs))
    inputs[name] = value
    with pytest.raises(TypeError, match=rf"^{case.op}: .*\b{name}\b"):
        getattr(ops, case.op)(**inputs, **case.attributes)


@pytest.mark.parametrize("dtype", ["complex64", "float16", "datetime64[s]", "S3"])
@pytest.mark.parametrize("case", FIRST.values(), ids=FIRST)
def test_foreign_dtypes(case, dtype):
    inputs = case.sample()
    name = next(iter(inputs))
    foreign = np.zeros(np.shape(inputs[name]) if name != "xs" else 3, dtype)
    inputs[name] = [foreign] if name == "xs" else foreign
    with pytest.raises(TypeError, match=rf"^{case.op}: .*\b{name}\b"):
        getattr(ops, case.op)(**inputs, **case.attributes)


def test_result_larger_than_memory():
    x, kernel = np.ones((1, 4, 4, 1), np.float32), np.ones((1, 1, 1, 1), np.float32)
    with pytest.raises((MemoryError, ValueError)):
        ops.conv2d(x, kernel, padding=2**20)
    with pytest.raises((MemoryError, ValueError)):
        ops.broadcast_to(x, (2**20, 2**20, 2**20, 1))
    with pytest.raises((MemoryError, ValueError)):
        ops.one_hot(np.zeros(2**10, np.int64), 2**42)
