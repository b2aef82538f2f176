"""``fastcnn info``: what runs on this machine and why, and what is in a model file."""

from __future__ import annotations

import argparse
from pathlib import Path

__all__ = ["add_parser"]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the subcommand to ``fastcnn``."""
    parser = commands.add_parser(
        "info",
        help="show what runs on this machine and why, or what is in a model",
        description="Without a model: version, instruction set and threads, and where each choice "
        "came from. With one: its layers and classes.",
    )
    parser.set_defaults(run=_run)
    parser.add_argument("model", nargs="?", type=Path, metavar="MODEL", help="model file")


def _run(arguments: argparse.Namespace) -> int:
    from fastcnn import runtime

    if arguments.model is None:
        print(runtime.describe())
        return 0

    from fastcnn.cli.model import Classifier

    classifier = Classifier.load(arguments.model)
    classifier.model.summary()
    print(f"classes: {', '.join(classifier.class_names)}")
    return 0
