"""Which file needs which: the imports of the package and the includes of the core, as a graph."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "fastcnn"
SOURCES = {".h", ".cpp", ".inl", ".inc", ".def"}

#: For each file, named from the root, the files it needs and the names it takes from each.
Graph = dict[str, dict[str, list[str]]]


class PythonImports:
    """The graph of a package's imports.

    ``from package import name`` needs the file that defines ``name`` where ``__init__.py`` merely
    passes it on, and ``__init__.py`` itself where that defines it.

    Attributes:
        declared: Imports at the head of a file, those for type checkers included.
        deferred: Imports inside functions.
    """

    def __init__(self, root: Path = ROOT, package: str = PACKAGE) -> None:
        paths = sorted((root / package).rglob("*.py"))
        self._files = {_module(path.relative_to(root)): path.relative_to(root) for path in paths}
        self._trees = {
            module: ast.parse((root / path).read_text()) for module, path in self._files.items()
        }
        self._package = package
        self._imports = {module: list(_imports(tree)) for module, tree in self._trees.items()}
        self.declared: Graph = {str(path): {} for path in self._files.values()}
        self.deferred: Graph = {str(path): {} for path in self._files.values()}
        for module, imports in self._imports.items():
            for node, inside in imports:
                for found, name in self._needed(node):
                    if found != module:
                        graph = self.deferred if inside else self.declared
                        needs = graph[str(self._files[module])]
                        needs.setdefault(self._file(found), []).append(name)

    def named_alike(self) -> list[str]:
        """Files that are named like what they, or the package around them, give to others.

        Which of the two ``from package import name`` means would depend on what ran before.
        """
        found = []
        for module, path in self._files.items():
            package, _, name = module.rpartition(".")
            own = {name} & _exported(self._trees[module])
            around = self._passed_on(package, name) not in (None, module)
            if own or around:
                found.append(str(path))
        return found

    def _file(self, module: str) -> str:
        return str(self._files.get(module, module))

    def _needed(self, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
        """Modules of the package that an import needs, each with the name it takes."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name in self._files:
                    yield alias.name, alias.name
        elif node.module and node.module.split(".")[0] == self._package:
            for alias in node.names:
                yield self._home(node.module, alias.name), alias.name

    def _home(self, module: str, name: str) -> str:
        """The module that ``name`` of ``module`` is, or in which it is defined."""
        inner = f"{module}.{name}"
        if inner in self._files or inner == f"{self._package}._core":
            return inner
        return self._passed_on(module, name) or module

    def _passed_on(self, module: str, name: str) -> str | None:
        """Where the ``__init__.py`` of a package has ``name`` from."""
        if module in self._files and self._files[module].name == "__init__.py":
            for node, _ in self._imports[module]:
                if isinstance(node, ast.ImportFrom) and node.module in self._files:
                    for alias in node.names:
                        if alias.name == "*" and name in _listed(self._trees[node.module]):
                            return node.module
                        if (alias.asname or alias.name) == name:
                            return self._home(node.module, alias.name)
        return None


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def _imports(
    node: ast.AST, inside: bool = False
) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    """All imports under ``node``, each with whether it stands inside a function."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, inside
        elif isinstance(child, ast.stmt | ast.ExceptHandler | ast.match_case):
            function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from _imports(child, inside or function)


def _exported(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    names |= _listed(tree)
    return {name for name in names if not name.startswith("_")}


def _listed(tree: ast.Module) -> set[str]:
    """The names in ``__all__``."""
    return {
        constant.value
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
        for constant in ast.walk(node.value)
        if isinstance(constant, ast.Constant)
    }


def includes(root: Path = ROOT) -> Graph:
    """The graph of the core's includes."""
    paths = sorted(path for path in (root / "csrc").rglob("*") if path.suffix in SOURCES)
    graph: Graph = {str(path.relative_to(root)): {} for path in paths}
    for path in paths:
        for line in path.read_text().splitlines():
            if line.lstrip().startswith("#") and '"' in line and "include" in line:
                graph[str(path.relative_to(root))]["csrc/" + line.split('"')[1]] = ["include"]
    return graph


def merged(*graphs: Graph) -> Graph:
    """The edges of several graphs of the same files."""
    result: Graph = {file: {} for graph in graphs for file in graph}
    for graph in graphs:
        for file, needs in graph.items():
            for other, names in needs.items():
                result[file].setdefault(other, []).extend(names)
    return result


def circle(graph: Mapping[str, Mapping[str, Iterable[str]]]) -> str:
    """A shortest circle of a graph: ``a.py -> b.py (names) -> a.py (names)``; else nothing."""
    found: list[list[str]] = []
    for start in _left_by_pruning(graph):
        before: dict[str, str] = {}
        waiting = [start]
        while waiting and start not in before:
            following: list[str] = []
            for file in waiting:
                for other in graph.get(file, ()):
                    if other not in before:
                        before[other] = file
                        following.append(other)
            waiting = following
        if start not in before:
            continue  # it stands between two circles
        way = [start]
        while len(way) == 1 or way[-1] != start:
            way.append(before[way[-1]])
        found.append(way[::-1])
    if not found:
        return ""
    way = min(found, key=len)
    return way[0] + "".join(
        f"\n  -> {other} ({', '.join(graph[file][other])})"
        for file, other in itertools.pairwise(way)
    )


def _left_by_pruning(graph: Mapping[str, Mapping[str, Iterable[str]]]) -> list[str]:
    """What is left when files that need nothing left, or that nothing left needs, are removed."""
    left = {file: set(needs) & set(graph) for file, needs in graph.items()}
    while True:
        needed = {other for needs in left.values() for other in needs}
        kept = {file for file, needs in left.items() if needs and file in needed}
        if len(kept) == len(left):
            return sorted(left)
        left = {file: left[file] & kept for file in kept}
