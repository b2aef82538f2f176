"""ONNX Runtime: a model of one operation, forward."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from fastcnn.bench.operations import Candidate, Case
from fastcnn.bench.operations.geometry import Convolution
from fastcnn.bench.operations.operation import Array, Arrays
from fastcnn.reference.window import pad_amounts, pair

VERSION = onnxruntime.__version__

_THREADS = [1]


def start(threads: int) -> None:
    """Every session gets as many threads as everybody."""
    _THREADS[0] = threads


def ways(case: Case, direction: str, arrays: Arrays) -> dict[str, Candidate]:
    """Forward only; the library has no gradients."""
    make = _OPERATIONS.get(case.op)
    return make(case, arrays) if make is not None and direction == "forward" else {}


#: A node: operator, inputs, attributes. The last one's output is the result.
Nodes = list[tuple[str, list[str], dict[str, Any]]]


def _planes(x: Array) -> Array:
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def _images(y: Array) -> Array:
    return np.ascontiguousarray(y.transpose(0, 2, 3, 1))


def _same(y: Array) -> Array:
    return y


def _model(
    nodes: Nodes, inputs: Mapping[str, Array], constants: Mapping[str, Array], dtype: int
) -> bytes:
    made = [
        helper.make_node(op, names, [f"n{number}"], **attributes)
        for number, (op, names, attributes) in enumerate(nodes)
    ]
    graph = helper.make_graph(
        made,
        "one",
        [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
            )
            for name, array in inputs.items()
        ],
        [helper.make_tensor_value_info(f"n{len(nodes) - 1}", dtype, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    text: bytes = model.SerializeToString()
    return text


def _run(
    nodes: Nodes,
    inputs: Mapping[str, Array],
    constants: Mapping[str, Array] | None = None,
    read: Callable[[Array], Array] = _same,
    dtype: int = TensorProto.FLOAT,
) -> dict[str, Candidate]:
    """With arrays as its users have them, and with its result in one place again and again."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _THREADS[0]
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        _model(nodes, inputs, constants or {}, dtype), options, ["CPUExecutionProvider"]
    )
    feeds = dict(inputs)
    (first,) = session.run(None, feeds)
    binding = session.io_binding()
    for name, array in feeds.items():
        binding.bind_cpu_input(name, array)
    out = onnxruntime.OrtValue.ortvalue_from_numpy(np.zeros_like(first))
    binding.bind_ortvalue_output(session.get_outputs()[0].name, out)
    return {
        "run": Candidate(lambda: session.run(None, feeds), lambda y: [read(y[0])]),
        "bound": Candidate(
            lambda: session.run_with_iobinding(binding), lambda _: [read(out.numpy())]
        ),
    }


def _conv2d(case: Case, arrays: Arrays) -> dict[str, Candidate]:
    shape = Convolution.of(case)
    (top, bottom), (left, right) = shape.edges
    attributes = {
        "strides": shape.strides,
        "dilations": shape.dilation,
        "group": shape.groups,
        "pads": [top, left, bottom, right],
    }
    constants = {"w": np.ascontiguousarray(arrays["kernel"].transpose(3, 2, 0, 1))}
    names = ["x", "w"]
    if "bias" in arrays:
        constants["b"] = arrays["bias"]
        names.append("b")
    nodes: Nodes = [("Conv", names, attributes)]
    if case["activation"] == "relu":
        nodes.append(("Relu", ["n0"], {}))
    return _run(nodes, {"x": _planes(arrays["x"])}, constants, _images)


def _pool(op: str) -> Callable[[Case, Arrays], dict[str, Candidate]]:
    def make(case: Case, arrays: Arrays) -> dict[str, Candidate]:
        size, strides = pair(case["size"]), pair(case["stride"] or case["size"])
        (top, bottom), (left, right) = pad_amounts(case["padding"], case["x"][1:3], size, strides)
        attributes = {
            "kernel_shape": size,
            "strides": strides,
            "pads": [top, left, bottom, right],
        }
        return _run([(op, ["x"], attributes)], {"x": _planes(arrays["x"])}, read=_images)

    return make


