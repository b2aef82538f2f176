"""Which weights ``fastcnn train`` keeps, how it goes on, and what it does when numbers overflow."""

import csv
import json

import numpy as np
import pytest

import fastcnn
from fastcnn.cli import main
from fastcnn.cli.data import load
from fastcnn.cli.errors import explain
from fastcnn.cli.train import _class_weight
from fastcnn.cli.training_files import KeptModel, state_file
from fastcnn.messages import Advice

OVERFLOWS = "1e30"


def rows(output):
    with output.with_suffix(".csv").open(newline="") as file:
        return list(csv.DictReader(file))


def train(pictures, output, *options, quick):
    return main(["train", str(pictures), "-o", str(output), *quick, *options])


def other(quick, option):
    """The quick options but for one."""
    if option not in quick:
        return quick
    at = quick.index(option)
    return [*quick[:at], *quick[at + 2 :]]


def test_nan_keeps_the_good_model(pictures, tmp_path, fails, quick):
    output = tmp_path / "model.safetensors"
    assert train(pictures, output, "--epochs", "2", quick=quick) == 0
    good = output.read_bytes()
    command = ["train", pictures, "-o", output, *quick, "--overwrite"]
    shown = fails(*command, "--learning-rate", OVERFLOWS)
    assert "training failed: in step" in shown
    assert f"{output} is as it was before. Try a smaller --learning-rate (it was 1e+30)" in shown
    assert output.read_bytes() == good
    new = tmp_path / "new.safetensors"
    shown = fails("train", pictures, "-o", new, *quick, "--learning-rate", OVERFLOWS)
    assert "new.safetensors was not written" in shown
    assert not new.exists()
    assert train(pictures, new, "--epochs", "1", quick=quick) == 0, "no log is in the way"


def test_a_hopeless_loss_is_a_failure(pictures, tmp_path, fails, quick):
    # Weights of a billion give losses that are finite, but no model.
    output, far = tmp_path / "model.safetensors", ["--optimizer", "sgd", "--epochs", "1"]
    assert train(pictures, output, "--epochs", "1", quick=quick) == 0
    good = output.read_bytes()
    command = ["train", pictures, "-o", output, "--overwrite", *quick, *far]
    shown = fails(*command, "--learning-rate", "1e4")
    assert "training failed" in shown
    assert "is as it was before. Try a smaller --learning-rate" in shown
    assert output.read_bytes() == good


def test_a_failed_training_leaves_no_state(pictures, tmp_path, fails, quick, monkeypatch):
    output = tmp_path / "model.safetensors"
    assert train(pictures, output, "--epochs", "1", quick=quick) == 0
    monkeypatch.setattr("fastcnn.cli.train._HOPELESS", 1e-9)
    command = ["train", pictures, "-o", output, *quick, "--epochs"]
    assert "is as it was before" in fails(*command, "1", "--overwrite")
    assert "there is nothing to go on from" in fails(*command, "2", "--resume")


def test_resumes_with_the_learning_rate_given(pictures, tmp_path, quick):
    output = tmp_path / "model.safetensors"
    assert train(pictures, output, "--epochs", "1", quick=quick) == 0
    more = ["--epochs", "2", "--resume", "--learning-rate", "0.002"]
    assert train(pictures, output, *more, quick=quick) == 0
    state = fastcnn.load(state_file(output))
    assert float(state.optimizer.learning_rate) == pytest.approx(0.002)


def test_the_loss_of_the_kept_epoch_decides(pictures, tmp_path, fails, quick, monkeypatch):
    monkeypatch.setattr("fastcnn.cli.train._HOPELESS", 1e-9)
    shown = fails("train", pictures, "-o", tmp_path / "m.safetensors", *quick, "--epochs", "1")
    assert "training failed: the best loss is" in shown
    assert "and guessing gives 0.693" in shown


def test_scores_that_are_not_finite_are_refused(trained, tmp_path, capsys):
    model = fastcnn.load(trained)
    weights = model.get_weights()
    weights[0][...] = np.nan
    model.set_weights(weights)
    path = tmp_path / "nan.safetensors"
    model.save(path)
    picture = trained.parent / "pictures" / "light" / "00.png"
    for command in (["predict", path, picture], ["evaluate", path, picture.parent.parent]):
        assert main([*map(str, command)]) == 1
        shown = capsys.readouterr().err
        assert "scores that are NaN or infinite" in shown
        assert "kernel' has such numbers too: its training failed" in shown


class Scripted(fastcnn.callbacks.Callback):
    """Sets all weights to the number of the epoch."""

    def on_epoch_end(self, epoch, logs=None):
        for weight in self.model.weights:
            weight.assign(np.full(weight.shape, epoch + 1, weight.dtype))


