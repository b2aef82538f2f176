"""What the build says where something is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def tool(name: str) -> str:
    """A program, beside the running Python or on the path; skips the test where there is none."""
    beside = Path(sys.executable).with_name(name)
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}")
    return found


def test_without_python_h_the_build_says_what_to_install(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            tool("cmake"), "-S", ROOT, "-B", tmp_path, f"-DPython_EXECUTABLE={sys.executable}",
            f"-DPython_INCLUDE_DIR={tmp_path / 'nowhere'}",
        ],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode != 0
    assert "Python.h of" in done.stderr
    assert "apt install python3-dev" in " ".join(done.stderr.split())
