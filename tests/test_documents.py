"""Files that documents name are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# The change log may name what is gone.
DOCUMENTS = [
    path
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    if path.name != "CHANGELOG.md"
]
SOURCES = ["bench", "cmake", "csrc", "examples", "fastcnn", "tests", "tools"]

# Names with a placeholder, as isa_<name>.cpp, stand for several.
NAMED = re.compile(r"(?<![\w./<>-])((?:[\w.-]+/)*[\w-]+\.(?:py|cpp|h|inl|inc|cmake|sh))\b")


def named(text: str) -> set[str]:
    return set(NAMED.findall(text)) - {"Python.h"}


def test_what_counts_as_a_name():
    text = "`csrc/kernels/vec.h`, `isa_<name>.cpp`, config.py; https://host/a/b.py `make.x`"
    assert named(text) == {"csrc/kernels/vec.h", "config.py"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_documents_name_are_there(document):
    bare = {path.name for folder in SOURCES for path in (ROOT / folder).rglob("*.*")}
    missing = {
        name
        for name in named(document.read_text())
        if not ((ROOT / name).exists() if "/" in name else name in bare)
    }
    assert missing == set()


def test_folders_of_the_tree_are_there():
    text = (ROOT / "docs" / "architecture.md").read_text()
    tree = text.split("```")[1]
    (core, package, _) = re.split(r"^(?=fastcnn/|tests/)", tree, flags=re.MULTILINE)
    for top, part in [("csrc", core), ("fastcnn", package)]:
        listed = set(re.findall(r"(?:^| )(\w+)/(?= |$)", part, flags=re.MULTILINE)) - {top}
        there = {
            path.parent.name for path in (ROOT / top).glob("*/*.*") if path.parent.name[0] != "_"
        }
        assert listed == {name for name in there if name[0] != "."}