@pytest.mark.parametrize(
    ("losses", "watched", "kept"),
    [([3.0, 1.0, 2.0], "val_loss", 2), ([3.0, 1.0, 2.0], None, 3), ([2.0, 2.0], "val_loss", 1)],
)
def test_the_best_epoch_is_kept(losses, watched, kept, tmp_path, linear):
    output = tmp_path / "model.safetensors"
    model = linear()
    keeper = KeptModel(output, watched, {})
    keeper.set_model(model)
    for epoch, loss in enumerate(losses):
        for weight in model.weights:
            weight.assign(np.full(weight.shape, epoch + 1, weight.dtype))
        keeper.on_epoch_end(epoch, {"loss": 1.0, "val_loss": loss})
    assert fastcnn.load(state_file(output)).get_weights()[0][0] == len(losses)
    keeper.finish()
    for found in (model, fastcnn.load(output)):
        assert (found.get_weights()[0] == kept).all()
    assert keeper.described(len(losses)).startswith(f"epoch {kept} of {len(losses)}")


def test_the_last_line_says_which_epoch(pictures, tmp_path, capsys, quick):
    output = tmp_path / "model.safetensors"
    assert train(pictures, output, "--epochs", "4", quick=quick) == 0
    losses = [float(row["val_loss"]) for row in rows(output)]
    shown = capsys.readouterr().out
    best = losses.index(min(losses)) + 1
    assert f"model:  {output} (epoch {best} of 4, the best by validation loss)" in shown
    assert f"loss {min(losses):.4f}" in shown


def test_the_model_for_use_is_lean(trained):
    model = fastcnn.load(trained)
    assert model.optimizer is None
    weights = sum(weight.numpy().nbytes for weight in model.weights)
    assert trained.stat().st_size < 1.5 * weights + 8192
    assert fastcnn.load(state_file(trained)).optimizer is not None
    assert "training" not in model.metadata


def test_resumed_as_if_never_stopped(pictures, tmp_path, quick, capsys):
    whole, parts = tmp_path / "whole.safetensors", tmp_path / "parts.safetensors"
    options = ["--dropout", "0.5", "--class-weight", "balanced"]
    assert train(pictures, whole, "--epochs", "5", *options, quick=quick) == 0
    assert train(pictures, parts, "--epochs", "2", *options, quick=quick) == 0
    assert train(pictures, parts, "--epochs", "5", "--resume", *options, quick=quick) == 0
    assert "going on after epoch 2" in capsys.readouterr().out
    assert rows(parts) == rows(whole)
    for file in (lambda path: path, state_file):
        one, other = fastcnn.load(file(whole)), fastcnn.load(file(parts))
        for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_what_cannot_be_resumed(pictures, tmp_path, fails, quick):
    output = tmp_path / "model.safetensors"
    command = ["train", pictures, "-o", output, *quick]
    assert "there is nothing to go on from: no file" in fails(*command, "--resume")
    assert train(pictures, output, "--epochs", "2", quick=quick) == 0
    assert "was trained for 2 epochs already" in fails(*command, "--resume", "--epochs", "2")
    assert "trained with --seed 0, now it is 3" in fails(*command, "--resume", "--seed", "3")
    assert "give one of them" in fails(*command, "--resume", "--overwrite")
    for option, value, said in [
        ("--filters", "4,4,4", "--filters 4, 4, 4"),
        ("--dense", "7", "--dense 7"),
        ("--dropout", "0.25", "--dropout 0.25"),
        ("--optimizer", "sgd", "--optimizer adam, now it is sgd"),
    ]:
        shown = fails(
            "train", pictures, "-o", output, "--resume", *other(quick, option), option, value
        )
        assert f"cannot go on with {output}: it was trained with {option}" in shown
        assert said in shown or f"now it is {said.removeprefix(option).strip()}" in shown
    state = state_file(output)
    state.write_bytes(output.read_bytes())
    assert "is not what `fastcnn train` writes beside" in fails(*command, "--resume")


def test_balanced_classes_weigh_the_same(pictures):
    for number in range(6):
        (pictures / "dark" / f"{number:02}.png").unlink()
    data = load(str(pictures), image_size=(8, 8))
    weights = _class_weight(data)
    assert weights == {0: 18 / 2 / 6, 1: 18 / 2 / 12}


def test_messages_have_a_remedy_for_each_audience(pictures, tmp_path, fails, capsys, quick):
    for number in range(1, 12):
        (pictures / "dark" / f"{number:02}.png").unlink()
    (pictures / "light" / "broken.jpg").write_bytes(b"not a picture")
    shown = fails("train", pictures, "-o", tmp_path / "a.safetensors", *quick)
    assert "leave them out with --skip-unreadable" in shown
    assert "unreadable=" not in shown
    with pytest.raises(ValueError, match="leave them out with unreadable='skip'"):
        fastcnn.datasets.image_folder.open_folder(pictures)
    options = ["--epochs", "1", "--validation-split", "0", "--skip-unreadable"]
    assert train(pictures, tmp_path / "a.safetensors", *options, quick=quick) == 0
    shown = capsys.readouterr().out
    assert "--class-weight balanced can help" in shown
    assert "fit's" not in shown


def test_joined_advice():
    parts = ["one", Advice("two: ", python="f(x)", command="--x")]
    text = Advice.joined(", ", parts)
    assert (text, text.command) == ("one, two: f(x)", "one, two: --x")
    assert explain(ValueError(text)) == "one, two: --x"
    assert json.dumps(text) == '"one, two: f(x)"'
