"""Real data and models that are too large for the repository: where they lie, if they do."""

import os
from pathlib import Path

import pytest

_FOLDER = Path(os.environ.get("FASTCNN_SHARED", Path(__file__).parents[2] / "shared"))


def shared_file(name: str) -> Path:
    """The file or folder ``name`` of the shared data; skips the test where it is not there."""
    path = _FOLDER / name
    if not path.exists():
        pytest.skip(f"needs {name} of the shared data: set FASTCNN_SHARED to its folder")
    return path
