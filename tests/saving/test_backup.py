"""BackupAndRestore: killed at any moment and started again, training ends with the same bits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, Sequential, callbacks, layers
from saving.killed_run import train

SCRIPT = Path(__file__).with_name("killed_run.py")


def killed(kind, folder, save_freq, step, in_write="no"):
    command = [sys.executable, str(SCRIPT), kind, str(folder), str(save_freq), str(step), in_write]
    home = Path(fastcnn.__file__).parents[1]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(home)},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr


def check_same(found, expected, last):
    for a, b in zip(found[0], expected[0]):
        np.testing.assert_array_equal(a, b)
    for key, values in expected[1].items():
        assert found[1][key] == values[-last:], key


@pytest.mark.parametrize(
    ("kind", "save_freq", "step", "epochs_left"),
    [
        ("arrays", 3, 10, 3),  # the backup is after step 9 = epoch 1, step 2
        ("arrays", "epoch", 10, 3),
        ("arrays", 7, 14, 3),  # after the last step of an epoch, before its end
        ("arrays-by-steps", 4, 9, 3),  # one pass over the data ends inside an epoch
        ("averaged", 3, 10, 3),  # between two updates, with averages of the weights
        ("generator", 4, 13, 2),
        ("sequence", 5, 12, 3),
    ],
)
def test_killed_and_started_again(kind, save_freq, step, epochs_left, tmp_path):
    expected = train(kind, None, None, seed=1)
    folder = tmp_path / "backup"
    killed(kind, folder, save_freq, step)
    assert [path.name for path in folder.iterdir()] == ["latest.safetensors"]
    # Another seed: nothing may depend on what the second process drew.
    check_same(train(kind, folder, save_freq, seed=2), expected, epochs_left)
    assert not folder.exists()


def test_killed_while_it_wrote(tmp_path):
    expected = train("arrays", None, None, seed=1)
    folder = tmp_path / "backup"
    killed("arrays", folder, 3, 0, in_write="yes")
    assert len(list(folder.iterdir())) == 2  # the first backup, and a part of the second
    check_same(train("arrays", folder, 3, seed=2), expected, 4)
    assert not folder.exists()


def test_the_last_backup_but_one(tmp_path):
    expected = train("arrays", None, None, seed=1)
    with pytest.raises(KeyboardInterrupt):
        train("arrays", tmp_path, 3, seed=1, kill_at=13, double=True, politely=True)
    (tmp_path / "latest.safetensors").write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="latest.safetensors.*taking the one before"):
        check_same(train("arrays", tmp_path, 3, seed=2, double=True), expected, 3)


@pytest.fixture
def small():
    model = Sequential([Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


X, Y = np.ones((8, 2), np.float32), np.ones((8, 1), np.float32)


def test_a_backup_of_another_model(small, tmp_path):
    keep = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    small.fit(X, Y, epochs=2, callbacks=keep, verbose=0)
    other = Sequential([Input((2,)), layers.Dense(3), layers.Dense(1)])
    other.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"holds 2 weights, the model has 4. Remove .*beginning"):
        other.fit(X, Y, callbacks=callbacks.BackupAndRestore(tmp_path), verbose=0)
    (tmp_path / "latest.safetensors").unlink()
    small.save(tmp_path / "latest.safetensors")
    with pytest.raises(ValueError, match="not a backup of a running fit"):
        small.fit(X, Y, callbacks=callbacks.BackupAndRestore(tmp_path), verbose=0)


def test_a_finished_training_is_not_repeated(small, tmp_path):
    keep = callbacks.BackupAndRestore(tmp_path, delete_checkpoint=False)
    small.fit(X, Y, epochs=2, callbacks=keep, verbose=0)
    weights = small.get_weights()
    history = small.fit(X, Y, epochs=2, callbacks=keep, verbose=0)
    assert history.epoch == []
    np.testing.assert_array_equal(small.get_weights()[0], weights[0])
    assert small.fit(X, Y, epochs=3, callbacks=keep, verbose=0).epoch == [2]


def test_wrong_arguments(small, tmp_path):
    for wrong in ("batch", 0, True, 1.5):
        with pytest.raises(ValueError, match="save_freq must be 'epoch' or a number of steps"):
            callbacks.BackupAndRestore(tmp_path, wrong)
    with pytest.raises(ValueError, match="backup_dir is empty"):
        callbacks.BackupAndRestore("")
    small.compile("gradient_descent", "mse")
    with pytest.raises(ValueError, match="makes one step an epoch, so save_freq"):
        small.fit(X, Y, callbacks=callbacks.BackupAndRestore(tmp_path, 2), verbose=0)
