"""Shape files: a line for each operation and shape, ``#`` for comments.

A line is the name of an operation and its settings::

    conv2d  x=1x56x56x64 kernel=3x3x64x64 padding=same  name=r50_3x3_64@56
    max_pool2d  x=8x112x112x64 size=3 stride=2 padding=1  direction=forward,backward

Every line may have a ``name`` for tables and pictures, and a ``direction``, several with commas.
The line ``*`` stands for every operation that no other line names, each at a typical size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from fastcnn.bench.operations import OPERATIONS, Case, Operation
from fastcnn.bench.operations.operation import REQUIRED
from fastcnn.bench.operations.parsing import written

__all__ = ["FOLDER", "load", "parse", "suites", "with_settings"]

#: The shape files of the package.
FOLDER = Path(__file__).parent / "shapes"


def suites() -> list[str]:
    """Names of the shape files that come with the package."""
    return sorted(path.stem for path in FOLDER.glob("*.txt"))


def load(name: str) -> list[Case]:
    """The cases of a suite of the package, or of a file of the user's.

    Args:
        name: A name in :func:`suites`, or a path (anything with a dot or a slash).

    Raises:
        ValueError: No such suite, or a line that makes no sense; says which.
        OSError: The file cannot be read.
    """
    path = Path(name)
    if not path.suffix and len(path.parts) == 1:
        if name not in suites():
            raise ValueError(
                f"no suite is called {name!r}; there are {', '.join(suites())}, and a shape file "
                f"of your own is given with its ending, such as {name}.txt"
            )
        path = FOLDER / f"{name}.txt"
    lines = [line.partition("#")[0].strip() for line in path.read_text().splitlines()]
    named = {line.split()[0] for line in lines if line}
    others = [f"{op} {each.example}" for op, each in OPERATIONS.items() if op not in named]
    cases = []
    for number, line in enumerate(lines, 1):
        try:
            cases += [parse(text) for text in (others if line == "*" else [line]) if text]
        except ValueError as error:
            raise ValueError(f"{path}, line {number}: {error}") from None
    if not cases:
        raise ValueError(f"{path} has no line that names an operation and its shape")
    return cases


def parse(line: str) -> Case:
    """The case that a line describes.

    Raises:
        ValueError: The operation or a setting is not known, a value makes no sense, or shapes do
            not fit each other.
    """
    op, *words = line.split()
    operation = OPERATIONS.get(op)
    if operation is None:
        raise ValueError(
            f"no operation is called {op!r}; a line is an operation and its settings, as in "
            f"'conv2d x=1x56x56x64 kernel=3x3x64x64'; there are {', '.join(sorted(OPERATIONS))}"
        )
    name = ""
    directions: tuple[str, ...] = ()
    given: dict[str, str] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not (equals and value):
            raise ValueError(f"{op}: {word!r} must have the form setting=value")
        if key in given:
            raise ValueError(f"{op}: {key} is given twice")
        if key == "name":
            name = value
        elif key == "direction":
            directions = check_directions(operation, value.split(","))
        else:
            given[key] = value
    return _case(operation, given, name, directions)


def check_directions(operation: Operation, directions: Sequence[str]) -> tuple[str, ...]:
    """Refuses directions that the operation does not have."""
    for direction in directions:
        if direction not in operation.directions:
            raise ValueError(
                f"{operation.name} has no direction {direction!r}; it has "
                + ", ".join(operation.directions)
            )
    return tuple(directions)


def with_settings(case: Case, **values: object) -> Case:
    """The same line with other values of some settings."""
    operation = OPERATIONS[case.op]
    given = dict(word.split("=", 1) for word in case.text.split())
    given |= {key: written(value) for key, value in values.items()}
    return replace(_case(operation, given, case.name, case.directions))


def _case(
    operation: Operation, given: dict[str, str], name: str, directions: tuple[str, ...]
) -> Case:
    known = operation.settings
    unknown = [key for key in given if key not in known]
    if unknown:
        raise ValueError(
            f"{operation.name} has no setting {unknown[0]!r}; it has "
            + ", ".join([*known, "name", "direction"])
        )
    values: dict[str, object] = {}
    texts = []
    for key, setting in known.items():
        if key not in given:
            if setting.default is REQUIRED:
                raise ValueError(f"{operation.name} needs {key}=..., such as {_example(operation)}")
            values[key] = setting.default
            continue
        try:
            values[key] = setting.parse(given[key])
        except ValueError as error:
            raise ValueError(
                f"{operation.name}: {key} must be {error}; got {given[key]!r}"
            ) from None
        if values[key] != setting.default:
            texts.append(f"{key}={written(values[key])}")
    case = Case(operation.name, values, " ".join(texts), name, directions)
    try:
        operation.check(case)
    except ValueError as error:
        raise ValueError(f"{operation.name}: {error}") from None
    return case


def _example(operation: Operation) -> str:
    return f"'{operation.name} {operation.example}'"
