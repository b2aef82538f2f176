"""Arguments: what is taken, what is refused, and that the documentation names them all."""

import argparse
from pathlib import Path

import pytest

from fastcnn import __version__
from fastcnn.cli import main, options
from fastcnn.cli.command import build_parser

DOCS = Path(__file__).parents[2] / "docs" / "cli.md"


def subcommands():
    (action,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return action.choices


@pytest.mark.parametrize("command", subcommands())
def test_help_describes_every_option(command, capsys):
    with pytest.raises(SystemExit, match="0"):
        main([command, "--help"])
    assert "usage: fastcnn " + command in capsys.readouterr().out
    assert all(action.help for action in subcommands()[command]._actions)


@pytest.mark.parametrize("command", subcommands())
def test_the_documentation_names_every_option(command):
    text = DOCS.read_text()
    _, section = text.split(f"\n## {command}\n")
    section = section.split("\n## ")[0]
    for action in subcommands()[command]._actions:
        for flag in action.option_strings:
            assert f"`{flag}" in section or flag in ("-h", "--help"), flag


def test_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"fastcnn {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["paint"], "invalid choice: 'paint'"),
        (["train"], "required: DATA"),
        (["train", "digits", "--epochs", "0"], "'0' is not a whole number of 1 or more"),
        (["train", "digits", "--filters", "8,,4"], "'' is not a whole number of 1 or more"),
        (["train", "digits", "--validation-split", "1"], "'1' is not a number from 0, less than 1"),
        (["train", "digits", "--dropout", "nan"], "'nan' is not a number from 0"),
        (["train", "digits", "--learning-rate", "inf"], "'inf' is not a number above 0"),
        (["train", "digits", "--seed", "-1"], "seed"),
        (["train", "digits", "--image-size", "32x"], "'32x' is not an image size: give one number"),
        (["predict", "model.safetensors"], "required: PICTURE"),
        (["train", "digits", "--lr", "0.1"], "arguments: --lr 0.1; did you mean --learning-rate?"),
        (["train", "digits", "--learningrate=1"], "--learningrate=1; did you mean --learning-rate"),
        (["train", "digits", "--batch_size", "8"], "did you mean --batch-size?"),
        (
            ["train", "digits", "--image-size", "64", "64"],
            "arguments: 64; a size is one word: --image-size HEIGHTxWIDTH, such as 48x64",
        ),
        (["train", "digits", "--nonsense"], "`fastcnn train --help` lists the options"),
        (["bench", "picture", "a", "b", "--output", "c"], "`fastcnn bench picture --help` lists"),
        (["evaluate", "m.safetensors", "digits", "more"], "unrecognized arguments: more"),
    ],
)
def test_wrong_arguments(arguments, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert message in capsys.readouterr().err


def test_image_size():
    assert options.image_size("48") == (48, 48)
    assert options.image_size("48x64") == (48, 64)
    for wrong in ("", "0", "1x2x3", "-4", "4.5", "0x8"):
        with pytest.raises(argparse.ArgumentTypeError, match="not an image size"):
            options.image_size(wrong)


def test_seed():
    assert options.seed("4294967295") == 2**32 - 1
    with pytest.raises(argparse.ArgumentTypeError, match="from 0 to 4294967295"):
        options.seed("4294967296")


def test_a_command_that_is_none(capsys):
    for wrong, meant in [("trian", "train"), ("evalute", "evaluate"), ("predikt", "predict")]:
        with pytest.raises(SystemExit):
            main([wrong, "x"])
        assert f"there is no command {wrong!r}; did you mean {meant!r}?" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["xyz"])
    assert "invalid choice: 'xyz'" in capsys.readouterr().err


def test_curves_are_drawn_as_lines(pictures, tmp_path, fails):
    shown = fails(
        "train", pictures, "-o", tmp_path / "m.safetensors", "--curves", tmp_path / "k.jpg"
    )
    assert "k.jpg: the picture is written as one of .png, .svg, .pdf" in shown
