"""The core's own checks: nothing handed to it may crash the process or read outside an array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import _core, graph, ops
from packed_form import packed_form

F32 = "float32"
MATMUL = {"transpose_a": False, "transpose_b": False, "activation": "none", "residual": False}


def matmul_program(
    values: list[tuple[str, tuple[int, ...], str, int]] | None = None,
    steps: list[tuple[Any, list[int], list[int], int, int]] | None = None,
    variables: list[_core.Variable] | None = None,
    arena: int = 1 << 16,
) -> _core.Program:
    step = _core.Operator("matmul", [(F32, (2, 3)), (F32, (3, 4))], [(F32, (2, 4))], MATMUL)
    return _core.Program(
        values
        or [
            (F32, (2, 3), "input", 0),
            (F32, (3, 4), "input", 1),
            (F32, (2, 4), "output", 0),
        ],
        steps or [(step, [0, 1], [2], 0, -1)],
        variables or [],
        arena,
    )


def run(program: _core.Program, *feeds: Any) -> Any:
    out = np.empty((2, 4), np.float32)
    program.run(list(feeds), [out])
    return out


A = np.arange(6, dtype=np.float32).reshape(2, 3)
B = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_runs() -> None:
    np.testing.assert_array_equal(run(matmul_program(), A, B), A @ B)


@pytest.mark.parametrize(
    ("feeds", "error", "message"),
    [
        ([A], ValueError, "takes 2 feeds and 1 fetches, got 1"),
        ([A.astype(np.float64), B], TypeError, "feed 0 must be float32, got float64"),
        ([A, B.T.copy()], ValueError, r"feed 1 must have shape \(3, 4\), got \(4, 3\)"),
        ([A, np.asfortranarray(B)], ValueError, "feed 1 must be C-contiguous"),
        ([A.astype(">f4"), B], TypeError, "feed 0 must be float32"),
        ([[1.0, 2.0], B], TypeError, "feed 0 must be a NumPy array, got list"),
    ],
)
def test_arrays_are_borrowed_never_converted(
    feeds: list[Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run(matmul_program(), *feeds)


def test_output_must_be_writeable() -> None:
    out = np.empty((2, 4), np.float32)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="fetch 0 must be writeable"):
        matmul_program().run([A, B], [out])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([(F32, (2, 3), "arena", 1 << 20)] * 3, "does not fit the arena"),
        ([(F32, (2, 3), "arena", 8)] * 3, "does not fit the arena"),
        ([(F32, (2, 3), "variable", 0)] * 3, "no variable 0"),
        ([(F32, (2, 3), "input", -1)] * 3, "negative index -1"),
        ([(F32, (2, 3), "input", 1 << 40)] * 3, "no input or output"),
        ([(F32, (2, 3), "somewhere", 0)] * 3, "storage must be arena, input, output, variable"),
        ([(F32, (2, 3), "derived", 0)] * 3, "no derived value 0"),
        ([(F32, (2, 2**62), "arena", 0)] * 3, "at most"),
        ([(F32, (2, -1), "arena", 0)] * 3, "negative size -1"),
        ([(F32, (1,) * 9, "arena", 0)] * 3, "rank 9, at most 8"),
        ([("complex64", (2, 3), "arena", 0)] * 3, "dtype 'complex64' is not supported"),
    ],
)
def test_values_outside_their_memory_are_refused(
    values: list[tuple[str, tuple[int, ...], str, int]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        matmul_program(values=values)


def test_operands_of_another_type_are_refused() -> None:
    with pytest.raises(ValueError, match="value 0 is float32 .3, 2., the operator expects"):
        matmul_program(
            values=[
                (F32, (3, 2), "input", 0),
                (F32, (3, 4), "input", 1),
                (F32, (2, 4), "output", 0),
            ]
        )


def test_steps_need_known_values_and_scratch_inside_the_arena() -> None:
    step = _core.Operator("matmul", [(F32, (2, 3)), (F32, (3, 4))], [(F32, (2, 4))], MATMUL)
    with pytest.raises(ValueError, match="no value 9"):
        matmul_program(steps=[(step, [0, 9], [2], 0, -1)])
    with pytest.raises(ValueError, match="an instruction writes an input"):
        square = _core.Operator("matmul", [(F32, (2, 2))] * 2, [(F32, (2, 2))], MATMUL)
        values = [(F32, (2, 2), "input", 0)] * 2
        matmul_program(values=values, steps=[(square, [0, 1], [0], 0, -1)])
    with pytest.raises(ValueError, match="does not fit the arena"):
        matmul_program(steps=[(step, [0, 1], [2], 1 << 20, -1)])
    with pytest.raises(ValueError, match="takes 2 inputs and 1 outputs, got 1 and 1"):
        matmul_program(steps=[(step, [0], [2], 0, -1)])


@pytest.mark.parametrize(
    "name", ["conv2d", "conv2d_input_grad", "max_pool2d", "chain", "pair_sums"]
)
def test_an_operation_has_one_name(name: str) -> None:
    with pytest.raises(ValueError, match=f"unknown operation '{name}'"):
        _core.Operator(name, [], [], {})


def test_unknown_operation_and_missing_attribute() -> None:
    with pytest.raises(ValueError, match="unknown operation 'divine'"):
        _core.Operator("divine", [], [], {})
    with pytest.raises(ValueError, match="attribute 'activation' is missing"):
        _core.Operator(
            "matmul",
            [(F32, (2, 3)), (F32, (3, 4))],
            [(F32, (2, 4))],
            {"transpose_a": False, "transpose_b": False},
        )


@pytest.mark.parametrize(
    ("shapes", "attrs", "message"),
    [
        (((1, 4, 4, 3), (3, 3, 3, 8), (1, 9, 9, 8)), {}, "output height must be 2, got 9"),
        (((1, 4, 4, 3), (3, 3, 2, 8), (1, 2, 2, 8)), {}, "expects 2 channels, x has 3"),
        (((1, 4, 4, 3), (3, 3, 3, 8), (2, 2, 2, 8)), {}, "does not fit x"),
        (((1, 4, 4, 3), (3, 3, 3, 8), (1, 2, 2, 8)), {"strides": (0, 1)}, "stride must be 1 to"),
        (((1, 4, 4, 3), (3, 3, 3, 8), (1, 2, 2, 8)), {"strides": (2**31, 1)}, "stride must be"),
        (((1, 4, 4, 3), (3, 3, 3, 8), (1, 2, 2, 8)), {"dilation": (-1, 1)}, "dilation must be"),
        (((1, 4, 4, 3), (3, 3, 3, 8), (1, 2, 2, 8)), {"padding": (0, 0, -1, 0)}, "padding must"),
        (((1, 4, 4, 3), (3, 3, 3, 8), (1, 2, 2, 8)), {"padding": (0, 0)}, "4 paddings"),
        (((1, 4, 4, 3), (3, 3, 3, 8), (1, 2, 2, 8)), {"groups": 0}, "groups must be positive"),
        (((1, 4, 4, 3), (3, 3, 3, 8), (1, 2, 2, 8)), {"groups": 2}, "cannot be split into 2"),
        (((1, 4, 4, 3), (0, 3, 3, 8), (1, 5, 2, 8)), {}, "window height must be 1 to"),
        (((1, 4, 4, 3), (3, 3, 3, 8), (1, 2, 2, 8)), {"activation": "swish"}, "got 'swish'"),
    ],
)
@pytest.mark.parametrize("op", ["conv", "conv_input_grad", "conv_kernel_grad"])
def test_convolution_never_reads_outside(
    op: str, shapes: tuple[tuple[int, ...], ...], attrs: dict[str, Any], message: str
) -> None:
    settings = {
        "strides": (1, 1),
        "padding": (0, 0, 0, 0),
        "dilation": (1, 1),
        "groups": 1,
        "activation": "none",
        "residual": False,
    } | attrs
    if op != "conv" and "activation" in attrs:
        pytest.skip("gradients have no activation")
    x, kernel, y = ((F32, shape) for shape in shapes)
    inputs, output = {
        "conv": ([x, kernel], y),
        "conv_input_grad": ([y, kernel], x),
        "conv_kernel_grad": ([x, y], kernel),
    }[op]
    with pytest.raises(ValueError, match=message):
        _core.Operator(op, inputs, [output], settings)


@pytest.mark.parametrize(
    ("shapes", "attrs", "message"),
    [
        (((1, 4, 3), (3, 3, 8), (1, 9, 8)), {}, "output length must be 2, got 9"),
        (((1, 4, 4, 4, 3), (3, 3, 3, 3, 8), (1, 9, 2, 2, 8)), {}, "output depth must be 2, got 9"),
        (((1, 4, 4, 4, 3), (3, 3, 3, 3, 8), (1, 2, 2, 8)), {}, "y must have rank 5"),
        (((1, 4, 3), (3, 3, 3, 8), (1, 2, 8)), {}, "kernel must have rank 3"),
        (((4, 3), (3, 8), (2, 8)), {}, "x must have rank 3, 4 or 5"),
        (((1,) * 6, (1,) * 6, (1,) * 6), {}, "x must have rank 3, 4 or 5"),
        (((1, 4, 3), (3, 3, 8), (1, 2, 8)), {"strides": (1, 1)}, "needs 1 strides, 2 paddings"),
        (((1, 4, 3), (3, 3, 8), (1, 2, 8)), {"padding": (0,)}, "needs 1 strides, 2 paddings"),
        (((1, 4, 3), (3, 2, 8), (1, 2, 8)), {}, "expects 2 channels, x has 3"),
    ],
)
@pytest.mark.parametrize("op", ["conv", "conv_input_grad", "conv_kernel_grad", "conv_transpose"])
def test_convolution_of_any_rank_never_reads_outside(
    op: str, shapes: tuple[tuple[int, ...], ...], attrs: dict[str, Any], message: str
) -> None:
    rank = max(1, len(shapes[0]) - 2)
    settings = {
        "strides": (1,) * rank,
        "padding": (0,) * (2 * rank),
        "dilation": (1,) * rank,
        "groups": 1,
        "activation": "none",
        "residual": False,
        "algorithm": "direct",
    } | attrs
    x, kernel, y = ((F32, shape) for shape in shapes)
    inputs, output = {
        "conv": ([x, kernel], y),
        "conv_input_grad": ([y, kernel], x),
        "conv_kernel_grad": ([x, y], kernel),
        "conv_transpose": ([y, kernel], x),
    }[op]
    with pytest.raises(ValueError, match=message):
        _core.Operator(op, inputs, [output], settings)


def test_transposed_convolution_checks_its_bias() -> None:
    settings = {
        "strides": (1,), "padding": (0, 0), "dilation": (1,), "groups": 1, "activation": "none",
        "residual": False,
        "algorithm": "direct",
    }  # fmt: skip
    inputs = [(F32, (1, 2, 8)), (F32, (3, 3, 8)), (F32, (8,))]
    with pytest.raises(ValueError, match=r"bias must have shape \(3,\), got \(8,\)"):
        _core.Operator("conv_transpose", inputs, [(F32, (1, 4, 3))], settings)


def test_variable_round_trip_and_version() -> None:
    variable = _core.Variable(A)
    before = variable.version
    variable.assign(A + 1)
    assert variable.version > before
    np.testing.assert_array_equal(variable.numpy(), A + 1)
    with pytest.raises(ValueError, match=r"value 0 must have shape \(2, 3\), got \(3, 4\)"):
        variable.assign(B)


def test_a_variable_may_be_listed_once() -> None:
    variable = _core.Variable(B)
    with pytest.raises(ValueError, match="a variable is listed twice"):
        matmul_program(variables=[variable, variable])


def test_packed_form_follows_the_variable() -> None:
    kernel = np.arange(12, dtype=np.float32).reshape(4, 3)
    shapes = [(F32, (40, 3)), (F32, (4, 3))]
    step = _core.Operator("matmul", shapes, [(F32, (40, 4))], {**MATMUL, "transpose_b": True})
    variable = _core.Variable(kernel)
    form = packed_form(step, variable)
    assert form.bytes == step.packing_bytes > 0
    program = _core.Program(
        [
            (F32, (40, 3), "input", 0),
            (F32, (4, 3), "nowhere", 0),
            (F32, (40, 4), "output", 0),
        ],
        [(step, [0, 1], [2], 0, 0)],
        [variable],
        1 << 16,
        [form],
    )
    a = np.arange(120, dtype=np.float32).reshape(40, 3)
    out = np.empty((40, 4), np.float32)
    for factor in (1, 2):
        variable.assign(kernel * np.float32(factor))
        program.run([a], [out])
        np.testing.assert_array_equal(out, a @ (kernel.T * factor))


def test_derived_values_are_checked() -> None:
    step = _core.Operator(
        "matmul", [(F32, (40, 3)), (F32, (4, 3))], [(F32, (40, 4))], {**MATMUL, "transpose_b": True}
    )
    small = _core.Operator(
        "matmul", [(F32, (40, 2)), (F32, (4, 2))], [(F32, (40, 4))], {**MATMUL, "transpose_b": True}
    )
    form = packed_form(step, _core.Variable(np.ones((4, 3), np.float32)))
    values = [(F32, (40, 2), "input", 0), (F32, (4, 2), "nowhere", 0), (F32, (40, 4), "output", 0)]
    with pytest.raises(ValueError, match="is not the packed form"):
        _core.Program(values, [(small, [0, 1], [2], 0, 0)], [], 1 << 16, [form])
    nowhere = [(F32, (2, 3), "input", 0), (F32, (3, 4), "nowhere", 0), (F32, (2, 4), "output", 0)]
    with pytest.raises(
        ValueError, match="input 1 of an instruction lies nowhere and is not packed"
    ):
        matmul_program(nowhere)
    with pytest.raises(ValueError, match="a derived value is None"):
        _core.Program([], [], [], 0, [None])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="must read a variable"):
        _core.derived_value("a product", matmul_program())
    by_b = [(F32, (2, 3), "input", 0), (F32, (3, 4), "variable", 0), (F32, (2, 4), "output", 0)]
    with pytest.raises(ValueError, match="must take no input"):
        _core.derived_value("a product", matmul_program(by_b, variables=[_core.Variable(B)]))
    relu = _core.Operator("relu", [(F32, (2,))], [(F32, (2,))], {})
    with pytest.raises(ValueError, match="packs none of its inputs"):
        relu.packer()


def test_packed_forms_of_one_variable_in_several_shapes(rng: np.random.Generator) -> None:
    """The same bytes seen as (40, 16), (64, 10) and (100, ...) are packed apart."""
    weights = fastcnn.Variable(rng.standard_normal((40, 16), np.float32))
    for shape in [(40, 16), (64, 10), (20, 32), (10, 64), (128, 5)]:
        x = graph.placeholder((100, shape[0]))
        f = graph.compile([x], [ops.matmul(x, ops.reshape(weights.tensor, shape))])
        value = rng.standard_normal((100, shape[0]), np.float32)
        want = value.astype(np.float64) @ weights.numpy().reshape(shape)
        np.testing.assert_allclose(f(value)[0], want, rtol=1e-4, atol=1e-4)


def test_arrays_live_as_long_as_the_run(rng: np.random.Generator) -> None:
    class Made:
        """A sequence whose items nobody else holds."""

        def __len__(self) -> int:
            return 2

        def __getitem__(self, i: int) -> Any:
            if i > 1:
                raise IndexError
            return (A, B)[i].copy()

    np.testing.assert_array_equal(run(matmul_program(), *Made()), A @ B)
    out = np.empty((2, 4), np.float32)
    matmul_program().run(Made(), [out])
    np.testing.assert_array_equal(out, A @ B)


def test_memory_must_be_apart_and_aligned() -> None:
    square = _core.Operator("matmul", [(F32, (2, 2))] * 2, [(F32, (2, 2))], MATMUL)
    program = _core.Program(
        [(F32, (2, 2), "input", 0), (F32, (2, 2), "input", 1), (F32, (2, 2), "output", 0)],
        [(square, [0, 1], [2], 0, -1)],
        [],
        1 << 16,
    )
    a = np.ones((2, 2), np.float32)
    with pytest.raises(ValueError, match="fetch 0 shares memory with feed 1"):
        program.run([a.copy(), a], [a])
    crooked = np.frombuffer(b"\0" * 17, np.uint8)[1:].view(np.float32).reshape(2, 2)
    with pytest.raises(ValueError, match="feed 0 must be aligned"):
        program.run([crooked, a], [a.copy()])


def test_nothing_in_place_of_operators_variables_and_integers() -> None:
    with pytest.raises(ValueError, match="an operator is None"):
        _core.Program([], [(None, [], [], 0, -1)], [], 0)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="a variable is None"):
        _core.Program([], [], [None], 0)  # type: ignore[list-item]
    with pytest.raises(ValueError, match="64-bit integers, got"):
        _core.Operator("relu", [(F32, (2**63,))], [(F32, (2,))], {})
    with pytest.raises(ValueError, match="at most 256 threads"):
        run_threads = matmul_program()
        run_threads.run([A, B], [np.empty((2, 4), np.float32)], threads=2**31 - 1)


def test_plans_are_bounded() -> None:
    settings = {
        "strides": (1, 1),
        "padding": (127, 128, 127, 128),
        "dilation": (1, 1),
        "groups": 1,
        "activation": "none",
        "residual": False,
        "algorithm": "auto",
    }
    x, kernel = (1, 256, 256, 2), (256, 256, 2, 2)
    with pytest.raises(ValueError, match="use a smaller window, stride or padding"):
        _core.Operator("conv", [(F32, x), (F32, kernel)], [(F32, x)], settings)


@pytest.mark.parametrize("kind", [_core.Variable, _core.Operator, _core.Program])
def test_objects_without_init_raise(kind: type) -> None:
    made = kind.__new__(kind)
    names = [name for name in dir(kind) if not name.startswith("_")]
    assert names
    for name in names:
        with pytest.raises((RuntimeError, TypeError)):
            getattr(made, name)(A, [])
    with pytest.raises((RuntimeError, TypeError)):
        matmul_program(variables=[made])
    with pytest.raises((RuntimeError, TypeError)):
        matmul_program(steps=[(made, [0, 1], [2], 0, -1)])
