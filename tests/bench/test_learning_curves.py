"""Learning curves compare libraries only on the same weights and the same order of the data."""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
EPOCHS = 3

pytestmark = pytest.mark.skipif(
    not (ROOT / "bench" / "learning_curves.py").exists(), reason="bench/ is not in the archive"
)


def run(module, *arguments):
    """Run a script of ``bench/`` as its users do."""
    return subprocess.run(
        [sys.executable, "-m", f"bench.{module}", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Ten noisy pictures in the files of CIFAR-10: 320 images to train on, 64 to test."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    pictures = 200 * rng.random((10, 3072))
    for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
        labels = rng.integers(0, 10, 64)
        pixels = pictures[labels] + 50 * rng.random((64, 3072))
        np.column_stack([labels, pixels]).astype(np.uint8).tofile(folder / f"{name}.bin")
    return folder


def train(library, images, log, seed=0):
    """The rows of the log."""
    settings = ["--data", images, "--epochs", EPOCHS, "--seed", seed, "--threads", 1]
    done = run("learning_curves", library, log, *settings)
    assert done.returncode == 0, done.stderr[-2000:]
    with log.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def ours(images, tmp_path_factory):
    log = tmp_path_factory.mktemp("ours") / "log.csv"
    return log, train("fastcnn", images, log)


def test_every_epoch_has_an_order_of_its_own(ours):
    _, rows = ours
    assert len({row["all_batches"] for row in rows}) == EPOCHS
    assert float(rows[-1]["loss"]) < float(rows[0]["loss"])


def test_keras_gets_the_same_weights_and_batches(images, ours, tmp_path):
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras 3 is not installed")
    _, mine = ours
    theirs = train("keras", images, tmp_path / "log.csv")
    for name in ("initial_weights", "first_batches", "all_batches"):
        assert [row[name] for row in mine] == [row[name] for row in theirs]
    # Nothing but rounding tells the libraries apart. One step on, and it has gone through Adam,
    # which divides by gradients that may be no larger than their errors.
    for name, tolerance in (("first_batch_loss", 1e-5), ("loss", 1e-4)):
        np.testing.assert_allclose(
            float(mine[0][name]), float(theirs[0][name]), rtol=tolerance, err_msg=name
        )
    for a, b in zip(mine, theirs, strict=True):
        np.testing.assert_allclose(float(a["loss"]), float(b["loss"]), rtol=0.02)


def test_curves_of_the_same_training_are_drawn(ours, tmp_path):
    log, rows = ours
    done = run("plot_curves", tmp_path / "curves.png", f"one={log}", f"two={log}")
    assert done.returncode == 0, done.stderr[-2000:]
    assert f"one: test accuracy {float(rows[-1]['val_accuracy']):.4f}" in done.stdout
    assert (tmp_path / "curves.png").stat().st_size > 10_000


def test_curves_of_other_orders_are_not_compared(images, ours, tmp_path):
    log, _ = ours
    other = tmp_path / "other.csv"
    train("fastcnn", images, other, seed=1)
    done = run("plot_curves", tmp_path / "curves.png", f"one={log}", f"two={other}")
    assert done.returncode != 0
    assert "differ in initial weights, order of the data" in done.stderr
    done = run("plot_curves", tmp_path / "curves.png", f"one={log}", f"two={log},{other}")
    assert "as many logs for each label" in done.stderr
