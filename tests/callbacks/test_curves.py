"""LiveCurves: one picture, drawn anew, in a notebook that is made up here."""

from __future__ import annotations

import sys
import types
from importlib.util import find_spec

import numpy as np
import pytest

from fastcnn import Input, Sequential, callbacks, layers
from fastcnn.callbacks import live_curves

pytestmark = pytest.mark.skipif(find_spec("matplotlib") is None, reason="needs matplotlib")

X = np.linspace(-1, 1, 32, dtype=np.float32).reshape(16, 2)
Y = X[:, :1] * 2


@pytest.fixture
def model():
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


@pytest.fixture
def shown(monkeypatch):
    """What a notebook was asked to show: pictures first shown, and pictures that replaced them."""
    calls = []

    class Handle:
        def update(self, picture):
            calls.append(("update", picture))

    def display(picture, *, display_id):
        assert display_id is True
        calls.append(("display", picture))
        return Handle()

    display_module = types.ModuleType("IPython.display")
    display_module.Image = lambda data: data
    display_module.display = display
    ipython = types.ModuleType("IPython")
    ipython.version_info = (9, 0)  # matplotlib asks
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display_module)
    return calls


def test_one_picture_drawn_anew(model, shown):
    live = callbacks.LiveCurves()
    model.fit(X, Y, epochs=4, validation_data=(X, Y), validation_freq=2, callbacks=live, verbose=0)
    assert [what for what, _ in shown] == ["display", "update", "update", "update"]
    assert all(picture.startswith(b"\x89PNG") for _, picture in shown)
    assert live.history["val_loss"][0] is None
    assert live.history["val_loss"][1] is not None
    assert sorted(live.history) == [
        "loss",
        "mae",
        "val_loss",
        "val_mae",
    ]


def test_long_epochs_are_drawn_before_they_end(model, shown, monkeypatch):
    monkeypatch.setattr(live_curves, "_REDRAW_SECONDS", 0)
    model.fit(X, Y, batch_size=8, callbacks=callbacks.LiveCurves(["loss"]), verbose=0)
    assert len(shown) == 3


def test_outside_of_a_notebook(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython", None)
    with pytest.warns(UserWarning, match="draws in notebooks only"):
        model.fit(X, Y, callbacks=callbacks.LiveCurves(), verbose=0)


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "fastcnn\[plot\]"'):
        callbacks.LiveCurves()


def test_a_measure_that_is_missing_in_some_epochs():
    history = {"loss": [3.0, 2.0, 1.0], "val_loss": [None, 2.5, None]}
    figure = live_curves.draw_curves([1, 2, 3], history, ["loss"])
    lines = figure.axes[0].lines
    assert [list(line.get_ydata()) for line in lines] == [[3.0, 2.0, 1.0], [2.5]]
