"""What training prints."""

from __future__ import annotations

import io
import re
import sys

import numpy as np
import pytest

from fastcnn import Input, Sequential, layers
from fastcnn.training.progress_bar import Progress, logs_text, resolve_verbose


@pytest.fixture
def model():
    model = Sequential([Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


X, Y = np.ones((40, 3), np.float32), np.zeros((40, 1), np.float32)
NUMBERS = r"loss: \d\.\d+(e-\d+)? - mae: \d\.\d+(e-\d+)?"


def test_a_line_an_epoch(model, capsys):
    model.fit(X, Y, epochs=2, batch_size=10, validation_split=0.5, verbose="auto")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    pattern = rf"Epoch 2/2 - 2 steps - \d+\.\ds - \d+\.\dms/step - {NUMBERS} - val_loss: .*"
    assert re.fullmatch(pattern, lines[1])


def test_silence(model, capsys):
    model.fit(X, Y, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X)
    assert capsys.readouterr().out == ""


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_on_a_terminal(model, monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    model.fit(X, Y, epochs=2, batch_size=10)
    text = terminal.getvalue()
    assert re.search(r"Epoch 2/2   0% \|.*\| 0/4 \[", text), text
    # Then only a line an epoch stays.
    assert text.count("\n") == 2
    assert re.fullmatch(rf"Epoch 2/2 - 4 steps - .* - {NUMBERS}", text.split("\r")[-1].strip())


def test_the_bar_shows_numbers_and_the_time_left(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr("fastcnn.training.progress_bar._REFRESH_SECONDS", 0)
    with Progress("Epoch 1/1", 4, 1) as progress:
        for _ in range(3):
            progress.step(lambda: {"loss": 1.5})
    pattern = r"Epoch 1/1  75% \|.*\| 3/4 \[00:00<00:00, .*step/s\], loss: 1.5000"
    assert re.search(pattern, terminal.getvalue())


def test_evaluation_prints_one_line(model, capsys):
    model.evaluate(X, Y, batch_size=10)
    assert re.fullmatch(rf"Evaluation - 4 steps - .*/step - {NUMBERS}\n", capsys.readouterr().out)


def test_the_bar_is_closed_when_something_breaks(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)

    def interrupted():
        with Progress("Epoch 1/1", None, 1) as progress:
            progress.step(lambda: {"loss": 1.0})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert terminal.getvalue().endswith("\r")


def test_small_numbers_keep_their_digits():
    assert logs_text({"loss": 1.5, "rate": 1e-5, "zero": 0.0}) == (
        "loss: 1.5000 - rate: 1.0000e-05 - zero: 0.0000"
    )


def test_verbose_is_one_of_four():
    assert [resolve_verbose(v) for v in (0, 1, 2)] == [0, 1, 2]
    with pytest.raises(ValueError, match="'auto', 0, 1 or 2"):
        resolve_verbose("loud")
