"""``fastcnn train``, from pictures to files."""

import csv
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

import fastcnn
from fastcnn.cli import curves, main


def rows(log):
    with log.open(newline="") as file:
        return list(csv.DictReader(file))


def test_writes_model_log_and_curves(trained):
    model = fastcnn.load(trained)
    assert model.input_shape == (None, 16, 16, 3)
    assert model.metadata["class_names"] == ["dark", "light"]
    log = rows(trained.with_suffix(".csv"))
    assert [row["epoch"] for row in log] == [str(epoch) for epoch in range(1, 16)]
    assert list(log[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert float(log[-1]["val_accuracy"]) == 1.0
    with Image.open(trained.with_suffix(".png")) as picture:
        assert picture.format == "PNG"
        assert picture.width > 2 * picture.height


def test_says_what_it_does(pictures, tmp_path, capsys, quick):
    output = tmp_path / "new" / "folder" / "model.safetensors"
    assert main(["train", str(pictures), "-o", str(output), "--epochs", "1", *quick]) == 0
    shown = capsys.readouterr().out
    assert "20 pictures of 16x16x3 to learn from, 4 for validation, 2 classes" in shown
    assert "validation accuracy" in shown
    for suffix in (".safetensors", ".csv", ".png"):
        assert str(output.with_suffix(suffix)) in shown
        assert output.with_suffix(suffix).exists()


def test_files_where_they_are_asked_for(pictures, tmp_path, quick):
    log, picture = tmp_path / "a" / "log.csv", tmp_path / "b" / "picture.png"
    files = ["-o", tmp_path / "model.safetensors", "--log", log, "--curves", picture]
    assert main(["train", str(pictures), *map(str, files), "--epochs", "1", *quick]) == 0
    assert len(rows(log)) == 1
    assert picture.exists()


def test_the_seed_decides_everything(pictures, tmp_path, quick):
    logs = []
    for name, seed in [("a", "1"), ("b", "1"), ("c", "2")]:
        output = tmp_path / f"{name}.safetensors"
        options = ["--seed", seed, "--epochs", "2", "--dropout", "0.5", *quick]
        assert main(["train", str(pictures), "-o", str(output), *options]) == 0
        logs.append(rows(output.with_suffix(".csv")))
    assert logs[0] == logs[1] != logs[2]


@pytest.mark.parametrize("options", [["--optimizer", "sgd"], ["--patience", "1"], ["--grayscale"]])
def test_options_that_change_the_training(options, pictures, tmp_path, quick):
    output = tmp_path / "model.safetensors"
    arguments = ["train", str(pictures), "-o", str(output), "--epochs", "3", *quick, *options]
    assert main(arguments) == 0
    assert fastcnn.load(output).input_shape[-1] == (1 if "--grayscale" in options else 3)


def test_without_held_out_pictures(pictures, tmp_path, quick):
    output = tmp_path / "model.safetensors"
    options = ["--validation-split", "0", "--epochs", "1", *quick]
    assert main(["train", str(pictures), "-o", str(output), *options]) == 0
    assert "val_loss" not in rows(output.with_suffix(".csv"))[0]


def test_never_replaces_a_model_unasked(trained, fails, capsys, quick):
    before = trained.read_bytes()
    command = ["train", trained.parent / "pictures", "-o", trained, "--epochs", "1", *quick]
    assert "is already there: give another --output, or --overwrite" in fails(*command)
    assert trained.read_bytes() == before


@pytest.mark.parametrize(
    ("suffix", "option"), [(".csv", "--output"), (".png", "--output"), (".log", "--log")]
)
def test_never_replaces_log_or_curves_unasked(suffix, option, pictures, tmp_path, fails, quick):
    output = tmp_path / "model.safetensors"
    there = output.with_suffix(suffix)
    there.write_text("precious")
    command = ["train", pictures, "-o", output, "--epochs", "1", *quick]
    if option == "--log":
        command += ["--log", there]
    assert f"{there} is already there: give another {option}" in fails(*command)
    assert there.read_text() == "precious"
    assert not output.exists()
    assert main([*map(str, command), "--overwrite"]) == 0
    assert there.read_bytes() != b"precious"


def test_unreadable_pictures(pictures, tmp_path, fails, capsys, quick):
    (pictures / "dark" / "broken.jpg").write_bytes(b"not a picture")
    command = ["train", pictures, "-o", tmp_path / "model.safetensors", "--epochs", "1", *quick]
    assert "broken.jpg: it is in no format that Pillow knows" in fails(*command)
    assert main([*map(str, command), "--skip-unreadable"]) == 0
    shown = capsys.readouterr().out
    assert "dark 12, light 12\n1 of 25 files cannot be read as pictures and are left out" in shown
    assert ".py" not in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "'nowhere' is neither a data set"),
        (["digits", "-o", "model.h5"], "written as .safetensors: call model.h5 model.safetensors"),
        (["digits", "--image-size", "16"], "images of 16 pixels are too small for 3 convolutions"),
        (["PICTURES/dark"], "has no subfolders"),
        (["PICTURES", "--validation-split", "0", "--patience", "2"], "--patience needs held-out"),
    ],
)
def test_errors(arguments, message, pictures, tmp_path, monkeypatch, fails):
    monkeypatch.chdir(tmp_path)
    assert message in fails("train", *(a.replace("PICTURES", str(pictures)) for a in arguments))
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_a_single_class(pictures, tmp_path, fails):
    for path in (pictures / "light").iterdir():
        path.unlink()
    (pictures / "light").rmdir()
    shown = fails("train", pictures, "-o", tmp_path / "model.safetensors")
    assert "has the single class 'dark'" in shown


def test_without_matplotlib(pictures, tmp_path, monkeypatch, capsys, fails, quick):
    monkeypatch.setattr(curves, "available", lambda: False)
    command = ["train", str(pictures), "-o", str(tmp_path / "a.safetensors"), "--epochs", "1"]
    assert main([*command, *quick]) == 0
    assert "no curves: drawing curves needs matplotlib" in capsys.readouterr().out
    # Asked for by name it is an error, before a long training and not after it.
    command[3] = str(tmp_path / "b.safetensors")
    assert 'pip install "fastcnn[plot]"' in fails(*command, "--curves", tmp_path / "b.png")
    assert not (tmp_path / "b.safetensors").exists()


def test_ctrl_c_keeps_what_was_learnt(pictures, tmp_path, quick):
    output = tmp_path / "model.safetensors"
    command = [sys.executable, "-m", "fastcnn", "train", pictures, "-o", output, *quick]
    training = subprocess.Popen(
        [*map(str, command), "--epochs", "1000000", "--verbose", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    log = output.with_suffix(".csv")
    deadline = time.monotonic() + 60
    while not (log.exists() and log.read_text().count("\n") > 3) and time.monotonic() < deadline:
        time.sleep(0.05)
    training.send_signal(signal.SIGINT)
    out, err = training.communicate(timeout=60)
    assert training.returncode == 130
    assert "Traceback" not in err
    assert "stopped: keeping what was learnt so far" in err
    assert f"model:  {output}" in out
    assert output.with_suffix(".png").exists()
    images = np.full((2, 16, 16, 3), 100, np.uint8)
    assert fastcnn.load(output).predict(images, verbose=0).shape == (2, 2)
