"""Every operation of the benchmark on small shapes: ours and NumPy's answers are the exact ones."""

import numpy as np
import pytest

from fastcnn.bench.measure_row import Prepared, WrongAnswerError, check
from fastcnn.bench.operations import OPERATIONS
from fastcnn.bench.operations.activations import ROWS
from fastcnn.bench.operations.elementwise import FUNCTIONS
from fastcnn.bench.shape_files import parse

POINTWISE = [*(row[0] for row in ROWS), *(function.name for function in FUNCTIONS)]
LINES = [
    "conv2d x=2x9x8x6 kernel=3x3x6x8 padding=same",
    "conv2d x=2x9x8x6 kernel=3x3x6x8 padding=same stride=2 bias=yes activation=relu",
    "conv2d x=2x9x8x6 kernel=3x2x6x8 dilation=2 padding=1",
    "conv2d x=2x9x8x6 kernel=3x3x1x6 padding=1 groups=6",
    "conv2d x=2x9x8x6 kernel=3x3x2x9 groups=3",
    "conv2d x=1x9x8x6 kernel=1x1x6x16 weights=fresh",
    "conv2d x=1x9x10x6 kernel=3x3x6x16 padding=same algorithm=winograd",
    "conv2d x=1x9x10x6 kernel=3x3x6x16 algorithm=direct",
    "conv x=2x9x6 kernel=3x6x8 padding=same stride=2",
    "conv x=2x5x4x6x3 kernel=3x2x3x3x8 padding=same stride=2x1x2",
    "conv x=1x7x6x6x3 kernel=3x3x3x3x8 padding=1 dilation=2",
    "conv_transpose x=2x4x5x6 kernel=3x3x8x6 stride=2 padding=same",
    "conv_transpose x=2x5x6 kernel=2x3x6 stride=3",
    "conv_transpose x=1x3x4x2x6 kernel=3x3x3x5x6 padding=1",
    "matmul a=9x7 b=7x5",
    "matmul a=7x9 b=5x7 transpose_a=yes transpose_b=yes",
    "dense x=5x7 units=6",
    "dense x=5x7 units=6 activation=relu",
    "max_pool2d x=2x9x8x6 size=2",
    "max_pool2d x=2x9x8x6 size=3 stride=2 padding=same",
    "average_pool2d x=2x9x8x6 size=2",
    "average_pool2d x=2x9x8x6 size=3 stride=2 padding=same",
    "global_average_pool2d x=2x9x8x6",
    "max_pool x=2x5x4x6x3 size=2x3x2 stride=2",
    "max_pool x=2x9x6 size=3 stride=2 padding=same",
    "average_pool x=2x5x4x6x3 size=3 padding=same",
    "global_max_pool x=2x4x3x5x6",
    "global_average_pool x=2x9x6",
    "adaptive_max_pool x=2x7x5x6 output=3x2",
    "adaptive_average_pool x=2x7x5x6 output=3",
    "batch_normalization x=2x9x8x6",
    "batch_normalization_training x=2x9x8x6",
    "layer_normalization x=9x17",
    "rms_normalization x=9x17",
    "group_normalization x=2x9x8x6 groups=3",
    "group_normalization x=3x40x40x24 groups=4",
    *(
        f"{op} x=9x17"
        for op in [
            "softmax", "log_softmax", "sparsemax", "argmax", "mean_squared_error",
            "categorical_crossentropy", "sparse_categorical_crossentropy", "binary_crossentropy",
            "in_top_k", "flatten",
            "stop_gradient", "cast", "rescale", "dropout", "scale_shift_relu", "where",
            "sgd", "momentum", "adam", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "ftrl",
            "lion",
        ]
    ),
    *(
        f"{op} a=3x40 b=3x40"
        for op in [
            "add", "subtract", "multiply", "divide", "maximum", "minimum", "greater", "equal",
            "concatenate", "add_relu",
        ]
    ),
    *(f"{op} x=9x18" for op in POINTWISE),
    "resize x=2x4x6x3",
    "pad x=2x3x4x5",
    "random_normal shape=3x40",
    "sum x=4x5x6",
    "sum x=4x5x6 axis=others",
    "mean x=4x5x6",
    "mean x=4x5x6 axis=others",
    "reshape x=4x6 shape=8x3",
    "transpose x=2x3x4x5 axes=0x3x1x2",
    "broadcast_to x=4 shape=3x4",
    "slice x=5x6 start=1x0 size=2x4",
    "one_hot labels=9 depth=5",
    "weighted_histogram_2d pairs=40 size=3x4",
    "fold_seed",
]  # fmt: skip


def test_all_are_here():
    assert {line.split()[0] for line in LINES} == set(OPERATIONS)


@pytest.mark.parametrize("line", LINES)
def test_answers(line, isa):
    case = parse(line)
    operation = OPERATIONS[case.op]
    for direction in operation.directions:
        prepared = Prepared(case, direction)
        _, work = prepared.ours()
        assert work.bytes > 0
        for way, candidate in operation.formulations(case, direction, prepared.arrays).items():
            found = [np.array(y) for y in candidate.read(candidate.call())]
            check(prepared.answers, found, f"{way}, {direction}")


@pytest.mark.parametrize("line", LINES)
def test_the_same_data_each_time(line):
    case = parse(line)
    first, again = (OPERATIONS[case.op].arrays(case, "forward") for _ in range(2))
    for name, array in first.items():
        np.testing.assert_array_equal(array, again[name])


def test_a_wrong_answer_is_found():
    prepared = Prepared(parse("conv2d x=1x6x6x4 kernel=3x3x4x4"), "forward")
    candidate = OPERATIONS["conv2d"].formulations(prepared.case, "forward", prepared.arrays)[
        "columns"
    ]
    (y,) = (np.array(a) for a in candidate.read(candidate.call()))
    check(prepared.answers, [y], "right")
    with pytest.raises(WrongAnswerError, match=r"result 0 of turned\[.*elements are off"):
        check(prepared.answers, [np.ascontiguousarray(y.transpose(0, 2, 1, 3))], "turned")
    with pytest.raises(WrongAnswerError, match="has shape"):
        check(prepared.answers, [y[:, :2]], "short")
    with pytest.raises(WrongAnswerError, match="gave 2 results, expected 1"):
        check(prepared.answers, [y, y], "double")
    y[0, 1, 2, 3] = np.nan
    with pytest.raises(WrongAnswerError, match=r"\[0, 1, 2, 3\] is nan"):
        check(prepared.answers, [y], "nan")


def test_what_forward_kept_is_given_to_backward():
    # One step: the softmax is not computed again.
    prepared = Prepared(parse("softmax x=4x9"), "backward")
    assert set(prepared.arrays) == {"x", "y", "dy"}
    _, work = prepared.ours()
    assert work.read == 2 * 4 * 4 * 9
    assert work.written == 4 * 4 * 9


@pytest.mark.parametrize(
    ("line", "direction", "each"),
    [
        ("softmax x=9x17", "forward", 16),
        ("softmax x=9x17", "backward", 4),
        ("sparse_categorical_crossentropy x=9x17", "forward", 15),
        ("relu x=9x17", "forward", 0),
    ],
)
def test_exponentials_are_counted(line, direction, each):
    case = parse(line)
    assert OPERATIONS[case.op].flops(case, direction) == each * 9 * 17
