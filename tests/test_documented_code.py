"""The Python that documents show runs, on little data."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import fastcnn
from fastcnn import datasets, graph, layers, losses, optimizers

ROOT = Path(__file__).parents[1]
#: What a document leaves to its reader to bring; tests/keras_parity/test_migration.py has the last
#: one's.
DOCUMENTS = [
    "README.md",
    *(f"docs/{name}.md" for name in ["datasets", "networks", "profiling", "training_steps"]),
]
ELSEWHERE = {"docs/migration.md"}


def blocks(document):
    return re.findall(r"^```python\n(.*?)^```", (ROOT / document).read_text(), re.M | re.S)


def test_all_documents_are_run():
    names = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
    with_code = {str(path.relative_to(ROOT)) for path in names if blocks(path.relative_to(ROOT))}
    assert with_code == {*DOCUMENTS, *ELSEWHERE}


def images(rng, *shape, labels):
    return tuple(
        (rng.integers(0, 256, (count, *shape), np.uint8), rng.integers(0, 10, (count, *labels)))
        for count in (40, 10)
    )


def model_of(*outputs):
    """A network that takes pictures of any size."""
    model = fastcnn.Sequential([layers.GlobalAveragePooling2D(), *outputs])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


@pytest.fixture
def surroundings(monkeypatch, tmp_path, rng):
    """Small data sets and pictures in the current folder, and names that stand for the reader's."""
    monkeypatch.chdir(tmp_path)
    for name, shape, labels in [
        ("cifar10", (32, 32, 3), (1,)),
        ("cifar100", (32, 32, 3), (1,)),
        ("mnist", (28, 28), ()),
        ("fashion_mnist", (28, 28), ()),
        ("digits", (32, 32, 1), (1,)),
    ]:
        data = images(rng, *shape, labels=labels)
        module = getattr(datasets, name)
        monkeypatch.setattr(module, "load_data", lambda *args, data=data, **rest: data)

    x, y = rng.random((64, 8, 8, 1), np.float32), rng.integers(0, 10, 64)
    model = fastcnn.Sequential([layers.Input((8, 8, 1)), layers.Flatten(), layers.Dense(10)])
    return {
        "fastcnn": fastcnn,
        "graph": graph,
        "optimizers": optimizers,
        "images": x,
        "labels": y,
        "model": model,
        "loss_of": losses.SparseCategoricalCrossentropy(from_logits=True),
    }


@pytest.mark.parametrize(
    ("document", "number"), [(name, i) for name in DOCUMENTS for i in range(len(blocks(name)))]
)
def test_blocks_run(document, number, surroundings, tmp_path, rng):
    code = blocks(document)[number]
    if document == "docs/datasets.md":
        surroundings["model"] = model_of(layers.Dense(10, "softmax"))
    if "pets.safetensors" in code:
        trained = fastcnn.Sequential([layers.Input((64, 64, 3)), *model_of(layers.Dense(2)).layers])
        trained.metadata["class_names"] = ["cat", "dog"]
        trained.save("pets.safetensors")
    if "pets" in code:
        image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
        for place in ["photo.jpg", *(f"pets/{kind}/{i}.jpg" for kind in "ab" for i in range(10))]:
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            image.fromarray(rng.integers(0, 256, (9, 7, 3), np.uint8)).save(tmp_path / place)
    exec(compile(code, f"{document}, block {number}", "exec"), surroundings)
