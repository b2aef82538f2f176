"""What models and results look like: on narrow terminals, without Unicode, at a prompt."""

from __future__ import annotations

import io
import os
import shutil
import sys
import types

import numpy as np
import pytest

from child_process import python
from fastcnn import Input, Model, Sequential, layers
from fastcnn.training.callback import History
from fastcnn.training.progress_bar import resolve_verbose


class Terminal(io.StringIO):
    def isatty(self):
        return True


def model():
    return Sequential(
        [Input((8, 8, 3)), layers.Conv2D(4, 3, name="a_convolution_with_a_long_name"),
         layers.Flatten(), layers.Dense(2)],
        name="small",
    )  # fmt: skip


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_summary_fits_the_terminal(columns, monkeypatch):
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))
    monkeypatch.setattr(sys, "stdout", shown := Terminal())
    model().summary()
    table = [line for line in shown.getvalue().splitlines() if line[:1] in "┏┃┡│├└"]
    assert len(table) == 9
    assert len({len(line) for line in table}) == 1
    assert len(table[0]) <= max(columns, 44)
    assert "Param #" in table[1]
    assert ("Bytes" in table[1]) == (columns == 200)


def test_a_summary_in_ascii(tmp_path):
    script = (
        "from fastcnn import Sequential, Input, layers\n"
        "m = Sequential([Input((4,)), layers.Dense(2, name='größe')])\n"
        "m.metadata['class_names'] = ['Kälte', 'x']\n"
        f"m.save({str(tmp_path / 'm.safetensors')!r})\n"
        "m.summary()\n"
        "from fastcnn.cli import main\n"
        f"assert main(['info', {str(tmp_path / 'm.safetensors')!r}]) == 0\n"
    )
    done = python(script, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "+------" in done.stdout
    assert "| Layer (type)" in done.stdout
    assert "classes: K\\xe4lte, x" in done.stdout


def test_repr_of_models():
    assert repr(model()) == (
        "<Sequential 'small': 3 layers, 402 parameters, (None, 8, 8, 3) -> (None, 2)>"
    )
    assert repr(Sequential([layers.Dense(2)], name="open")) == (
        "<Sequential 'open': 1 layers, not built>"
    )
    x = Input((4,))
    assert repr(Model(x, layers.Dense(2)(x), name="m")) == (
        "<Model 'm': 2 layers, 10 parameters, (None, 4) -> (None, 2)>"
    )

    class Own(Model):
        def __init__(self):
            super().__init__(name="own")
            self.dense = layers.Dense(2)

        def call(self, x):
            return self.dense(x)

    own = Own()
    assert repr(own) == "<Own 'own': 1 layers, not built>"
    own(np.ones((1, 3), np.float32))
    assert repr(own) == "<Own 'own': 1 layers, 8 parameters>"


def test_repr_of_history():
    history = History()
    assert repr(history) == "<History of 0 epochs>"
    history.on_epoch_end(0, {"loss": 0.123456, "per_class": np.ones(2)})
    assert repr(history) == "<History of 1 epoch: loss 0.1235>"
    history.on_epoch_end(1, {"loss": 0.1, "per_class": np.ones(2)})
    assert repr(history) == "<History of 2 epochs: loss 0.1>"


def test_notebooks_get_a_live_line(monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert resolve_verbose("auto") == 2
    for shell, expected in [
        (types.SimpleNamespace(kernel=object()), 1),
        (types.SimpleNamespace(), 2),
        (None, 2),
    ]:
        found = types.SimpleNamespace(get_ipython=lambda shell=shell: shell)
        monkeypatch.setitem(sys.modules, "IPython", found)
        assert resolve_verbose("auto") == expected
