"""The tables for those who come from Keras or PyTorch tell the truth."""

from __future__ import annotations

import re
from functools import reduce
from pathlib import Path

import numpy as np
import pytest

import fastcnn
from fastcnn import layers

TEXT = (Path(__file__).parents[2] / "docs" / "migration.md").read_text()
MODULES = "callbacks|layers|losses|optimizers|regularizers"
# Words of Keras stand below fastcnn.keras, as in the scripts that the tables are for.
NAME = re.compile(rf"\b(?:fastcnn\.[\w.]*\w|keras\.utils\.\w+|(?:{MODULES})\.\w+)")
ROWS = [line.split(" | ") for line in TEXT.splitlines() if line.startswith("| `")]


def names_there() -> list[str]:
    return sorted({name for row in ROWS for name in NAME.findall(row[1])})


def test_the_tables_are_read():
    assert len(ROWS) > 40
    assert {"layers.Conv2D", "fastcnn.training_step"} <= set(names_there())


@pytest.mark.parametrize("name", names_there())
def test_names_are_there(name):
    path = name if name.startswith("fastcnn.") else f"fastcnn.keras.{name.removeprefix('keras.')}"
    assert reduce(getattr, path.split(".")[1:], fastcnn) is not None


def test_weights_of_pytorch_move_over():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    nn = torch.nn
    torch.manual_seed(0)
    before = nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.ReLU(), nn.Flatten(), nn.Linear(80, 7))
    after = fastcnn.Sequential(
        [
            layers.Input((4, 4, 3)),
            layers.Conv2D(5, 3, padding="same", activation="relu"),
            layers.Flatten(),
            layers.Dense(7),
        ]
    )
    conv, linear = before[0], before[3]
    after.layers[0].set_weights(
        [conv.weight.detach().numpy().transpose(2, 3, 1, 0), conv.bias.detach().numpy()]
    )
    flat = linear.weight.detach().numpy().reshape(7, 5, 4, 4)
    after.layers[2].set_weights(
        [flat.transpose(2, 3, 1, 0).reshape(-1, 7), linear.bias.detach().numpy()]
    )
    x = np.random.default_rng(0).standard_normal((2, 4, 4, 3)).astype(np.float32)
    expected = before(torch.from_numpy(x.transpose(0, 3, 1, 2).copy())).detach().numpy()
    np.testing.assert_allclose(after.predict(x, verbose=0), expected, rtol=1e-4, atol=1e-5)
