"""Pictures so easy that a second of training is enough, and a model trained on them."""

import numpy as np
import pytest
from PIL import Image

from fastcnn.cli import main

QUICK = ["--image-size", "16", "--filters", "4", "--dense", "8", "--learning-rate", "0.01"]


def draw_pictures(folder, count=12):
    """Two classes: dark noise and light noise."""
    rng = np.random.default_rng(0)
    for name, level in [("dark", 60), ("light", 190)]:
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(level - 50, level + 50, (20, 24, 3), np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number:02}.png")
    return folder


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    """No test reads or writes the cache of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FASTCNN_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def quick():
    """Options of ``fastcnn train`` for a network as small as the task."""
    return QUICK


@pytest.fixture
def draw():
    """``draw_pictures``, for other folders than that of ``pictures``."""
    return draw_pictures


@pytest.fixture
def pictures(tmp_path):
    return draw_pictures(tmp_path / "pictures")


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A model file, with its log and curves beside it."""
    home = tmp_path_factory.mktemp("trained")
    folder = draw_pictures(home / "pictures")
    model = home / "model.safetensors"
    assert main(["train", str(folder), "-o", str(model), "--epochs", "15", *QUICK]) == 0
    return model


@pytest.fixture
def fails(capsys):
    """Runs a command that must fail with one line on stderr, which it returns."""

    def run(*arguments, code=1):
        assert main([str(argument) for argument in arguments]) == code
        shown = capsys.readouterr().err
        assert "Traceback" not in shown
        assert shown.startswith("fastcnn: error: ")
        return shown

    return run
