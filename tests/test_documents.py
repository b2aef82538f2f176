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
    text = "`csrc/kernels/simd/vec.h`, `isa_<name>.cpp`, config.py; https://host/a/b.py `make.x`"
    assert named(text) == {"csrc/kernels/simd/vec.h", "config.py"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_documents_name_are_there(document):
    bare = {path.name for folder in SOURCES for path in (ROOT / folder).rglob("*.*")}
    missing = {
        name
        for name in named(document.read_text())
        if not ((ROOT / name).exists() if "/" in name else name in bare)
    }
    assert missing == set()


LINK = re.compile(r"\]\(([^)\s]+)\)")


def links(document: Path) -> list[str]:
    return LINK.findall(document.read_text())


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_links_lead_to_are_there(document):
    local = [link.partition("#")[0] for link in links(document) if "://" not in link]
    assert [link for link in local if not (document.parent / link).exists()] == []


def test_links_of_the_readme_work_where_the_package_is_published():
    """PyPI shows the README without its repository, so every link and picture is a full address."""
    metadata = (ROOT / "pyproject.toml").read_text()
    repository = re.search(r'^Repository = "(https://github\.com/(.+))"$', metadata, re.MULTILINE)
    assert repository is not None
    bases = (
        f"{repository[1]}/blob/main/",
        f"https://raw.githubusercontent.com/{repository[2]}/main/",
    )
    found = links(ROOT / "README.md")
    assert found
    for link in found:
        base = next((base for base in bases if link.startswith(base)), None)
        assert base is not None, f"{link} is not under {bases}"
        assert (ROOT / link.removeprefix(base)).exists(), link


def test_folders_of_the_tree_are_there():
    text = (ROOT / "docs" / "architecture.md").read_text()
    tree = text.split("```")[1]
    (core, package, _) = re.split(r"^(?=fastcnn/|tests/)", tree, flags=re.MULTILINE)
    for top, part in [("csrc", core), ("fastcnn", package)]:
        listed = set(re.findall(r"(?:^| )(\w+)/(?= |$)", part, flags=re.MULTILINE)) - {top}
        there = {
            path.name
            for path in (ROOT / top).iterdir()
            if path.name[0] not in "._" and any(path.rglob("*.*"))
        }
        assert listed == there


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_prose_is_wrapped_at_100_columns(document):
    """Tables, code and single words as long as a link excepted."""
    prose = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.MULTILINE | re.DOTALL)
    long = [
        line
        for line in prose.splitlines()
        if len(line) > 100 and " " in line.strip() and not line.startswith(("|", "    ", "!["))
    ]
    assert long == []


def test_names_in_the_glossary_are_those_of_the_code():
    """Names in CamelCase of two words or more are classes, the rest are words."""
    rows = re.findall(r"^\| ([^|]+) \|", (ROOT / "docs" / "glossary.md").read_text(), re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"\b(?:[A-Z][a-z]+){2,}\b", row)}
    assert names
    code = "\n".join(
        path.read_text()
        for folder in ["csrc", "fastcnn"]
        for path in (ROOT / folder).rglob("*.*")
        if path.suffix in {".py", ".h", ".cpp"}
    )
    assert names - set(re.findall(r"\b(?:class|struct) (\w+)", code)) == set()
