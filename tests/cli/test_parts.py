"""``fastcnn train`` and ``evaluate`` on folders of parts: ``train``, ``validation``, ``test``."""

import re
import shutil

import pytest

from fastcnn import load as load_model
from fastcnn.cli import main
from fastcnn.cli.data import load, part_of


@pytest.fixture
def parts(tmp_path, draw):
    """Makes a folder of the named parts, 12 pictures of each class in the first, 4 in others."""

    def make(*names):
        for index, name in enumerate(names):
            draw(tmp_path / "data" / name, 4 if index else 12)
        return tmp_path / "data"

    return make


@pytest.fixture
def train(tmp_path, quick):
    """Trains on what it is given, with its options."""

    def run(*arguments):
        output = tmp_path / "model.safetensors"
        options = ["-o", output, "--epochs", "1", *quick]
        return main([str(a) for a in ("train", *arguments, *options)])

    return run


def test_train_and_test(parts, train, tmp_path, capsys):
    data = parts("train", "test")
    assert train(data) == 0
    shown = capsys.readouterr().out
    assert (
        f"{data} holds the parts of a split: learning from {data}/train, validating on 20% of it, "
        f"held out, testing on {data}/test at the end\n"
    ) in shown
    assert "20 pictures of 16x16x3 to learn from, 4 for validation, 8 for test, 2 cl" in shown
    assert "validation accuracy " in shown
    assert f"test ({data}/test) accuracy " in shown
    assert load_model(tmp_path / "model.safetensors").metadata["class_names"] == ["dark", "light"]


def test_three_parts(parts):
    data = parts("train", "val", "test")
    shutil.rmtree(data / "val" / "dark")  # one class less, so that numbers differ
    loaded = load(str(data), validation_split=None)
    assert (len(loaded.train), len(loaded.held_out), len(loaded.test)) == (24, 4, 8)
    assert loaded.held_out.y.tolist() == [1] * 4
    assert loaded.held_out.x.labels.tolist() == [1] * 4
    assert f"validating on {data}/val, testing on {data}/test" in loaded.report


def test_train_and_validation(parts):
    data = parts("train", "valid")
    loaded = load(str(data), validation_split=None)
    assert (len(loaded.train), len(loaded.held_out), len(loaded.test)) == (24, 8, 0)
    assert "no test part" in loaded.report


def test_what_is_not_used_is_said(parts):
    data = parts("train", "test", "extra")
    (data / "val").mkdir()
    report = load(str(data), validation_split=None).report
    assert "Not used, for want of a subfolder per class: val. Not used: extra" in report


def test_a_folder_to_validate_on(parts, train, tmp_path, capsys):
    data = parts("a", "b")
    assert train(data / "a", "--validation", data / "b") == 0
    assert "24 pictures of 16x16x3 to learn from, 8 for validation, 2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("names", "arguments", "message"),
    [
        (["train", "val"], ["D", "--validation-split", "0.1"], "D/val is there to validate on"),
        (["a", "b"], ["D", "--validation", "D/b"], "D/b lies inside D, which is learnt from"),
        (["train", "b"], ["D/b", "--validation", "D/b"], "D/b lies inside D/b"),
        (["a"], ["D/a", "--validation", "D/b"], "--validation: there is no folder D/b"),
        (["a"], ["digits", "--validation", "D/a"], "digits has a test part of its own"),
        (["val", "test"], ["D"], "none to train on .*: it has test, val"),
    ],
)
def test_errors(names, arguments, message, parts, fails, tmp_path, quick):
    data = str(parts(*names))
    arguments = [a.replace("D", data) for a in arguments]
    shown = fails("train", *arguments, "-o", tmp_path / "model.safetensors", *quick)
    assert re.search(message.replace("D", data), shown), shown


def test_classes_that_were_not_learnt(parts, fails, tmp_path, quick):
    data = parts("train", "test")
    (data / "test" / "dark").rename(data / "test" / "night")
    shown = fails("train", data, "-o", tmp_path / "model.safetensors", *quick)
    assert f"{data}/test has classes that {data}/train has not: night. There are dark" in shown


def test_evaluate_takes_the_part(parts, trained, capsys):
    data = parts("train", "test")
    assert main(["evaluate", str(trained), str(data)]) == 0
    shown = capsys.readouterr()
    assert "of 8), loss" in shown.out
    assert f"{data}/test: 8 pictures" in shown.err
    assert main(["evaluate", str(trained), str(data), "--part", "train"]) == 0
    assert "of 24), loss" in capsys.readouterr().out


def test_part_of_leaves_names_alone(parts):
    data = parts("train")
    assert part_of("digits", "test") == "digits"
    assert part_of("nowhere", "test") == "nowhere"
    assert part_of(f"{data}/train/", "test") == f"{data}/train/"
