"""``fastcnn info``: what runs on this machine and why, and what is in a model file."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastcnn.saving.safetensors_file import Contents

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

    return _describe(arguments.model)


def _describe(path: Path) -> int:
    from fastcnn.models import load
    from fastcnn.saving.safetensors_file import read_file

    with read_file(path, verify=True) as contents:
        description = contents.description
        if "model" not in description:
            print(f"{path} holds weights only")
            _list(contents)
            return 0
        try:
            model = load(path, compile=False)
        except ValueError as error:
            # Also a sound file can need layers that only the program that wrote it has.
            print(f"the model cannot be made here: {error}")
            _list(contents)
        else:
            model.summary()
        metadata = description.get("metadata")
        if isinstance(metadata, dict) and isinstance(names := metadata.get("class_names"), list):
            print(f"classes: {', '.join(map(str, names))}")
        return 0


def _list(contents: Contents) -> None:
    """Print the arrays of a file by name, without those of an optimizer."""
    names = [name for name in contents.shapes if not name.startswith("optimizer/")]
    width = max(map(len, names), default=0)
    for name in names:
        print(f"{name:{width}}  {contents.dtypes[name]} {contents.shapes[name]}")
    print(f"{sum(math.prod(contents.shapes[name]) for name in names):,} parameters")
