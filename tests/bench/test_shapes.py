"""Lines of shape files: what they mean, and what is refused."""

import pytest

from fastcnn import ops
from fastcnn.bench.operations import OPERATIONS
from fastcnn.bench.operations.geometry import Convolution
from fastcnn.bench.shape_files import load, parse, suites, with_settings


def test_a_line():
    case = parse("conv2d kernel=3x3x64x32 x=2x56x28x64 stride=2x1 padding=same name=some")
    assert (case["x"], case["kernel"], case["stride"]) == ((2, 56, 28, 64), (3, 3, 64, 32), (2, 1))
    assert (case["padding"], case["groups"], case["bias"]) == ("same", 1, False)
    assert case.name == "some"
    assert case.directions == ()
    # One order and one spelling, without names and defaults.
    assert str(case) == "conv2d x=2x56x28x64 kernel=3x3x64x32 stride=2x1 padding=same"
    assert case == parse(f"{case} groups=1 direction=forward,backward")
    assert parse(f"{case} direction=forward,backward").directions == ("forward", "backward")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("conv3d x=1", "no operation is called 'conv3d'.*conv2d"),
        ("conv2d x=1x8x8x3", "conv2d needs kernel=..., such as 'conv2d x=1x56x56x64"),
        ("conv2d x=1x8x8x3 kernel=3x3x3x8 strde=2", "no setting 'strde'; it has x, kernel, stride"),
        ("conv2d x=1x8x8x3 kernel", "'kernel' must have the form setting=value"),
        ("relu x=1 x=2", "relu: x is given twice"),
        ("relu x=1x0x2", "x must be sizes with x between them.*got '1x0x2'"),
        ("relu x=-1", "got '-1'"),
        ("relu x=8 direction=sideways", "relu has no direction 'sideways'; it has forward"),
        ("matmul a=2x3 b=3x4 direction=backward", "matmul has no direction 'backward'"),
        ("conv2d x=1x8x8x3 kernel=3x3x4x8", "kernel must have 3 channels.*got 4 and 8"),
        ("conv2d x=1x8x8x3 kernel=9x9x3x8", "9x9 pixels does not fit in 8x8"),
        ("conv2d x=1x8x8x3 kernel=3x3x3x8 padding=some", "padding must be same, valid, or pixels"),
        ("conv2d x=1x8x8x3 kernel=3x3x3x8 bias=true", "bias must be yes or no; got 'true'"),
        ("conv2d x=8x8x3 kernel=3x3x3x8", "x must be BATCHxHEIGHTxWIDTHxCHANNELS"),
        ("conv2d x=1x8x8x3 kernel=5x5x3x8 algorithm=winograd", "computes 3x3 windows"),
        ("matmul a=2x3 b=2x4", "3 columns meet 2 rows"),
        ("max_pool2d x=1x3x3x1 size=4", "a window of 4 pixels does not fit in 3"),
        ("dense x=4 units=2", "x must be BATCHxINPUTS"),
    ],
)
def test_what_makes_no_sense(line, message):
    with pytest.raises(ValueError, match=message):
        parse(line)


def test_a_file_of_the_users_own(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("# a comment\n\nrelu x=4x4  # and another\nmatmul a=2x3 b=3x4\n")
    assert [str(case) for case in load(str(path))] == ["relu x=4x4", "matmul a=2x3 b=3x4"]


def test_a_star_is_every_other_operation(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text("relu x=4x4\n*\nexp x=2\n")
    relu, *others, exp = load(str(path))
    assert (str(relu), str(exp)) == ("relu x=4x4", "exp x=2")
    assert {case.op for case in others} == OPERATIONS.keys() - {"relu", "exp"}
    assert all(
        str(case) == str(parse(f"{case.op} {OPERATIONS[case.op].example}")) for case in others
    )


def test_files_that_cannot_be_used(tmp_path):
    with pytest.raises(ValueError, match="no suite is called 'resnet'; there are .*resnet50"):
        load("resnet")
    wrong, empty = tmp_path / "wrong.txt", tmp_path / "empty.txt"
    wrong.write_text("relu x=4\nrelu y=4\n")
    with pytest.raises(ValueError, match=r"wrong\.txt, line 2: relu has no setting 'y'"):
        load(str(wrong))
    empty.write_text("# nothing\n")
    with pytest.raises(ValueError, match="has no line"):
        load(str(empty))


def test_other_settings_for_a_line():
    case = parse("conv2d x=1x8x8x3 kernel=3x3x3x8 name=first direction=backward")
    other = with_settings(case, x=(4, 8, 8, 3))
    assert str(other) == "conv2d x=4x8x8x3 kernel=3x3x3x8"
    assert (other.name, other.directions) == ("first", ("backward",))


@pytest.mark.parametrize("suite", suites())
def test_suites(suite):
    cases = load(suite)
    assert len({(case, case.directions) for case in cases}) == len(cases)
    named = [(case.op, case.name) for case in cases if case.name]
    assert len(set(named)) == len(named)


def test_every_operation_is_measured():
    measured = {case.op for case in load("operations")}
    assert measured == set(OPERATIONS)
    assert set(ops.PUBLIC) <= measured


def test_geometry_counts_as_the_operation_computes():
    shape = Convolution.of(parse("conv2d x=2x9x8x6 kernel=3x3x2x9 groups=3 stride=2 padding=same"))
    assert shape.y == (2, 5, 4, 9)
    assert shape.flops == 2 * (2 * 5 * 4 * 9) * (3 * 3 * 2)
    assert not shape.symmetric
