"""A source folder before an installed package on sys.path works, or says what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "statement",
    [
        "from fastcnn import _core",
        "from fastcnn.keras import layers",
        "import fastcnn; fastcnn.Sequential()",
    ],
)
def test_sources_without_a_core_say_what_to_do(statement: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "fastcnn", tmp_path / "fastcnn", ignore=shutil.ignore_patterns("*.so"))
    paths = [str(tmp_path), str(Path(np.__file__).parents[1])]
    # Without site (-S) no editable installation steps in.
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {paths}\n{statement}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ImportError: fastcnn: no compiled core for Python")
    assert str(tmp_path / "fastcnn") in last
    assert "pip install --editable ." in last


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
@pytest.mark.parametrize("target", ["demo", "test"])
def test_make_installs_so_that_scripts_run_in_the_source_folder(
    target: str, tmp_path: Path
) -> None:
    planned = subprocess.run(
        ["make", "--dry-run", target, f"VENV={tmp_path}/venv"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    installs = planned.stdout.replace("\\\n", "").splitlines()
    assert any("pip" in line and '"' in line and "--editable" in line for line in installs)
