"""What all subcommands share: the parser they hang on, and how errors reach the user."""

from __future__ import annotations

import argparse
import difflib
import io
import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Any

from fastcnn._version import __version__
from fastcnn.cli import bench, evaluate, info, predict, profile, train
from fastcnn.cli.errors import explain, text_of

__all__ = ["build_parser", "main"]

_INTERRUPTED = 130  # what a shell reports for a process that Ctrl-C ended


def build_parser() -> argparse.ArgumentParser:
    """The parser of the whole command; a parsed subcommand has its function as ``run``."""
    parser = argparse.ArgumentParser(
        prog="fastcnn", description="Train, evaluate and use convolutional networks on a CPU."
    )
    parser.add_argument("--version", action="version", version=f"fastcnn {__version__}")
    parser.add_argument(
        "--traceback", action="store_true", help="show where an error came from, for a bug report"
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in (train, evaluate, predict, info, profile, bench):
        command.add_parser(commands)
    _name_parsers(commands)
    return parser


def _name_parsers(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Let a parsed command know its own parser, and so a command inside one."""
    for each in commands.choices.values():
        each.set_defaults(parser=each)
        for action in each._actions:
            if isinstance(action, argparse._SubParsersAction):
                _name_parsers(action)


#: What options are called elsewhere.
_ELSEWHERE = {
    "--lr": "--learning-rate",
    "--rate": "--learning-rate",
    "--step-size": "--learning-rate",
    "--size": "--image-size",
    "--img-size": "--image-size",
    "--imgsz": "--image-size",
    "--bs": "--batch-size",
    "--workers": "--threads",
    "--num-threads": "--threads",
    "--jobs": "--threads",
    "--gray": "--grayscale",
    "--grey": "--grayscale",
    "--force": "--overwrite",
    "--val": "--validation",
    "--val-split": "--validation-split",
    "--early-stopping": "--patience",
    "--out": "--output",
    "--model": "--output",
    "--continue": "--resume",
}


def _unknown_text(parser: argparse.ArgumentParser, unknown: Sequence[str]) -> str:
    """Which arguments mean nothing, and what they were probably meant for."""
    flags = [flag for flag in parser._option_string_actions if flag.startswith("--")]
    text = f"unrecognized arguments: {' '.join(unknown)}"
    for argument in unknown:
        name = argument.partition("=")[0]
        if not name.startswith("-"):
            continue
        near = difflib.get_close_matches(name.replace("_", "-"), flags, 1, 0.75)
        meant = _ELSEWHERE.get(name.replace("_", "-"), near[0] if near else None)
        if meant in flags:
            return f"{text}; did you mean {meant}?"
        return f"{text}; `{parser.prog} --help` lists the options"
    if "--image-size" in flags and unknown[0].isdecimal():
        return f"{text}; a size is one word: --image-size HEIGHTxWIDTH, such as 48x64"
    return text


def _check_command(parser: argparse.ArgumentParser, argv: Sequence[str]) -> None:
    """Exits with a suggestion where the command is none but like one."""
    commands = next(a for a in parser._actions if isinstance(a, argparse._SubParsersAction)).choices
    word = next((each for each in argv if not each.startswith("-")), None)
    if word is None or word in commands:
        return
    if near := difflib.get_close_matches(word, commands, 1, 0.7):
        parser.error(f"there is no command {word!r}; did you mean {near[0]!r}?")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        argv: Arguments after the program's name; those of this process when None.

    Returns:
        The exit code: 0 for success, 1 for an error, 130 when interrupted by Ctrl-C. Wrong
        arguments raise ``SystemExit(2)`` out of argparse, after the usage went to stderr.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # The name of a picture or a class that a terminal cannot show is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    parser = build_parser()
    _check_command(parser, sys.argv[1:] if argv is None else argv)
    arguments, unknown = parser.parse_known_args(argv)
    if unknown:
        arguments.parser.error(_unknown_text(arguments.parser, unknown))
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            warnings.simplefilter("always", UserWarning)
            code: int = arguments.run(arguments)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if arguments.traceback:
            traceback.print_exc()
        else:
            print(f"fastcnn: error: {explain(error)}", file=sys.stderr)
        return 1
    return code


def _show_warning(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"fastcnn: warning: {text_of(message)}", file=sys.stderr)
