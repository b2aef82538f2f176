"""``fastcnn profile``: where the time of a model goes."""

import json
import sys

import numpy as np
import pytest

import fastcnn
from fastcnn import Input, layers
from fastcnn.cli import main
from fastcnn.models import Model, Sequential


@pytest.fixture
def shown(capsys):
    """What a command that succeeds prints."""

    def run(*arguments):
        assert main(["profile", *map(str, arguments)]) == 0
        return capsys.readouterr().out

    return run


def test_a_model_file(trained, shown):
    before = trained.read_bytes()
    text = shown(trained, "--batch", 2, "--threads", 1, "--runs", 2)
    assert "with 1 thread, the fastest of 2 runs" in text
    assert "conv2d_max_pool" in text
    assert "2x7x7x4" in text
    assert text.splitlines()[-1].startswith("total")
    assert trained.read_bytes() == before


def test_a_training_step_with_trace_and_picture(trained, shown, tmp_path):
    pytest.importorskip("matplotlib")
    trace, picture = tmp_path / "run.json", tmp_path / "run.svg"
    text = shown(trained, "--train", "--by", "op", "--trace", trace, "--picture", picture)
    assert "adam_update" in text
    assert f"wrote {trace}: open it in https://ui.perfetto.dev" in text
    assert f"wrote {picture}" in text
    names = {item["name"] for item in json.loads(trace.read_text())["traceEvents"]}
    assert any("conv_kernel_grad" in name for name in names)
    assert picture.read_text().startswith("<?xml")


def test_a_known_network_by_name(shown):
    text = shown("lenet5", "--by", "layer", "--plan")
    assert text.startswith("lenet5: 13 operations become ")
    assert {"c1", "s2", "c3"} <= {line.split()[0] for line in text.splitlines() if line}


@pytest.mark.parametrize(
    ("loss", "last"),
    [
        ("categorical_crossentropy", layers.Dense(3, activation="softmax")),
        ("mse", layers.Dense(2)),
        ("binary_crossentropy", layers.Dense(1, activation="sigmoid")),
        ("categorical_generalized_cross_entropy", layers.Dense(3, activation="softmax")),
        ("kl_divergence", layers.Dense(3, activation="softmax")),
    ],
)
def test_labels_fit_the_loss(loss, last, shown, tmp_path):
    model = Sequential([Input((4,)), last])
    model.compile("sgd", loss)
    model.save(tmp_path / "model.safetensors")
    assert "sgd_update" in shown(tmp_path / "model.safetensors", "--train", "--batch", 4)


def test_several_inputs_and_outputs(shown, tmp_path):
    a, b = Input((4,), name="a"), Input((8, 8, 1), name="b")
    parts = [layers.Dense(3, name="one")(a), layers.Flatten()(layers.Conv2D(2, 3)(b))]
    y = layers.Dense(2, activation="softmax", name="two")(layers.Concatenate()(parts))
    model = Model([a, b], {"number": parts[0], "class": y})
    model.compile("sgd", {"number": "mse", "class": "sparse_categorical_crossentropy"})
    model.save(tmp_path / "model.safetensors")
    assert "loss" in shown(tmp_path / "model.safetensors", "--train", "--batch", 4)


def test_images_of_any_size(shown, fails, tmp_path):
    x = Input((None, None, 3))
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, name="conv")(x))
    Model(x, y).save(path := tmp_path / "model.safetensors")
    assert "open sizes" in (text := fails("profile", path))
    assert "--image-size" in text
    assert "2x10x18x4" in shown(path, "--image-size", "12x20", "--batch-size", 2)


def test_what_is_wrong(trained, fails, tmp_path, monkeypatch):
    assert "'restnet' is neither a file nor a known network; these are" in fails(
        "profile", "restnet"
    )
    missing = tmp_path / "missing.safetensors"
    assert "No such file" in fails("profile", missing)
    assert "must end in .png, .svg or .pdf" in fails("profile", trained, "--picture", "run.gif")
    assert "there is no folder" in fails("profile", trained, "--trace", tmp_path / "a" / "b.json")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setattr(fastcnn.profiling.picture, "find_spec", lambda name: None)
    assert 'pip install "fastcnn[plot]"' in fails("profile", trained, "--picture", "run.png")


def test_random_inputs_are_numbers(trained):
    """Zeros would be faster than images: nothing is added to a sum."""
    from fastcnn.data_adapters.example_batch import example_inputs

    (x,) = example_inputs(fastcnn.load(trained), 3)
    assert x.shape[0] == 3
    assert np.unique(x).size > 100
