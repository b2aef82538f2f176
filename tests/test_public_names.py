"""What the first version offered is still there: names, class members, parameters.

``public_names.json`` lists them by public module, whatever file they are defined in. Every
difference is written down below, one by one. ``python tests/test_public_names.py`` writes the list
again, which is right only after a release.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import json
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from fastcnn import graph, ops

LIST = Path(__file__).with_name("public_names.json")

#: Modules that README, docs and packages' ``__all__`` show to users. A class or function that
#: several of them export belongs to the first.
MODULES = [
    "fastcnn",
    *(
        f"fastcnn.{name}"
        for name in [
            *("layers", "ops", "models", "losses", "metrics", "optimizers", "schedules"),
            *("callbacks", "initializers", "regularizers", "constraints", "activations"),
            *("graph", "variable", "seeding", "config", "runtime", "reference", "testing", "cli"),
            *("datasets", "datasets.cifar10", "datasets.cifar100", "datasets.digits"),
            *("datasets.fashion_mnist", "datasets.mnist", "datasets.image_dataset"),
            *("datasets.image_folder", "keras", "keras.activations", "keras.backend"),
            *("keras.callbacks", "keras.constraints", "keras.datasets", "keras.initializers"),
            *("keras.layers", "keras.losses", "keras.metrics", "keras.models", "keras.optimizers"),
            *("keras.optimizers.schedules", "keras.preprocessing", "keras.preprocessing.image"),
            *("keras.regularizers", "keras.saving", "keras.utils"),
        ]
    ),
]


class Renamed(NamedTuple):
    """A new name, and how to use the old one.

    ``new`` is the last part of the name alone. ``use`` must raise a DeprecationWarning; it may be
    left out if reading the old name from its module does.
    """

    new: str
    use: Callable[[], Any] | None = None


class OldOp(graph.Op):
    """An operation as one could write it with the first version."""

    name = "old"

    def infer(self, *inputs: graph.Spec, **attrs: Any) -> tuple[graph.Spec, ...]:
        return inputs


def pass_by_name(function: str, argument: str) -> None:
    """Call a function with this argument alone, which is too few."""
    module, *names = function.split(".")
    found: Any = importlib.import_module(module)
    for name in names:
        found = getattr(found, name)
    with contextlib.suppress(TypeError):
        found(**{argument: None})


# The tables name things as "fastcnn.ops.dense" (in a module), "fastcnn.layers.Dense.call" (in a
# class) and "fastcnn.ops.dense(bias)" (a parameter). What several modules export or what is
# inherited is named once, where it comes from.

#: What modules and signatures have besides, with the reason of each. Members may be added freely,
#: and so may operations with their references: the table in tests/ops/cases/ names each.
ADDED: set[str] = {
    "fastcnn.Model.save(include_optimizer)",  # as in Keras' own HDF5 files
    "fastcnn.applications",
    "fastcnn.config.Registry",  # was there, and not listed
    "fastcnn.graph.Function.explain(title)",
    "fastcnn.graph.Function.profile(threads)",
    "fastcnn.graph.Function.profile(title)",
    "fastcnn.graph.Function.run_into(threads)",
    "fastcnn.graph.Graph",
    "fastcnn.graph.Node(fused)",
    "fastcnn.graph.Node(origin)",
    "fastcnn.graph.from_json",
    "fastcnn.graph.respecialize",
    "fastcnn.graph.to_json",
    "fastcnn.keras.applications",
    "fastcnn.keras.layers.LayerScale",
    "fastcnn.layers.LayerScale",
    "fastcnn.runtime.ArenaUse",
    "fastcnn.runtime.arena_use",
    "fastcnn.runtime.release_arenas",
    "fastcnn.runtime.set_winograd(any_memory)",
}

#: What has another name now; the old one works for one version more.
RENAMED: dict[str, Renamed] = {
    "fastcnn.graph.Op.alias": Renamed("view", lambda: OldOp().alias),
    "fastcnn.graph.Op.flat": Renamed("non_differentiable", lambda: OldOp().flat),
    "fastcnn.ops.Surroundings": Renamed("UpdateOptions"),
    "fastcnn.ops.heavy_ball_update": Renamed("momentum_accumulate"),
    "fastcnn.ops.pair_sums": Renamed("weighted_histogram_2d"),
    "fastcnn.reference.pair_sums": Renamed("weighted_histogram_2d"),
    **{
        f"fastcnn.ops.{name}_update(around)": Renamed(
            "options", functools.partial(pass_by_name, f"fastcnn.ops.{name}_update", "around")
        )
        for name in [
            *("adadelta", "adagrad", "adam", "adamax", "ftrl", "lion", "nadam", "rmsprop", "sgd"),
        ]
    },
    "fastcnn.optimizers.Optimizer.update(around)": Renamed(
        "options", lambda: pass_by_name("fastcnn.optimizers.Optimizer.update", "around")
    ),
}

#: Stays empty: nothing is taken away without a version of warning.
REMOVED: set[str] = set()

#: Members that only the package itself calls and overrides: not listed.
HOOKS = {
    *("build_from_shapes", "find_outputs", "input_specs", "merged", "mixes", "name_outputs"),
    *("named_inputs", "named_outputs", "on_tensors", "paddings", "prepare", "rank", "step_seed"),
}

# A name stands for: a list of parameters (function); "module" or "value"; the full name of the
# same thing elsewhere; or {"parameters", "bases", "members"} (class). Members are given where they
# differ from those of the bases.
Entry = Any
Listing = dict[str, dict[str, Entry]]


def parameters(thing: Any) -> list[str] | None:
    """Names as in a signature: ``name=`` has a default, ``*`` begins those given by name only."""
    try:
        found = list(inspect.signature(thing).parameters.values())
    except (TypeError, ValueError):
        return None
    shown = []
    for number, parameter in enumerate(found):
        before = {p.kind for p in found[:number]}
        if parameter.kind == parameter.KEYWORD_ONLY and not before & {
            parameter.KEYWORD_ONLY,
            parameter.VAR_POSITIONAL,
        }:
            shown.append("*")
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            shown.append(str(parameter).split(":")[0])
        else:
            shown.append(parameter.name + "=" * (parameter.default is not parameter.empty))
    return shown


def members(kind: type) -> dict[str, list[str] | None]:
    """Public members that this package defines, inherited ones too; parameters of methods."""
    found = {}
    for name in dir(kind):
        owner = next((base for base in kind.__mro__ if name in vars(base)), None)
        if name.startswith("_") or name in HOOKS or owner is None:
            continue
        if owner.__module__.startswith("fastcnn"):
            value = inspect.getattr_static(kind, name)
            method = inspect.isroutine(value) or isinstance(value, classmethod | staticmethod)
            found[name] = parameters(getattr(kind, name)) if method else None
    return dict(sorted(found.items()))


def describe() -> Listing:
    """The list, from the package as it is."""
    listing: Listing = {}
    homes: dict[int, str] = {}
    classes: list[tuple[str, str, type]] = []
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        entries: dict[str, Entry] = {}
        for name in sorted(module.__all__):
            value = getattr(module, name)
            if inspect.ismodule(value):
                entries[name] = "module"
            elif not callable(value):
                entries[name] = "value"
            elif id(value) in homes:
                entries[name] = homes[id(value)]
            else:
                homes[id(value)] = f"{module_name}.{name}"
                entries[name] = parameters(value)
                if inspect.isclass(value):
                    classes.append((module_name, name, value))
        listing[module_name] = entries
    for module_name, name, kind in classes:
        bases = [homes[id(base)] for base in kind.__mro__[1:] if id(base) in homes]
        listing[module_name][name] = {
            "parameters": listing[module_name][name],
            "bases": bases,
            "members": members(kind),
        }
    return without_inherited(listing)


def without_inherited(listing: Listing) -> Listing:
    shorter: Listing = {}
    for module, entries in listing.items():
        shorter[module] = dict(entries)
        for name, entry in entries.items():
            if isinstance(entry, dict):
                known = inherited(listing, entry)
                own = {
                    key: value
                    for key, value in entry["members"].items()
                    if key not in known or known[key] != value
                }
                shorter[module][name] = {**entry, "members": own}
    return shorter


def inherited(listing: Mapping[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for base in reversed(entry["bases"]):
        module, name = base.rsplit(".", 1)
        known.update(listing[module][name]["members"])
    return known


def changed_parameters(owner: str, old: list[str] | None, new: list[str] | None) -> list[str]:
    """What of a signature differs and stands in no table."""
    if old is None or old == new:
        return []
    if new is None:
        return [f"{owner} shows no parameters any more, it had {old}"]
    expected = []
    for name in old:
        renamed = RENAMED.get(f"{owner}({name.rstrip('=')})")
        expected.append(renamed.new + "=" * name.endswith("=") if renamed else name)
    left = [
        name
        for name in new
        if name in expected
        or (
            f"{owner}({name.rstrip('=').lstrip('*')})" not in ADDED
            and not (name == "*" and "*" not in expected)
        )
    ]
    return [] if left == expected else [f"{owner}: expected parameters {expected}, got {new}"]


def as_text(listing: Listing) -> str:
    """JSON with a line for each name."""
    modules = (
        f"{json.dumps(module)}: {{\n"
        + ",\n".join(f" {json.dumps(name)}: {json.dumps(entry)}" for name, entry in entries.items())
        + "\n}"
        for module, entries in listing.items()
    )
    return "{\n" + ",\n".join(modules) + "\n}\n"


def old_list() -> Listing:
    return json.loads(LIST.read_text())  # type: ignore[no-any-return]


def gone(owner: str, name: str) -> str:
    return f"{owner}.{name} is gone: keep it, or give it a new name in RENAMED"


def module_changed(name: str, old: set[str], new: set[str]) -> list[str]:
    """Names that a module lost or gained that stand in no table."""
    renamed = {old: RENAMED[f"{name}.{old}"].new for old in old if f"{name}.{old}" in RENAMED}
    problems = [gone(name, lost) for lost in sorted(old - new - set(renamed))]
    problems += [gone(name, lost) for lost, now in renamed.items() if now not in new]
    added = {gained for gained in new - old if f"{name}.{gained}" not in ADDED}
    if name in ("fastcnn.ops", "fastcnn.reference"):
        added -= ops.PUBLIC.keys()
    return problems + [
        f"{name}.{gained} is new: list it in ADDED"
        for gained in sorted(added - set(renamed.values()))
    ]


def class_changed(full: str, entry: Mapping[str, Any], kind: type, old: Listing) -> list[str]:
    """What a class lost that stands in no table."""
    problems = changed_parameters(full, entry["parameters"], parameters(kind))
    problems += [
        f"{full} is not a subclass of {base} any more"
        for base in entry["bases"]
        if not issubclass(kind, look_up(base))
    ]
    live = members(kind)
    owners = [full, *entry["bases"]]
    for name, was in {**inherited(old, entry), **entry["members"]}.items():
        renamed = [RENAMED[f"{o}.{name}"].new for o in owners if f"{o}.{name}" in RENAMED]
        if renamed:
            problems += [gone(full, name)] * (renamed[0] not in live)
        elif name not in live:
            problems.append(gone(full, name))
        else:
            found = [changed_parameters(f"{owner}.{name}", was, live[name]) for owner in owners]
            problems += min(found, key=len)
    return problems


def look_up(full: str) -> Any:
    module, name = full.rsplit(".", 1)
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("module_name", MODULES)
def test_what_the_first_version_offered(module_name: str) -> None:
    old, module = old_list(), importlib.import_module(module_name)
    problems = module_changed(module_name, set(old[module_name]), set(module.__all__))
    for name, entry in old[module_name].items():
        full = f"{module_name}.{name}"
        if full in RENAMED or not hasattr(module, name):
            continue  # the other test, or named above
        value = getattr(module, name)
        if isinstance(entry, dict):
            problems += class_changed(full, entry, value, old)
        elif isinstance(entry, list) or entry is None:
            problems += changed_parameters(full, entry, parameters(value))
        elif entry == "module":
            problems += [] if inspect.ismodule(value) else [f"{full} is not a module any more"]
        elif entry != "value" and entry not in RENAMED and value is not look_up(entry):
            problems.append(f"{full} is no longer the same as {entry}")
    assert problems == []


def test_old_names_work_and_warn() -> None:
    for old, (new, use) in RENAMED.items():
        with pytest.warns(DeprecationWarning, match=new):
            use() if use else look_up(old)


def test_operations_with_old_traits() -> None:
    with pytest.warns(DeprecationWarning, match="Op.flat is now called non_differentiable"):

        class Flat(OldOp):
            flat = True

    assert Flat().non_differentiable
    assert not Flat().view


def test_tables_name_what_is_there() -> None:
    assert not REMOVED
    known = {
        line
        for module, entries in old_list().items()
        for name, entry in entries.items()
        for line in lines(f"{module}.{name}", entry)
    }
    assert set(RENAMED) <= known
    assert not ADDED & known
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        now = {
            line
            for module, entries in describe().items()
            for name, entry in entries.items()
            for line in lines(f"{module}.{name}", entry)
        }
    assert now >= ADDED


def lines(full: str, entry: Entry) -> list[str]:
    """All that the tables can name of an entry."""
    found = [full]
    if isinstance(entry, dict):
        found += lines(full, entry["parameters"])[1:]
        for name, member in entry["members"].items():
            found += lines(f"{full}.{name}", member)
    elif isinstance(entry, list):
        found += [f"{full}({name.rstrip('=').lstrip('*')})" for name in entry]
    return found


if __name__ == "__main__":
    LIST.write_text(as_text(describe()))
