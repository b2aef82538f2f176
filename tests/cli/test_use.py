"""``fastcnn evaluate``, ``predict`` and ``info``: a model put to use."""

import csv
import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import fastcnn
from fastcnn import Input, layers
from fastcnn.cli import main
from fastcnn.cli.evaluate import report
from fastcnn.cli.model import Classifier
from fastcnn.models import Model, Sequential
from fastcnn.naming import clear_names


def test_report():
    probabilities = np.array([[0.5, 0.5, 0], [0.25, 0.5, 0.25], [0.25, 0.75, 0]])
    lines = list(report(probabilities, np.array([0, 0, 1]), ["ant", "beetle", "wasp"]))
    loss = -np.log([0.5, 0.25, 0.75]).mean()
    assert lines == [
        f"accuracy 0.6667 (2 of 3), loss {loss:.4f}",
        "class   images  accuracy  mistaken for",
        "ant          2    0.5000  beetle (1)",
        "beetle       1    1.0000",
    ]


def test_evaluate_a_folder(trained, capsys):
    assert main(["evaluate", str(trained), str(trained.parent / "pictures")]) == 0
    first, _, dark, light = capsys.readouterr().out.splitlines()
    assert first.startswith("accuracy 1.0000 (24 of 24), loss 0.")
    assert dark.split() == ["dark", "12", "1.0000"]
    assert light.split() == ["light", "12", "1.0000"]


def test_evaluate_goes_by_the_names_of_folders(trained, pictures, fails, capsys):
    for path in (pictures / "dark").iterdir():
        path.unlink()
    (pictures / "dark").rmdir()
    assert main(["evaluate", str(trained), str(pictures)]) == 0
    assert "accuracy 1.0000 (12 of 12)" in capsys.readouterr().out
    (pictures / "light").rename(pictures / "bright")
    shown = fails("evaluate", trained, pictures)
    assert "classes that the model does not know: bright. It knows dark, light" in shown


def test_predict(trained, tmp_path, capsys):
    path = tmp_path / "night.jpg"
    Image.new("L", (100, 50), 40).save(path)
    assert main(["predict", str(trained), str(path)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{path}: dark ")
    assert shown.count("%") == 2


def test_predict_many_as_csv(trained, capsys):
    paths = sorted((trained.parent / "pictures").rglob("*.png")) * 6  # more than one chunk
    assert main(["predict", str(trained), *map(str, paths), "--csv", "--top", "1"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["picture"] for row in rows] == [str(path) for path in paths]
    assert [row["class"] for row in rows] == [path.parent.name for path in paths]
    assert all(row["rank"] == "1" and 0.5 < float(row["probability"]) <= 1 for row in rows)


def test_predict_folders(trained, tmp_path, capsys):
    folder = trained.parent / "pictures"
    table = tmp_path / "names.csv"
    assert main(["predict", str(trained), str(folder), "--top", "1", "--csv", str(table)]) == 0
    assert capsys.readouterr().out == f"24 pictures: {table}\n"
    with table.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["picture"] for row in found] == [str(p) for p in sorted(folder.rglob("*.png"))]
    assert [row["class"] for row in found] == ["dark"] * 12 + ["light"] * 12
    # The flag before the model, as scripts have it.
    picture = found[0]["picture"]
    assert main(["predict", "--csv", str(trained), picture]) == 0
    assert capsys.readouterr().out.startswith("picture,rank,class,probability\n")


def test_predict_what_is_in_the_wrong_place(trained, tmp_path, fails, capsys):
    picture = trained.parent / "pictures" / "light" / "00.png"
    assert f"{picture} is a picture, not a model: the model comes first" in fails(
        "predict", picture, trained
    )
    assert "is a folder, not a model" in fails("evaluate", picture.parent.parent, trained)
    assert main(["predict", str(trained), str(picture), str(trained)]) == 1
    assert f"{trained} is a model, not a picture" in capsys.readouterr().err
    with pytest.raises(SystemExit, match="2"):
        main(["predict", str(trained), str(picture), "--csv", "names.txt"])
    assert "argument --csv: names.txt does not end in .csv" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert "empty has no pictures" in fails("predict", trained, tmp_path / "empty")


def test_predict_goes_on_after_a_broken_picture(trained, tmp_path, capsys):
    broken, missing = tmp_path / "broken.jpg", tmp_path / "missing.jpg"
    broken.write_bytes(b"not a picture")
    good = trained.parent / "pictures" / "light" / "00.png"
    assert main(["predict", str(trained), str(broken), str(missing), str(good)]) == 1
    shown = capsys.readouterr()
    assert shown.out.startswith(f"{good}: light")
    assert "broken.jpg cannot be read" in shown.err
    assert f"fastcnn: error: {missing}: No such file or directory" in shown.err


def test_info(capsys):
    assert main(["info"]) == 0
    assert f"fastcnn {fastcnn.__version__}" in capsys.readouterr().out


def test_info_about_a_model(trained, capsys):
    assert main(["info", str(trained)]) == 0
    shown = capsys.readouterr().out
    assert "Conv2D" in shown
    assert "classes: dark, light" in shown


class Own(layers.Layer):
    def call(self, x):
        return x


def open_size():
    return Sequential([layers.Conv2D(2, 3, input_shape=(None, None, 4))])


def two_inputs():
    a, b = Input((3,), name="a"), Input((5,), name="b")
    return Model([a, b], {"c": layers.Dense(2)(a), "d": layers.Dense(2)(b)})


def unnamed_graph():
    return Sequential([layers.Dense(3, input_shape=(8,)), Own()])


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Sequential([layers.Dense(3, input_shape=(8,))]), ["(None, 3)", "params: 27"]),
        (open_size, ["Conv2D", "params: 74"]),
        (two_inputs, ["(None, 2)", "params: 20"]),
        (unnamed_graph, ["cannot be made here", "'Own'", "dense", "float32 (8, 3)", "27 param"]),
    ],
)
def test_info_about_any_model(make, expected, tmp_path, capsys):
    clear_names()
    path = tmp_path / "model.safetensors"
    model = make()
    model.compile("adam", "mse")
    model.save(path)
    assert main(["info", str(path)]) == 0
    shown = capsys.readouterr().out
    assert [text for text in expected if text not in shown] == []
    model.save_weights(path)
    assert main(["info", str(path)]) == 0
    assert f"{model.count_params()} parameters" in capsys.readouterr().out


