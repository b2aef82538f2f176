"""The scripts in ``examples/``: only their imports say whether Keras or fastcnn runs."""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

SCRIPTS = [
    ("mnist_cnn", ["--data", "drawn", "--batch-size", "225", "--dropout", "0", "--epochs", "2"]),
    ("resnet_functional", ["--data", "drawn", "--blocks", "1", "--epochs", "2", "--rate", "0.01"]),
    ("two_inputs_two_outputs", ["--samples", "160", "--epochs", "2"]),
]


def steps(script: str, arguments: list[str], directory: Path) -> list[dict[str, float]]:
    """The logs of each step of a run of ``script``, the text of a program."""
    program, log = directory / "script.py", directory / "log.csv"
    program.write_text(script)
    known = {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, str(program), *arguments, "--seed", "0", "--log", str(log)],
        env={**known, **os.environ, "PYTHONPATH": str(EXAMPLES.parent)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    with log.open(newline="") as file:
        return [{k: float(v) for k, v in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize(("name", "arguments"), SCRIPTS, ids=[name for name, _ in SCRIPTS])
def test_the_same_losses_as_with_keras(name, arguments, tmp_path):
    script = (EXAMPLES / f"{name}.py").read_text()
    (tmp_path / "ours").mkdir()
    mine = steps(script, arguments, tmp_path / "ours")
    assert mine[-1]["loss"] < mine[0]["loss"]
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras 3 is not installed; the script ran with fastcnn alone")
    (tmp_path / "theirs").mkdir()
    theirs = steps(script.replace("fastcnn.keras", "keras"), arguments, tmp_path / "theirs")
    assert len(mine) == len(theirs)
    for number, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        assert a.keys() == b.keys()
        for key in a:
            # An example near the border of two classes may fall to either side of it.
            tolerance = 2e-4 if "accuracy" not in key else 0.02
            np.testing.assert_allclose(
                a[key], b[key], rtol=tolerance, atol=tolerance, err_msg=f"{key} of step {number}"
            )


def test_imports_are_all_that_names_the_package():
    for name, _ in SCRIPTS:
        lines = (EXAMPLES / f"{name}.py").read_text().splitlines()
        naming = [line for line in lines if "fastcnn" in line and "``fastcnn.keras``" not in line]
        assert all(line.startswith(("import ", "from ")) for line in naming), naming
