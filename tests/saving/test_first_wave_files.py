"""Files of earlier versions load, predict what they predicted, and train on as they would have.

A kernel of another instruction set adds in another order. A sum of n products so computed is the
exact sum with each product changed by at most about n rounding errors, which a change of weights
by as much can do as well. So what may differ is measured: how far a model's results move when its
weights move by that.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastcnn
from fastcnn import Model, Sequential, callbacks, layers, optimizers
from fastcnn.testing import EPSILON
from saving.first_wave import AFTER, BEFORE, CASES, flat, textbook, train_on

FOLDERS = sorted((Path(__file__).parents[1] / "fixtures" / "models").glob("v*"))
FILES = [path for folder in FOLDERS for path in sorted(folder.glob("*.npz"))]
WHOLE = [path for path in FILES if path.stem in CASES]

Results = dict[str, np.ndarray]


def label(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def stored(path: Path, prefix: str) -> Any:
    """What :func:`saving.first_wave.flat` took apart: an array, a list or a dictionary."""
    with np.load(path) as arrays:
        if prefix in arrays:
            return arrays[prefix]
        parts = {
            name.split(".")[1]: arrays[name] for name in arrays if name.startswith(f"{prefix}.")
        }
    if not parts:
        return None
    listed = all(key.isdigit() for key in parts)
    return [parts[str(number)] for number in range(len(parts))] if listed else parts


def stored_logs(path: Path) -> Results:
    with np.load(path) as arrays:
        return dict(zip(arrays["log_names"], arrays["logs"], strict=True))


def disturb(model: Model, rng: np.random.Generator) -> None:
    """Change each weight by as much as the rounding errors of its sums could."""
    for weight in model.trainable_weights:
        value = weight.numpy()
        terms = max(1, value.size // value.shape[-1]) if value.ndim else 1
        weight.assign(value * (1 + terms * EPSILON * rng.uniform(-1, 1, value.shape)))


def check(run: Callable[[Callable[[Model], None]], Results], want: Results) -> None:
    """Compare results of a freshly made model with what they were.

    ``run(change)`` makes the model, calls ``change(model)`` and returns results by name.
    """
    got = run(lambda model: None)
    assert set(got) == set(want)
    moved = [
        run(lambda model, seed=seed: disturb(model, np.random.default_rng(seed)))
        for seed in range(3)
    ]
    for name, exact in want.items():
        spread = max(float(np.abs(other[name] - got[name]).max()) for other in moved)
        # Layers without weights, and the last rounding of what is printed or stored.
        least = 32 * EPSILON * float(np.abs(exact).max())
        np.testing.assert_allclose(got[name], exact, rtol=0, atol=2 * spread + least, err_msg=name)


@pytest.mark.parametrize("path", WHOLE, ids=label)
def test_outputs(path: Path) -> None:
    x, want = stored(path, "x"), flat("output", stored(path, "output"))

    def run(change: Callable[[Model], None]) -> Results:
        model = fastcnn.load(path.with_suffix(".safetensors"), verify=True)
        change(model)
        return flat("output", model.predict(x, verbose=0))

    check(run, want)


@pytest.mark.parametrize(
    "path", [path for path in WHOLE if stored(path, "y") is not None], ids=label
)
def test_training_goes_on(path: Path) -> None:
    x, y, want = stored(path, "x"), stored(path, "y"), stored_logs(path)

    def run(change: Callable[[Model], None]) -> Results:
        model = fastcnn.load(path.with_suffix(".safetensors"))
        change(model)
        return {
            name: np.asarray(values)
            for name, values in train_on(model, x, y, BEFORE, AFTER).items()
        }

    check(run, want)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_weights_alone(folder: Path) -> None:
    path = folder / "textbook_weights.npz"

    def run(change: Callable[[Model], None]) -> Results:
        model = textbook().model
        model.load_weights(path.with_suffix(".safetensors"))
        change(model)
        return {"output": model.predict(stored(path, "x"), verbose=0)}

    check(run, {"output": stored(path, "output")})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_training_that_was_stopped(folder: Path, tmp_path: Path) -> None:
    path = folder / "backup.npz"
    x, y, logs = stored(path, "x"), stored(path, "y"), stored_logs(path)

    class Change(callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.change(self.model)
            self.change = lambda model: None

    def run(change: Callable[[Model], None]) -> Results:
        shutil.copy(path.with_suffix(".safetensors"), tmp_path / "latest.safetensors")
        model = textbook().model
        after, keep = Change(), callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
        after.change = change
        found = train_on(model, x, y, 0, BEFORE, callbacks=[keep, after])
        results = {name: np.asarray(values) for name, values in found.items()}
        return results | {"output": model.predict(x, verbose=0)}

    # It was stopped in the second epoch, so the logs of that and the third follow.
    check(run, {name: row[1:] for name, row in logs.items()} | {"output": stored(path, "output")})


def names_in(value: Any) -> set[str]:
    """Names of classes in a description."""
    if isinstance(value, dict):
        own = {value["class_name"]} if isinstance(value.get("class_name"), str) else set()
        return own.union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_files_hold_every_class(folder: Path) -> None:
    """Of layers and optimizers that the first version had; Lambda holds a function of one's own."""
    found: set[str] = set()
    for path in folder.glob("*.safetensors"):
        raw = path.read_bytes()
        header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
        found |= names_in(json.loads(header["__metadata__"]["description"]))
    names = json.loads((Path(__file__).parents[1] / "public_names.json").read_text())
    for module, base in [(layers, layers.Layer), (optimizers, optimizers.Optimizer)]:
        kinds = {
            name
            for name in names[module.__name__]
            if isinstance(kind := getattr(module, name), type) and issubclass(kind, base)
        }
        assert kinds - found <= {"Lambda", "Layer", "Optimizer", "InputLayer"}
    assert Sequential.__name__ in found