def test_a_model_from_python(tmp_path, capsys):
    """It has no names and no softmax: classes are numbers, scores become probabilities."""
    model = Sequential([layers.Flatten(input_shape=(8, 8, 1)), layers.Dense(3)])
    model.save(tmp_path / "model.safetensors")
    Image.new("L", (8, 8), 200).save(tmp_path / "a.png")
    arguments = ["predict", tmp_path / "model.safetensors", tmp_path / "a.png", "--csv"]
    assert main([str(argument) for argument in arguments]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["class"] for row in rows} == {"0", "1", "2"}
    assert sum(float(row["probability"]) for row in rows) == pytest.approx(1, abs=1e-5)


def test_a_model_that_is_no_classifier(tmp_path, fails):
    model = Sequential([layers.Dense(3, input_shape=(8,))])
    model.save(tmp_path / "model.safetensors")
    shown = fails("predict", tmp_path / "model.safetensors", "a.png")
    assert "is not an image classifier: it takes (None, 8) and gives (None, 3)" in shown


def test_wrong_model_files(tmp_path, trained, fails):
    nowhere = tmp_path / "nowhere.safetensors"
    assert f"{nowhere}: No such file or directory" in fails("evaluate", nowhere, "digits")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(trained.read_bytes()[:-100])
    assert "damaged.safetensors" in fails("info", damaged)


def test_probabilities_are_left_alone(trained):
    classifier = Classifier.load(trained)
    images = np.full((2, 16, 16, 3), 100, np.uint8)
    expected = classifier.model.predict(images, verbose=0)
    np.testing.assert_array_equal(classifier.probabilities(images), expected)


def test_as_a_module_into_a_closed_pipe():
    shown = subprocess.run(
        f"{sys.executable} -m fastcnn info | true", shell=True, capture_output=True, text=True
    )
    assert shown.stderr == ""


def test_traceback_is_shown_on_request(capsys):
    assert main(["--traceback", "train", "nowhere"]) == 1
    assert "Traceback" in capsys.readouterr().err
