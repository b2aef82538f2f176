"""What an op is called is known to ops, to the core's registry and to tests, and to nobody else.

Code that has to know something about an op asks for a trait of :class:`fastcnn.graph.tensor.Op`, or
for its class where :mod:`fastcnn.ops` may be imported. A name in a comparison, a set or a table is
what a new op, or a second one of the same kind, is forgotten in.
"""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fastcnn import ops
from fastcnn.graph.tensor import Op

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "fastcnn"

#: Where ops are at home, and what has a name for each of them by design.
AT_HOME = {
    "ops": "defines them",
    "reference": "has a function of each name",
    "bench": "measures ops under the names that users type, and peers under their own",
}

#: Words that are names of ops too, but mean something else there: part of the package -> words.
OTHER_MEANINGS = {
    # Names of layers' activations, as users write them.
    "activations": {
        *("exp", "gelu", "hard_silu", "log_softmax", "relu", "relu6", "sigmoid", "silu"),
        *("softmax", "sparsemax", "tanh"),
    },
    # Names of activations and of layers.
    "applications": {"gelu", "max_pool", "softmax"},
    # Keras' name of an initializer.
    "initializers": {"random_normal"},
    # Keras' names of a loss, of metrics, and of a way to reduce what they give.
    "losses": {"binary_crossentropy", "sum"},
    "metrics": {"binary_crossentropy", "crossentropy", "sum"},
    # A way to go through memory whose bandwidth is measured.
    "profiling": {"copy"},
    "runtime": {"copy"},
}


def names_in_the_core() -> set[str]:
    families = sorted((ROOT / "csrc" / "ops").glob("*/operators.cpp"))
    rows = "".join(path.read_text() for path in families)
    elementwise = (ROOT / "csrc" / "kernels" / "elementwise" / "elementwise.def").read_text()
    return {
        *re.findall(r'^ *\{"(\w+)", make_', rows, re.MULTILINE),
        *re.findall(r"^FASTCNN_\w+\((\w+), ", elementwise, re.MULTILINE),
    }


def names_of_ops() -> set[str]:
    def subclasses(kind: type[Op]) -> Iterator[type[Op]]:
        for each in kind.__subclasses__():
            yield each
            yield from subclasses(each)

    assert ops.PUBLIC  # every module that defines ops has been imported
    # Other tests define ops too.
    ours = [kind for kind in subclasses(Op) if kind.__module__.startswith("fastcnn.")]
    defined = {kind.name for kind in ours if hasattr(kind, "name")}
    return defined | names_in_the_core()


class Strings(ast.NodeVisitor):
    """Lines and values of the strings that code works with.

    Not docstrings, ``__all__``, error texts and parts of f-strings, nor the ``name`` that a class
    gives itself, nor what an argument called ``activation`` is given: that is a word for users.
    """

    def __init__(self) -> None:
        self.found: list[tuple[int, str]] = []

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.found.append((node.lineno, node.value))

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if not any(isinstance(each, ast.Name) and each.id == "__all__" for each in node.targets):
            self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for statement in node.body:
            match statement:
                case ast.Assign(targets=[ast.Name(id="name")]):
                    pass
                case _:
                    self.visit(statement)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part)

    def visit_Raise(self, node: ast.Raise) -> None:
        pass

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg != "activation":
            self.generic_visit(node)


@functools.cache
def strings_in_code() -> dict[Path, list[tuple[int, str]]]:
    """By module, without those where ops are at home."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in AT_HOME:
            strings = Strings()
            strings.visit(ast.parse(path.read_text()))
            found[path] = strings.found
    return found


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_no_name_of_an_op_outside_ops() -> None:
    names = names_of_ops()
    assert {"conv", "matmul", "sgd_update", "copy"} <= names
    places = [
        f"{path.relative_to(ROOT)}:{line}: {word!r}"
        for path, strings in strings_in_code().items()
        for line, word in strings
        if word in names - OTHER_MEANINGS.get(part_of(path), set())
    ]
    assert not places, "ask for a trait of Op instead:\n" + "\n".join(places)


@pytest.mark.parametrize("part", OTHER_MEANINGS)
def test_other_meanings_are_needed(part: str) -> None:
    words = {
        word
        for path, strings in strings_in_code().items()
        for _, word in strings
        if part_of(path) == part
    }
    assert OTHER_MEANINGS[part] <= words