def _global_average(case: Case, arrays: Arrays) -> dict[str, Candidate]:
    def read(y: Array) -> Array:
        return y.reshape(y.shape[:2])

    return _run([("GlobalAveragePool", ["x"], {})], {"x": _planes(arrays["x"])}, read=read)


def _batch_normalization(case: Case, arrays: Arrays) -> dict[str, Candidate]:
    if len(case["x"]) != 4:
        return {}
    names = ["gamma", "beta", "mean", "variance"]
    return _run(
        [("BatchNormalization", ["x", *names], {"epsilon": 1e-3})],
        {"x": _planes(arrays["x"])},
        {name: arrays[name] for name in names},
        _images,
    )


def _matmul(case: Case, arrays: Arrays) -> dict[str, Candidate]:
    attributes = {
        "transA": int(case["transpose_a"]),
        "transB": int(case["transpose_b"]),
    }
    return _run([("Gemm", ["a", "b"], attributes)], arrays)


def _dense(case: Case, arrays: Arrays) -> dict[str, Candidate]:
    constants = {name: arrays[name] for name in ("kernel", "bias")}
    nodes: Nodes = [("Gemm", ["x", "kernel", "bias"], {})]
    if case["activation"] == "relu":
        nodes.append(("Relu", ["n0"], {}))
    return _run(nodes, {"x": arrays["x"]}, constants)


def _node(op: str, **attributes: Any) -> Callable[[Case, Arrays], dict[str, Candidate]]:
    """Of all arrays in order."""
    return lambda case, arrays: _run([(op, list(arrays), attributes)], arrays)


def _argmax(case: Case, arrays: Arrays) -> dict[str, Candidate]:
    attributes = {"axis": -1, "keepdims": 0}
    return _run([("ArgMax", ["x"], attributes)], arrays, dtype=TensorProto.INT64)


def _reduce(op: str) -> Callable[[Case, Arrays], dict[str, Candidate]]:
    def make(case: Case, arrays: Arrays) -> dict[str, Candidate]:
        axes = [-1] if case["axis"] == "last" else list(range(len(case["x"]) - 1))
        if op == "ReduceSum":
            nodes: Nodes = [(op, ["x", "axes"], {"keepdims": 0})]
            return _run(nodes, arrays, {"axes": np.array(axes, np.int64)})
        return _run([(op, ["x"], {"axes": axes, "keepdims": 0})], arrays)

    return make


def _transpose(case: Case, arrays: Arrays) -> dict[str, Candidate]:
    return _run([("Transpose", ["x"], {"perm": list(case["axes"])})], arrays)


def _add_relu(case: Case, arrays: Arrays) -> dict[str, Candidate]:
    return _run([("Add", ["a", "b"], {}), ("Relu", ["n0"], {})], arrays)


_OPERATIONS: dict[str, Callable[[Case, Arrays], dict[str, Candidate]]] = {
    "conv2d": _conv2d,
    "max_pool2d": _pool("MaxPool"),
    "average_pool2d": _pool("AveragePool"),
    "global_average_pool2d": _global_average,
    "batch_normalization": _batch_normalization,
    "matmul": _matmul,
    "dense": _dense,
    "argmax": _argmax,
    "sum": _reduce("ReduceSum"),
    "mean": _reduce("ReduceMean"),
    "transpose": _transpose,
    "add_relu": _add_relu,
    "relu": _node("Relu"),
    "sigmoid": _node("Sigmoid"),
    "tanh": _node("Tanh"),
    "exp": _node("Exp"),
    "log": _node("Log"),
    "sqrt": _node("Sqrt"),
    "negative": _node("Neg"),
    "absolute": _node("Abs"),
    "add": _node("Add"),
    "subtract": _node("Sub"),
    "multiply": _node("Mul"),
    "divide": _node("Div"),
    "maximum": _node("Max"),
    "minimum": _node("Min"),
    "softmax": _node("Softmax", axis=-1),
    "log_softmax": _node("LogSoftmax", axis=-1),
    "concatenate": _node("Concat", axis=-1),
}
