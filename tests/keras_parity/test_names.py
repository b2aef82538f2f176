"""The table of Keras' public names says what is true."""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path

import pytest

TABLE = Path(__file__).parents[2] / "docs" / "keras_names.md"
#: Sections, and the modules that they are about.
MODULES = {
    "keras": "",
    "activations": ".activations",
    "backend": ".backend",
    "callbacks": ".callbacks",
    "constraints": ".constraints",
    "datasets": ".datasets",
    "initializers": ".initializers",
    "layers": ".layers",
    "losses": ".losses",
    "metrics": ".metrics",
    "models": ".models",
    "optimizers": ".optimizers",
    "regularizers": ".regularizers",
    "saving": ".saving",
    "schedules": ".optimizers.schedules",
    "utils": ".utils",
}
#: Modules of Keras' own house, and names for machines.
UNLISTED = {"legacy", "src"}
#: Arguments that are treated for all classes alike: see docs/keras.md.
GENERAL = {"args", "autocast", "dtype", "kwargs", "name", "self", "trainable"}


def rows(section):
    """Name and verdict, for each name of a section."""
    found = re.search(rf"^## {section}$(.*?)(?=^## |\Z)", TABLE.read_text(), re.M | re.S)
    assert found is not None, f"{TABLE.name} has no section {section}"
    lines = re.findall(r"^\| (`\w.*?) \| ([\w ]+) \|", found[1], re.M)
    listed = [(name, verdict) for names, verdict in lines for name in re.findall(r"`(\w+)`", names)]
    assert len(listed) == len(dict(listed)), f"{section} has a name twice"
    return dict(listed)


def arguments(thing):
    """Those of a function, or of a class and of the bases to which it hands further ones."""
    if not inspect.isclass(thing):
        return set(inspect.signature(thing).parameters)
    found = set()
    for base in thing.__mro__:
        if "__init__" in vars(base):
            parameters = inspect.signature(base).parameters.values()
            found |= {p.name for p in parameters}
            if not any(p.kind == inspect.Parameter.VAR_KEYWORD for p in parameters):
                break
    return found


def test_every_module_has_a_section():
    sections = set(re.findall(r"^## (\w+)$", TABLE.read_text(), re.M))
    assert sections == set(MODULES)


@pytest.mark.parametrize("section", MODULES)
def test_names_of_this_package(section):
    verdicts = rows(section)
    here = {name for name, verdict in verdicts.items() if verdict != "not here"}
    assert set(verdicts.values()) <= {"same", "differs", "only here", "not here"}
    module = importlib.import_module(f"fastcnn.keras{MODULES[section]}")
    assert here == set(module.__all__) - {"__version__"}


@pytest.mark.parametrize("section", MODULES)
def test_names_of_keras(section):
    pytest.importorskip("keras", reason="needs keras")
    module = importlib.import_module(f"keras{MODULES[section]}")
    theirs = {name for name in dir(module) if not name.startswith("_")} - UNLISTED
    listed = {name for name, verdict in rows(section).items() if verdict != "only here"}
    # tensorflow.keras has further names for some, which lie beside.
    older = importlib.import_module(f"keras._tf_keras.keras{MODULES[section]}")
    assert theirs <= listed
    assert listed - theirs <= set(dir(older))


@pytest.mark.parametrize("section", MODULES)
def test_what_is_the_same_takes_all_arguments(section):
    pytest.importorskip("keras", reason="needs keras")
    theirs = importlib.import_module(f"keras{MODULES[section]}")
    ours = importlib.import_module(f"fastcnn.keras{MODULES[section]}")
    lacking = {}
    for name, verdict in rows(section).items():
        other = getattr(theirs, name, None)
        if verdict == "same" and callable(other) and not name.endswith("serialize"):
            wanted = set(inspect.signature(other).parameters)
            lacking[name] = wanted - arguments(getattr(ours, name)) - GENERAL
    assert {name: left for name, left in lacking.items() if left} == {}
