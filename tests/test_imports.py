"""Imports run one way: no file knows a name from a floor above it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

#: Floors of the Python package, lowest first; a module may import from its own floor and below.
FLOORS = [
    ["_core", "_version", "_deprecation"],
    ["variable", "graph", "runtime", "seeding", "tree", "naming"],
    ["ops", "reference", "testing", "datasets"],
    [
        *("initializers", "regularizers", "constraints", "activations", "config"),
        *("layers", "losses", "optimizers", "schedules", "metrics"),
    ],
    ["models", "training", "callbacks", "data_adapters", "saving"],
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


def part_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            if node.module == "fastcnn":
                found.update(f"fastcnn.{alias.name}" for alias in node.names)
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return {name for name in found if name.startswith("fastcnn.")}


@pytest.mark.parametrize(
    "path",
    [p for p in sorted((ROOT / "fastcnn").rglob("*.py")) if p != ROOT / "fastcnn/__init__.py"],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_python_imports_run_downward(path: Path) -> None:
    own = path.relative_to(ROOT / "fastcnn").parts[0].removesuffix(".py")
    assert own in FLOOR, f"{own} has no floor yet: add it to FLOORS"
    for module in imports(path):
        other = part_of(module)
        assert FLOOR[other] <= FLOOR[own], f"{path.name} imports {module} from a floor above"


@pytest.mark.parametrize("leaf", ["datasets", "reference"])
def test_leaves_import_nothing_else_of_the_package(leaf: str) -> None:
    for path in (ROOT / "fastcnn" / leaf).rglob("*.py"):
        assert all(part_of(module) == leaf for module in imports(path)), path


@pytest.mark.parametrize(
    "path",
    sorted(p for p in (ROOT / "csrc").rglob("*") if p.suffix in {".h", ".cpp", ".inl"}),
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_cpp_includes_run_downward(path: Path) -> None:
    own = path.relative_to(ROOT / "csrc").parts[0]
    for line in path.read_text().splitlines():
        if line.startswith('#include "'):
            other = line.split('"')[1].split("/")[0]
            assert other in CPP_BELOW[own] | {own}, f"{path.name}: {line}"
