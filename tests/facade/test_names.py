"""The table of Keras' public names says what is true."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "docs" / "keras_names.md"
MODULES = ["callbacks", "datasets", "optimizers", "schedules", "utils"]
#: Modules inside others.
PATHS = {"schedules": "optimizers.schedules"}


def rows(module):
    """Name and verdict of each row of a section."""
    section = re.search(rf"^## {module}$(.*?)(?=^## |\Z)", TABLE.read_text(), re.M | re.S)
    assert section is not None, f"{TABLE.name} has no section {module}"
    return dict(re.findall(r"^\| `(\w+)` \| ([\w ]+) \|", section[1], re.M))


@pytest.mark.parametrize("module", MODULES)
def test_names_of_this_package(module):
    verdicts = rows(module)
    here = {name for name, verdict in verdicts.items() if verdict != "not here"}
    assert set(verdicts.values()) <= {"same", "differs", "only here", "not here"}
    assert here == set(
        importlib.import_module(f"fastcnn.keras.{PATHS.get(module, module)}").__all__
    )


@pytest.mark.parametrize("module", MODULES)
def test_names_of_keras(module):
    pytest.importorskip("keras", reason="needs keras")
    verdicts = rows(module)
    found = importlib.import_module(f"keras.{PATHS.get(module, module)}")
    theirs = {name for name in dir(found) if not name.startswith("_")}
    listed = {name for name, verdict in verdicts.items() if verdict != "only here"}
    assert theirs - {"legacy"} == listed
