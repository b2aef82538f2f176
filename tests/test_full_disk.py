"""A disk that is full: an OSError with number and path, wherever a file is written."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pytest

from child_process import python
from fastcnn.callbacks import CSVLogger
from fastcnn.cli import main
from fastcnn.datasets import _download, digits
from fastcnn.paths import named_errors
from fastcnn.picture_file import write_picture

FULL = Path("/dev/full")
pytestmark = pytest.mark.skipif(not FULL.exists(), reason="no /dev/full here")


def test_what_is_written_is_named():
    with (
        pytest.raises(OSError, match="No space left on device: 'here'") as caught,
        named_errors("here"),
        FULL.open("w") as file,
    ):
        file.write("text")
    assert caught.value.errno == errno.ENOSPC
    with pytest.raises(FileNotFoundError, match="'nowhere'"), named_errors("here"):
        open("nowhere")  # noqa: SIM115 - it fails


def test_csv_logger(linear, line):
    x, y = line
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        linear().fit(x, y, epochs=1, callbacks=[CSVLogger(FULL)], verbose=0)


def test_the_log_of_training(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(digits, "load_data", _few)
    command = ["train", "digits", "--epochs", "1", "--overwrite", "--filters", "2", "--dense", "2"]
    files = ["-o", str(tmp_path / "m.safetensors"), "--log", str(FULL)]
    assert main([*command, *files]) == 1
    shown = capsys.readouterr().err
    assert "fastcnn: error: /dev/full: No space left on device" in shown
    assert "bug" not in shown


@pytest.mark.parametrize("limit", [2_000, 20_000])
def test_training_with_a_limit_on_files(limit, tmp_path):
    """The model fails, or the picture of the curves after it."""
    pytest.importorskip("matplotlib")
    code = (
        "import resource, sys, numpy as np\n"
        "from fastcnn.cli import main\n"
        "from fastcnn.datasets import _download, digits\n"
        "some = np.zeros((20, 32, 32, 1), np.uint8), np.arange(20) % 10\n"
        "digits.load_data = lambda size, channels: (some, some)\n"
        "import matplotlib.figure\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "sys.exit(main(['train', 'digits', '--epochs', '1', '--filters', '2', '--dense', '2', "
        "'-o', sys.argv[1]]))\n"
    )
    done = python(code, str(tmp_path / "m.safetensors"))
    assert done.returncode == 1
    name = "m.safetensors" if limit == 2_000 else "m.png"
    assert f"fastcnn: error: {tmp_path / name}: File too large" in done.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def _few(size, channels=1):
    pixels = np.zeros((20, size, size, channels), np.uint8)
    labels = np.arange(20) % 10
    return (pixels, labels), (pixels, labels)


def test_predict(tmp_path, capsys):
    from PIL import Image

    import fastcnn
    from fastcnn import Input, layers

    model = fastcnn.Sequential([Input((2, 2, 3)), layers.Flatten(), layers.Dense(2)])
    model.save(tmp_path / "m.safetensors")
    Image.new("RGB", (2, 2)).save(tmp_path / "p.png")
    (tmp_path / "full.csv").symlink_to(FULL)
    files = [tmp_path / "m.safetensors", tmp_path / "p.png", "--csv", tmp_path / "full.csv"]
    assert main(["predict", *map(str, files)]) == 1
    assert "full.csv: No space left on device" in capsys.readouterr().err


def test_a_download(tmp_path, monkeypatch):
    def full(remote, part, start):
        raise OSError(errno.ENOSPC, "No space left on device", str(part))

    monkeypatch.setattr(_download, "_receive", full)
    remote = _download.RemoteFile("http://localhost/x", 10, "0" * 64)
    with pytest.raises(OSError, match="No space left on device: .*x.part'") as caught:
        _download.fetch(remote, tmp_path / "x")
    assert not isinstance(caught.value, ConnectionError)


@pytest.mark.parametrize(("name", "head"), [("a.svg", b"<?xml"), ("a.png", b"\x89PNG"),
                                            ("a", b"\x89PNG")])  # fmt: skip
def test_the_kind_of_a_picture(name, head, tmp_path):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    write_picture(figure, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(head)
