"""Imports run one way: no file needs one from a floor above it, and none needs itself in a circle.

Imports for type checkers count: who reads a file must know what it names. What a file needs of
another that needs it is said by a protocol.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePath

import pytest

from import_graph import Graph, PythonImports, circle, includes, merged

#: Floors of the Python package, lowest first; a file may import from its own floor and below.
FLOORS = [
    [
        "_core",
        "_version",
        "_deprecation",
        "atomic_file",
        "config",
        "messages",
        "naming",
        "paths",
        "picture_file",
        "seeding",
        "tree",
    ],
    ["graph", "variable", "profiling", "runtime"],
    ["ops", "reference", "datasets", "testing"],
    ["activations", "constraints", "initializers", "regularizers", "schedules"],
    ["layers", "losses", "metrics", "optimizers"],
    ["data_adapters"],
    ["training"],
    ["saving"],
    ["models", "callbacks"],
    ["applications"],
    ["bench"],
    ["keras", "cli", "__main__"],
]
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}

#: C++ folders, and the others from which each may include. The engine knows no kernels.
CPP_BELOW = {
    "base": set[str](),
    "kernels": {"base"},
    "engine": {"base"},
    "roofline": {"base", "kernels"},
    "ops": {"base", "kernels", "engine"},
    "bindings": {"base", "kernels", "engine", "roofline", "ops"},
}

#: Loads any part of the package by name, and no part needs it.
FRONT_DOOR = "fastcnn/__init__.py"
#: Modules that have Keras' names, as what they export has.
KERAS_NAMES = {"fastcnn/keras/backend.py"}
#: In one folder; more are not seen at a glance.
MOST_MODULES = 16


@pytest.fixture(scope="module")
def python() -> PythonImports:
    return PythonImports()


@pytest.fixture(scope="module")
def everything(python: PythonImports) -> Graph:
    """All imports of the package, wherever they stand."""
    return merged(python.declared, python.deferred)


@pytest.fixture(scope="module")
def cpp() -> Graph:
    return includes()


def part_of(file: str) -> str:
    """The part of the package that a file, or ``fastcnn._core``, belongs to."""
    return PurePath(file.removeprefix("fastcnn.")).with_suffix("").parts[int("/" in file)]


def test_a_circle_is_found_and_named(tmp_path: Path) -> None:
    files = {
        "house/__init__.py": "from house.roof import Roof\n",
        "house/roof.py": "from house import cellar\nclass Roof: ...\n",
        "house/cellar.py": "if True:\n    from house import wall\n",
        "house/wall.py": "class Wall:\n    def build(self):\n        from house import Roof\n",
    }
    (tmp_path / "house").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    imports = PythonImports(tmp_path, "house")
    assert circle(imports.declared) == ""
    assert circle(merged(imports.declared, imports.deferred)) == (
        "house/cellar.py\n  -> house/wall.py (wall)\n  -> house/roof.py (Roof)\n"
        "  -> house/cellar.py (cellar)"
    )


def test_the_shortest_of_several_circles_is_named() -> None:
    needs = {"a": "b", "b": "c", "c": "a", "between": "x", "x": "y", "y": "x", "end": ""}
    graph = {file: {other: ["name"] for other in others} for file, others in needs.items()}
    graph["c"]["between"] = ["name"]
    assert circle(graph) == "x\n  -> y (name)\n  -> x (name)"


def test_python_files_import_each_other_in_no_circle(python: PythonImports) -> None:
    if found := circle(python.declared):
        pytest.fail(found, pytrace=False)


def test_imports_inside_functions_close_no_circle(everything: Graph) -> None:
    if found := circle(everything):
        pytest.fail(found, pytrace=False)


def test_python_imports_run_downward(everything: Graph) -> None:
    rooms = {file: needs for file, needs in everything.items() if file != FRONT_DOOR}
    homeless = {part_of(file) for file in rooms} - FLOOR.keys()
    assert not homeless, f"no floor yet: add {homeless} to FLOORS"
    upward = [
        f"{file} imports {', '.join(names)} from {other}"
        for file, needs in rooms.items()
        for other, names in needs.items()
        if FLOOR.get(part_of(other), len(FLOORS)) > FLOOR[part_of(file)]
    ]
    assert not upward, "\n".join(["from a floor above:", *upward])


@pytest.mark.parametrize("leaf", ["datasets", "reference"])
def test_leaves_import_nothing_else_of_the_package(leaf: str, everything: Graph) -> None:
    for file, needs in everything.items():
        if part_of(file) == leaf:
            # Files, paths and messages are the same to all, and what makes them imports nothing.
            assert all(
                part_of(other) in (leaf, "atomic_file", "messages", "paths") for other in needs
            ), file


def test_no_module_is_named_like_what_it_exports(python: PythonImports) -> None:
    assert set(python.named_alike()) == KERAS_NAMES


def test_folders_have_at_most_sixteen_modules(everything: Graph, cpp: Graph) -> None:
    # A header and its source are one.
    modules = {PurePath(file).with_suffix("") for file in [*everything, *cpp]}
    count = Counter(str(path.parent) for path in modules if path.name != "__init__")
    crowded = {folder: n for folder, n in count.items() if n > MOST_MODULES}
    assert not crowded, f"split by family or kind: {crowded}"


def test_cpp_files_include_each_other_in_no_circle(cpp: Graph) -> None:
    if found := circle(cpp):
        pytest.fail(found, pytrace=False)


def test_cpp_includes_run_downward(cpp: Graph) -> None:
    for file, needs in cpp.items():
        own = PurePath(file).parts[1]
        for other in needs:
            assert other in cpp, f"{file} includes {other}, which is not there: name it from csrc/"
            part = PurePath(other).parts[1]
            assert part in CPP_BELOW[own] | {own}, f"{file} includes {other}"
